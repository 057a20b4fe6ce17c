variable "name" {
  description = "Name of the API. It is part of the name of everything that is made."
  type        = string
  default     = "standby"
}

variable "zone_name" {
  description = "Name of the hosted zone. The API answers at `api.` in it."
  type        = string
  default     = "example.com"
}

variable "primary_region" {
  description = "The region that answers as long as it is healthy."
  type        = string
  default     = "us-east-1"
}

variable "secondary_region" {
  description = "The region that answers while the primary one is not healthy."
  type        = string
  default     = "us-west-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.secondary_region))
    error_message = "This is not the name of an AWS region: us-west-2 is one."
  }
}

variable "drain_seconds" {
  description = "How long resolvers keep an answer: a region that is removed is destroyed so many seconds after its record."
  type        = number
  default     = 60
}
