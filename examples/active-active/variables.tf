################################################################################
# Hosted zone
################################################################################

variable "zone_name" {
  description = "Name of the hosted zone. The domain name of the API is `api.` followed by this name."
  type        = string
  default     = "ipgiraffe.com"
}

################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "ipgiraffe"
}

variable "regions" {
  description = "AWS regions in which the API runs, by name."
  type = map(object({
    environment = optional(map(string), {})
  }))
  default = {
    "us-east-1"    = {}
    "us-west-2"    = {}
    "eu-central-1" = { environment = { GREETING = "Hallo" } }
  }
}

variable "drained" {
  description = "Regions that run but receive no traffic."
  type        = set(string)
  default     = []
}

variable "drain_seconds" {
  description = "Number of seconds to wait between the removal of a region's record and the destruction of the region."
  type        = number
  default     = 60
}
