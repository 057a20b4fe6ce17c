# One HTTP API in two regions behind CloudFront, without a domain of your own. CloudFront sends requests to the primary
# region, and to the secondary region if the response has the status 502, 503 or 504.

provider "multiregion" {}

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
      CACHE_SECONDS = tostring(var.cache_seconds)
    }
  }

  cdn = {
    origin                = "group"
    group_order           = [var.primary_region, var.secondary_region]
    failover_status_codes = [502, 503, 504]
    invalidate_on_change  = ["/*"]
    price_class           = "PriceClass_100"
  }
}
