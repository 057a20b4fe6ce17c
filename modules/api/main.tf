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

  # One region that AWS refuses does not take the others away: they stay, the postcondition makes the run fail, and the
  # next apply makes what is missing.
  on_create_failure = "keep"

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The API ${var.name} is ${self.status}: the warnings above say what is missing. Apply again to go on."
    }
  }
}

locals {
  # Without a name there is nothing to route.
  routing = var.domain == null ? null : var.routing
}
