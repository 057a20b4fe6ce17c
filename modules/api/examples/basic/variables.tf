variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
  default     = "basic"
}
