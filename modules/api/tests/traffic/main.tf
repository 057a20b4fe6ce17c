# Which region responds to a client near each of two regions, when regions are down.

variable "url" {
  description = "URL of the API."
  type        = string
}

variable "down" {
  description = "Regions that are assumed not to respond."
  type        = list(string)
  default     = []
}

data "multiregion_traffic" "this" {
  url  = var.url
  down = var.down

  clients = {
    berlin  = { region = "eu-central-1" }
    seattle = { region = "us-west-2" }
  }
}

output "regions" {
  description = "Region that responds to each client. Null for a client without a response."
  value       = { for name, answer in data.multiregion_traffic.this.answers : name => answer.region }
}

output "unserved" {
  description = "Clients that get no response."
  value       = data.multiregion_traffic.this.unserved
}
