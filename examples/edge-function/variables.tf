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
  default     = "chosen-at-the-edge"
}

variable "regions" {
  description = "AWS regions in which the API runs, by name."
  type        = map(object({}))
  default = {
    "us-east-1" = {}
    "us-west-2" = {}
  }
}

variable "drained" {
  description = "Regions that run but receive no traffic."
  type        = set(string)
  default     = []
}
