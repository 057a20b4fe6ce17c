# A REST API with two functions that becomes an HTTP API with one, behind CloudFront: every switch is an update.

provider "multiregion" {
  rate_limits = "none"
}

variables {
  name = "module-switches"

  regions = {
    "us-east-1"    = { locations = ["*"] }
    "eu-central-1" = { locations = ["EU"] }
  }

  function = {
    source_dir = "./examples/basic/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }
}

run "zone" {
  module {
    source = "./tests/zone"
  }

  variables {
    name = "switches.example"
  }
}

run "rest_api_with_two_functions" {
  variables {
    functions = {
      orders = {
        source_dir       = "./examples/basic/src"
        handler          = "app.handler"
        runtime          = "python3.12"
        routes           = ["ANY /orders/{path+}"]
        api_key_required = true
      }
    }

    gateway = {
      protocol = "rest"
      api_keys = {
        partner = { value = "0123456789abcdefghij", quota = { limit = 1000 } }
        shop    = { throttle = { rate = 10, burst = 20 } }
      }
    }

    domain = {
      name    = "api.switches.example"
      zone_id = run.zone.id
    }

    routing = {
      policy        = "geolocation"
      drain_seconds = 1
    }
  }

  assert {
    condition     = output.status == "ready" && output.url == "https://api.switches.example"
    error_message = "The status is \"${output.status}\" and the URL \"${output.url}\", expected \"ready\" and \"https://api.switches.example\"."
  }

  assert {
    condition     = keys(output.api_key_values) == tolist(["shop"]) && length(output.api_key_values["shop"]) == 40
    error_message = "api_key_values must contain the generated value and no other."
  }

  assert {
    condition = alltrue([
      for address in ["us-east-1/rest_api", "eu-central-1/rest_api", "us-east-1/function/orders", "eu-central-1/api_key/partner"] :
      contains(keys(output.components), address)
    ])
    error_message = "components lacks a part of the REST APIs. Its keys are ${join(", ", keys(output.components))}."
  }
}

run "http_api_with_one_function_behind_cloudfront" {
  variables {
    before = run.rest_api_with_two_functions.components

    domain = {
      name    = "api.switches.example"
      zone_id = run.zone.id
    }

    routing = { drain_seconds = 1 }

    cdn = {
      origin     = "latency"
      read_paths = ["/public/*"]
      cache      = { default_ttl_seconds = 60, key = { headers = ["Accept-Language"] } }
    }
  }

  assert {
    condition     = output.url == "https://api.switches.example" && output.distribution != null
    error_message = "The URL is \"${output.url}\", expected the same one, served by CloudFront."
  }

  assert {
    condition     = output.components["us-east-1/function"].id == var.before["us-east-1/function"].id
    error_message = "The switch replaced a function."
  }

  assert {
    condition     = length([for component in values(output.components) : component if contains(["rest_api", "api_key"], component.kind)]) == 0
    error_message = "components still contains parts of the REST APIs."
  }
}
