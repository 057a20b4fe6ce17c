# One HTTP API in three regions behind CloudFront, without a domain of your own. A CloudFront function chooses the region of
# each request from a table in a key value store. Draining a region changes only that table.

provider "multiregion" {}

resource "multiregion_api" "this" {
  name = var.name

  regions = { for region in var.regions : region => {} }
  drained = var.drained

  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }

  routing = {
    policy = "latency"
  }

  cdn = {
    origin      = "key_value_store"
    price_class = "PriceClass_100"
  }
}
