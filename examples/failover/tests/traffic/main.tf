# Which region responds to clients in two places.

terraform {
  required_providers {
    multiregion = {
      source = "multiregion/multiregion"
    }
  }
}

variable "url" {
  description = "URL of the API."
  type        = string
}

variable "down" {
  description = "Regions that are assumed not to respond."
  type        = list(string)
  default     = []
}

variable "drained" {
  description = "Regions that are assumed to be drained."
  type        = list(string)
  default     = []
}

variable "failing_checks" {
  description = "Ids of the health checks that are assumed to be unhealthy."
  type        = list(string)
  default     = []
}

data "multiregion_traffic" "this" {
  url            = var.url
  down           = var.down
  drained        = var.drained
  failing_checks = var.failing_checks

  clients = {
    berlin  = { region = "eu-central-1", country = "DE" }
    seattle = { region = "us-west-2", country = "US-WA" }
  }
}

output "regions" {
  description = "The region that responds to each client."
  value       = { for name, answer in data.multiregion_traffic.this.answers : name => answer.region }
}

output "unserved" {
  description = "The clients that get no response."
  value       = data.multiregion_traffic.this.unserved
}
