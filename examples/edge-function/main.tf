# One HTTP API in two regions behind CloudFront. A Lambda@Edge function sends each request to the healthy region with the
# lowest latency.

provider "multiregion" {}

################################################################################
# Hosted zone
################################################################################

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Created by the example edge-function"

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
  }

  domain = {
    name           = "api.${multiregion_zone.this.name}"
    zone_id        = multiregion_zone.this.id
    regional_names = true
  }

  routing = {
    policy = "latency"

    health_check = {
      path = "/health"
    }
  }

  cdn = {
    origin      = "edge_function"
    price_class = "PriceClass_100"
  }
}
