# An API in two regions, without a domain name: each region is reached at its own endpoint.

provider "multiregion" {}

module "api" {
  source = "../.."

  name = var.name

  regions = {
    "us-east-1"    = {}
    "eu-central-1" = { environment = { GREETING = "Hallo" } }
  }

  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }
}
