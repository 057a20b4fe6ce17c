# A primary and a secondary region behind one domain name.

provider "multiregion" {
  rate_limits = "none"
}

run "zone" {
  module {
    source = "./tests/zone"
  }

  variables {
    name = "failover.example"
  }
}

run "failover" {
  variables {
    name = "module-failover"

    regions = {
      "us-east-1" = { primary = true }
      "us-west-2" = {}
    }

    function = {
      source_dir = "./examples/basic/src"
      handler    = "app.handler"
      runtime    = "python3.12"
    }

    domain = {
      name    = "api.failover.example"
      zone_id = run.zone.id
    }

    routing = {
      policy        = "failover"
      drain_seconds = 1
      health_check  = { interval_seconds = 10 }
    }
  }

  assert {
    condition     = output.status == "ready" && output.url == "https://api.failover.example"
    error_message = "The status is \"${output.status}\" and the URL \"${output.url}\", expected \"ready\" and \"https://api.failover.example\"."
  }

  assert {
    condition     = length([for component in values(output.components) : component if component.kind == "health_check"]) == 2
    error_message = "Expected one health check for each region."
  }
}
