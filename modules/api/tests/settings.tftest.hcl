# Arguments that the module passes on to the resource unchanged.

mock_provider "multiregion" {}

variables {
  name = "module-settings"

  regions = {
    "us-east-1" = {}
    "us-west-2" = {}
  }

  function = {
    source_dir = "./examples/basic/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }
}

run "probe_and_rollout" {
  command = plan

  variables {
    drained = ["us-east-1"]
    routing = { probe = { path = "/status", statuses = ["200-399", "401"] } }
    rollout = {
      waves          = [["us-west-2"]]
      canary_percent = 10
      verify         = { path = "/status", requests = 5 }
    }
  }

  assert {
    condition     = multiregion_api.this.routing.probe.path == "/status" && multiregion_api.this.routing.health_check == null
    error_message = "Without a domain, routing must contain the probe and no health check."
  }

  assert {
    condition     = multiregion_api.this.rollout.waves[0][0] == "us-west-2" && multiregion_api.this.rollout.canary_percent == 10 && multiregion_api.this.rollout.verify.requests == 5
    error_message = "The resource has another rollout than the module."
  }

  assert {
    condition     = multiregion_api.this.drained == toset(["us-east-1"])
    error_message = "The resource drains other regions than the module."
  }
}

run "no_probe_and_no_domain" {
  command = plan

  assert {
    condition     = local.routing == null && multiregion_api.this.rollout == null
    error_message = "Without a domain and a probe, the resource must have neither routing nor a rollout."
  }
}

run "kept_versions" {
  command = plan

  variables {
    function = {
      source_dir    = "./examples/basic/src"
      handler       = "app.handler"
      runtime       = "python3.12"
      keep_versions = 5
    }

    functions = {
      orders = {
        source_dir    = "./examples/basic/src"
        handler       = "app.handler"
        runtime       = "python3.12"
        routes        = ["ANY /orders/{path+}"]
        keep_versions = 1
      }
    }
  }

  assert {
    condition     = multiregion_api.this.function.keep_versions == 5 && multiregion_api.this.functions["orders"].keep_versions == 1
    error_message = "A function keeps another number of versions than in the module."
  }
}
