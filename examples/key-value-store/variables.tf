variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "steered"
}

variable "regions" {
  description = "Regions of the API."
  type        = set(string)
  default     = ["us-east-1", "eu-central-1", "ap-northeast-1"]
}

variable "drained" {
  description = "Regions that receive no traffic."
  type        = set(string)
  default     = []
}
