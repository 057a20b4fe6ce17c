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

variable "drain_seconds" {
  description = "How long resolvers keep an answer: a region that is removed is destroyed so many seconds after its record."
  type        = number
  default     = 60
}
