# One HTTP API in two regions behind CloudFront. CloudFront sends each request to a name that Route 53 routes to the healthy
# region with the lowest latency, with all methods.

provider "multiregion" {}

################################################################################
# Hosted zone
################################################################################

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Created by the example cloudfront-latency"

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
      CACHE_SECONDS = tostring(var.cache_seconds)
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
      path              = "/health"
      interval_seconds  = 10
      failure_threshold = 2
    }
  }

  cdn = {
    origin      = "latency"
    price_class = "PriceClass_100"

    # Requests to these paths only read: CloudFront caches their responses, and sends a failed request to the primary region.
    read_paths           = ["/public/*"]
    invalidate_on_change = ["/public/*"]
  }
}
