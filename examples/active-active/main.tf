# One HTTP API in three regions. Route 53 sends each client to the healthy region with the lowest latency.

provider "multiregion" {}

################################################################################
# Hosted zone
################################################################################

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Created by the example active-active"

  # So that one apply can remove the zone together with the domain of the API.
  lifecycle {
    create_before_destroy = true
  }
}

################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name    = var.name
  regions = var.regions
  drained = var.drained

  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"

    environment = {
      GREETING = "Hello"
    }
  }

  domain = {
    name    = "api.${multiregion_zone.this.name}"
    zone_id = multiregion_zone.this.id
  }

  routing = {
    policy        = "latency"
    drain_seconds = var.drain_seconds

    health_check = {
      path = "/health"
    }
  }
}
