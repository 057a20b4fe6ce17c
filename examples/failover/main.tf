# One HTTP API in two regions. Route 53 sends all clients to the primary region, and to the secondary region while the
# primary is unhealthy.

provider "multiregion" {}

################################################################################
# Hosted zone
################################################################################

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Created by the example failover"

  # So that one apply can remove the zone together with the domain of the API.
  lifecycle {
    create_before_destroy = true
  }
}

################################################################################
# API
################################################################################

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

    # Names such as us-west-2.api.example.com, which lead to one region whatever the health checks report.
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
