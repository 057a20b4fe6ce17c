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
  default     = "nearest-origin"
}

variable "regions" {
  description = "AWS regions in which the API runs, by name. The primary region is the second origin of the paths that only read."
  type = map(object({
    primary = optional(bool)
  }))
  default = {
    "us-east-1"    = { primary = true }
    "eu-central-1" = {}
  }
}

variable "drained" {
  description = "Regions that run but receive no traffic."
  type        = set(string)
  default     = []
}

variable "cache_seconds" {
  description = "Number of seconds for which CloudFront and browsers may cache a response to `/public/*`. 0 disables caching."
  type        = number
  default     = 0

  validation {
    condition     = var.cache_seconds >= 0 && floor(var.cache_seconds) == var.cache_seconds
    error_message = "The cache_seconds must be a whole number of 0 or more."
  }
}

variable "drain_seconds" {
  description = "Number of seconds to wait between the removal of a region's record and the destruction of the region."
  type        = number
  default     = 60
}
