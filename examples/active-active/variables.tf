variable "name" {
  description = "Name of the API. It is part of the name of everything that is made."
  type        = string
  default     = "ipgiraffe"
}

variable "zone_name" {
  description = "Name of the hosted zone. The API answers at `api.` in it."
  type        = string
  default     = "ipgiraffe.com"
}

variable "regions" {
  description = "Regions that the API lives in. A region with `traffic = \"drained\"` runs, but gets no traffic."
  type = map(object({
    traffic     = optional(string, "serving")
    environment = optional(map(string), {})
  }))
  default = {
    "us-east-1"    = {}
    "us-west-2"    = {}
    "eu-central-1" = { environment = { GREETING = "Hallo" } }
  }
}
