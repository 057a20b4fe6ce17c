# One HTTP API in two regions. Route 53 sends everybody to the primary one, and to the other while the primary's health
# check fails.

provider "multiregion" {}

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Made by the example failover"
}

resource "multiregion_api" "this" {
  name = var.name

  regions = {
    (var.primary_region)   = { primary = true }
    (var.secondary_region) = {}
  }

  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"

    environment = {
      PRIMARY_REGION = var.primary_region
    }
  }

  domain = {
    name    = "api.${multiregion_zone.this.name}"
    zone_id = multiregion_zone.this.id

    # us-west-2.api.example.com and so on: to ask one region by name, whatever the health checks say.
    regional_names = true
  }

  routing = {
    policy        = "failover"
    drain_seconds = var.drain_seconds

    health_check = {
      path              = "/health"
      interval_seconds  = 10
      failure_threshold = 2
    }
  }
}
