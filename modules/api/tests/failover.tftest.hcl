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

run "primary_responds" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url = run.failover.url
  }

  assert {
    condition     = length(output.unserved) == 0 && toset(values(output.regions)) == toset(["us-east-1"])
    error_message = "The primary region must respond to all clients, but these regions do: ${jsonencode(output.regions)}."
  }
}

run "secondary_responds_without_the_primary" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url  = run.failover.url
    down = ["us-east-1"]
  }

  assert {
    condition     = length(output.unserved) == 0 && toset(values(output.regions)) == toset(["us-west-2"])
    error_message = "Without the primary region, the secondary one must respond to all clients, but these do: ${jsonencode(output.regions)}."
  }
}

run "nothing_responds_without_both" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url  = run.failover.url
    down = ["us-east-1", "us-west-2"]
  }

  assert {
    condition     = toset(output.unserved) == toset(["berlin", "seattle"])
    error_message = "No client can get a response, but only these have none: ${jsonencode(output.unserved)}."
  }
}
