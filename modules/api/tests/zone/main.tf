# The hosted zone that the tests' names stand in.

resource "multiregion_zone" "this" {
  name          = var.name
  force_destroy = true
}

variable "name" {
  description = "Name of the zone."
  type        = string
}

output "id" {
  description = "The zone's id."
  value       = multiregion_zone.this.id
}
