# One REST API in two regions. Each partner has one API key, which is valid in both regions, with a quota and a limit of
# requests.

provider "multiregion" {}

################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name = var.name

  regions = {
    "us-east-1" = {}
    "us-west-2" = {}
  }

  # Open: health checks and monitoring need no key.
  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"
    routes     = ["GET /health"]
  }

  functions = {
    orders = {
      source_dir       = "${path.module}/src"
      handler          = "app.handler"
      runtime          = "python3.12"
      routes           = ["GET /orders", "GET /orders/{id}"]
      api_key_required = true
    }
  }

  gateway = {
    protocol = "rest"

    rest = {
      stage_name = "live"
    }

    # The limit of all clients together.
    throttle = { rate = 100, burst = 200 }

    # A usage plan in each region counts the requests of that region.
    api_keys = {
      for partner, value in var.partner_keys : partner => {
        value    = value
        quota    = { limit = 10000, period = "MONTH" }
        throttle = { rate = 10, burst = 20 }
      }
    }
  }
}
