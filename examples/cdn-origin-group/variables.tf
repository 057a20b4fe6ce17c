variable "name" {
  description = "Name of the API. It is part of the name of everything that is made."
  type        = string
  default     = "behind-the-edge"
}

variable "primary_region" {
  description = "The region that CloudFront asks first."
  type        = string
  default     = "us-east-1"
}

variable "secondary_region" {
  description = "The region that CloudFront asks when the primary one fails."
  type        = string
  default     = "eu-central-1"
}

variable "cache_seconds" {
  description = "How long CloudFront and browsers may keep an answer, in seconds."
  type        = number
  default     = 0

  validation {
    condition     = var.cache_seconds >= 0 && floor(var.cache_seconds) == var.cache_seconds
    error_message = "A number of whole seconds, 0 or more."
  }
}
