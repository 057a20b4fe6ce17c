variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "behind-the-edge"
}

variable "primary_region" {
  description = "Region to which CloudFront sends requests first."
  type        = string
  default     = "us-east-1"
}

variable "secondary_region" {
  description = "Region to which CloudFront sends requests if the primary region fails."
  type        = string
  default     = "eu-central-1"
}

variable "cache_seconds" {
  description = "Number of seconds for which CloudFront and browsers may cache a response. 0 disables caching."
  type        = number
  default     = 0

  validation {
    condition     = var.cache_seconds >= 0 && floor(var.cache_seconds) == var.cache_seconds
    error_message = "The cache_seconds must be a whole number of 0 or more."
  }
}
