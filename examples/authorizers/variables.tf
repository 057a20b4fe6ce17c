################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "shop"
}

################################################################################
# Authorizers
################################################################################

variable "issuer" {
  description = "URL of the issuer of tokens, exactly as in the claim `iss`. API Gateway must be able to reach it."
  type        = string
  default     = "https://accounts.google.com"
}

variable "audiences" {
  description = "Audiences of which a token needs one in the claim `aud`."
  type        = list(string)
  default     = ["shop"]
}

variable "partner_key" {
  description = "Key of the partner. The function stores only its SHA-256 digest, so use a long random value."
  type        = string
  sensitive   = true
  default     = "replace-this-with-a-random-value"
}
