variable "name" {
  description = "Name of the API. It is part of the name of everything that is made."
  type        = string
  default     = "basic"
}
