# One API in three regions. Route 53 sends each client to the region with the lowest latency whose health check passes.
resource "multiregion_api" "giraffe" {
  name = "ipgiraffe"

  regions = {
    "us-east-1"    = {}
    "us-west-2"    = {}
    "eu-central-1" = { environment = { GREETING = "Hallo" } }
  }

  function = {
    source_dir  = "${path.module}/src"
    handler     = "app.handler"
    runtime     = "python3.12"
    environment = { GREETING = "Hello" }
  }

  gateway = {
    routes = ["GET /", "GET /health"]
  }

  domain = {
    name    = "api.ipgiraffe.com"
    zone_id = "Z0123456789ABCDEFGHIJ"
  }

  routing = {
    policy       = "latency"
    health_check = { path = "/health" }
  }
}
