# Which region responds when a region is down or drained, or when its health check fails. The data source reads the records and
# sends no requests, so that the tests need no outage.

provider "multiregion" {
  rate_limits = "none"
}

run "create" {
  variables {
    name          = "disaster"
    zone_name     = "disaster.example"
    drain_seconds = 1
  }
}

run "nothing_happens" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url = run.create.url
  }

  assert {
    condition     = length(output.unserved) == 0 && toset(values(output.regions)) == toset(["us-east-1"])
    error_message = "The primary region must respond to all clients, but these regions do: ${jsonencode(output.regions)}."
  }
}

run "primary_down" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url  = run.create.url
    down = ["us-east-1"]
  }

  assert {
    condition     = length(output.unserved) == 0 && toset(values(output.regions)) == toset(["us-west-2"])
    error_message = "Without the primary region, the secondary one must respond to all clients, but these do: ${jsonencode(output.regions)}."
  }
}

run "primary_unhealthy" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url            = run.create.url
    failing_checks = [run.create.components["us-east-1/health_check"].id]
  }

  assert {
    condition     = toset(values(output.regions)) == toset(["us-west-2"])
    error_message = "The secondary region must respond when the health check of the primary one fails, but these do: ${jsonencode(output.regions)}."
  }
}

run "primary_drained_and_secondary_down" {
  module {
    source = "./tests/traffic"
  }

  variables {
    url     = run.create.url
    drained = ["us-east-1"]
    down    = ["us-west-2"]
  }

  assert {
    condition     = toset(output.unserved) == toset(["berlin", "seattle"])
    error_message = "No client can get a response, but only these have none: ${jsonencode(output.unserved)}."
  }
}
