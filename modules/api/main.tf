################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name    = var.name
  regions = var.regions

  function = var.function
  gateway  = var.gateway
  domain   = var.domain
  routing  = local.routing
  cdn      = var.cdn

  tags                = var.tags
  deletion_protection = var.deletion_protection

  # A failure in one region does not roll back the others. They stay, the postcondition fails the run, and the next apply
  # creates what is missing.
  on_create_failure = "keep"

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The API ${var.name} has the status \"${self.status}\". The warnings above name the missing objects and the reason. Fix the cause, then apply again to continue."
    }
  }
}

################################################################################
# Domain and routing
################################################################################

locals {
  # Routing applies to the domain name only.
  routing = var.domain == null ? null : var.routing
}
