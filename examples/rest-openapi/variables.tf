################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "shop"
}

variable "partner_key" {
  description = "Value of the partner's API key: 20 to 128 characters. It is valid in both regions."
  type        = string
  sensitive   = true
  default     = "replace-this-with-a-random-value"
}
