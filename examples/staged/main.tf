# An API in layers: the hosted zone, the API with its domain and records, and a function that is attached to it. Each layer
# can be a configuration of its own, with its own state and pipeline.

provider "multiregion" {}

################################################################################
# Hosted zone
################################################################################

resource "multiregion_zone" "this" {
  name    = var.zone_name
  comment = "Created by the example staged"

  # So that one apply can remove the zone together with the domain of the API.
  lifecycle {
    create_before_destroy = true
  }
}

################################################################################
# API
################################################################################

# The base: certificates, APIs, domain names, mappings, health check and records of both regions, without any function.
resource "multiregion_api" "this" {
  name = var.name

  regions = {
    "us-east-1" = { primary = true }
    "us-west-2" = {}
  }

  domain = {
    name      = "api.${multiregion_zone.this.name}"
    zone_id   = multiregion_zone.this.id
    base_path = "v1"
  }

  routing = {
    policy        = "failover"
    drain_seconds = var.drain_seconds
    health_check  = { path = "/health" }
  }
}

################################################################################
# Function
################################################################################

# Runs in the regions of the API. In another configuration, `api` is the name of the API as a string.
resource "multiregion_function" "this" {
  name = "${var.name}-hello"
  api  = multiregion_api.this.id

  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"
    routes     = ["GET /hello", "GET /health"]
  }
}
