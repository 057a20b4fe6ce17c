# CloudFront with an origin group, without a domain name.

provider "multiregion" {
  rate_limits = "none"
}

run "origin_group" {
  variables {
    name = "module-cdn"

    regions = {
      "us-east-1"    = { primary = true }
      "eu-central-1" = {}
    }

    function = {
      source_dir = "./examples/basic/src"
      handler    = "app.handler"
      runtime    = "python3.12"
    }

    cdn = {
      origin                = "group"
      failover_status_codes = [502, 503, 504]
      price_class           = "PriceClass_100"
    }
  }

  assert {
    condition     = endswith(output.url, ".cloudfront.net") && startswith(output.url, "https://")
    error_message = "The URL is \"${output.url}\", expected a domain name of CloudFront."
  }

  assert {
    condition     = length([for component in values(output.components) : component if component.kind == "distribution"]) == 1
    error_message = "Expected one distribution."
  }

  assert {
    condition     = length([for component in values(output.components) : component if contains(["record", "certificate"], component.kind)]) == 0
    error_message = "Expected no record and no certificate without a domain name."
  }
}
