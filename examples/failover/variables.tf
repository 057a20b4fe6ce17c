################################################################################
# Hosted zone
################################################################################

variable "zone_name" {
  description = "Name of the hosted zone. The domain name of the API is `api.` followed by this name."
  type        = string
  default     = "example.com"
}

################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "standby"
}

variable "primary_region" {
  description = "Region that receives all traffic while it is healthy."
  type        = string
  default     = "us-east-1"
}

variable "secondary_region" {
  description = "Region that receives the traffic while the primary region is unhealthy."
  type        = string
  default     = "us-west-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.secondary_region))
    error_message = "The secondary region must be the name of an AWS region, such as \"us-west-2\"."
  }
}

variable "drain_seconds" {
  description = "Number of seconds to wait between the removal of a region's record and the destruction of the region."
  type        = number
  default     = 60
}
