################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "shop"
}

################################################################################
# API keys
################################################################################

variable "partner_keys" {
  description = "Values of the API keys by partner: 20 to 128 characters, each used once."
  type        = map(string)
  sensitive   = true
  default     = { acme = "replace-this-with-a-random-value" }
}
