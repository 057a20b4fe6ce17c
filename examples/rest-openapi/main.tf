# One REST API in two regions, defined by an OpenAPI document. Partners call it with an API key whose value is the same in
# both regions.

provider "multiregion" {}

################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name = var.name

  regions = {
    "us-east-1" = { primary = true }
    "us-west-2" = { openapi_variables = { COLOR = "green" } }
  }

  # The operations of openapi.yaml name their functions by operationId.
  functions = {
    orders = {
      source_dir = "${path.module}/src"
      handler    = "app.handler"
      runtime    = "python3.12"
    }

    health = {
      source_dir = "${path.module}/src"
      handler    = "app.handler"
      runtime    = "python3.12"
    }
  }

  gateway = {
    protocol          = "rest"
    openapi           = file("${path.module}/openapi.yaml")
    openapi_variables = { COLOR = "blue" }

    rest = {
      stage_name = "live"
    }

    api_keys = {
      partner = {
        value    = var.partner_key
        quota    = { limit = 10000, period = "MONTH" }
        throttle = { rate = 10, burst = 20 }
      }
    }
  }
}
