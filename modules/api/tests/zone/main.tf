# The hosted zone of the domain names in the tests.

resource "multiregion_zone" "this" {
  name          = var.name
  force_destroy = true
}

variable "name" {
  description = "Name of the hosted zone."
  type        = string
}

output "id" {
  description = "ID of the hosted zone."
  value       = multiregion_zone.this.id
}
