# Three regions behind one domain name: create, apply again without changes, drain a region, remove a region.

provider "multiregion" {
  rate_limits = "none"
}

variables {
  name = "module-active-active"

  regions = {
    "us-east-1"    = {}
    "us-west-2"    = {}
    "eu-central-1" = { environment = { GREETING = "Hallo" } }
  }

  function = {
    source_dir = "./examples/basic/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }

  # No client has resolved the name, so there is no cached answer to wait for.
  routing = { drain_seconds = 1 }
}

run "zone" {
  module {
    source = "./tests/zone"
  }

  variables {
    name = "active-active.example"
  }
}

run "every_region_has_its_objects" {
  variables {
    domain = {
      name           = "api.active-active.example"
      zone_id        = run.zone.id
      regional_names = true
    }
  }

  assert {
    condition     = output.status == "ready"
    error_message = "The status is \"${output.status}\", expected \"ready\"."
  }

  assert {
    condition     = output.url == "https://api.active-active.example"
    error_message = "The URL is \"${output.url}\", expected \"https://api.active-active.example\"."
  }

  assert {
    condition     = toset(keys(output.endpoints)) == toset(keys(var.regions))
    error_message = "endpoints has the keys ${join(", ", keys(output.endpoints))}, expected the configured regions."
  }

  assert {
    condition = alltrue([
      for region in keys(var.regions) : alltrue([
        for kind in ["function", "alias", "http_api", "certificate", "domain", "health_check"] :
        contains([for address in keys(output.components) : join("/", slice(split("/", address), 0, 2))], "${region}/${kind}")
      ])
    ])
    error_message = "components lacks an object of a region. Its keys are ${join(", ", keys(output.components))}."
  }

  assert {
    condition     = alltrue([for component in values(output.components) : component.id != null && component.revision != null])
    error_message = "A component has no id, or no revision."
  }

  assert {
    condition     = length([for address in keys(output.components) : address if startswith(address, "global/role")]) == 1
    error_message = "Expected one role for all regions."
  }
}

run "second_apply_changes_nothing" {
  variables {
    before = run.every_region_has_its_objects.components

    domain = {
      name           = "api.active-active.example"
      zone_id        = run.zone.id
      regional_names = true
    }
  }

  assert {
    condition     = output.components == var.before
    error_message = "A second apply of the same configuration changed a component."
  }
}

run "drained_region_keeps_its_objects" {
  variables {
    regions = {
      "us-east-1"    = {}
      "us-west-2"    = {}
      "eu-central-1" = { environment = { GREETING = "Hallo" } }
    }

    drained = ["eu-central-1"]

    domain = {
      name           = "api.active-active.example"
      zone_id        = run.zone.id
      regional_names = true
    }
  }

  assert {
    condition     = !output.endpoints["eu-central-1"].serving && output.endpoints["us-east-1"].serving
    error_message = "The drained region receives traffic, or another region does not."
  }

  assert {
    condition     = output.endpoints["eu-central-1"].function_version == "1"
    error_message = "Draining a region published a new version of its function."
  }
}

run "removed_region_is_destroyed" {
  variables {
    regions = {
      "us-east-1" = {}
      "us-west-2" = {}
    }

    domain = {
      name           = "api.active-active.example"
      zone_id        = run.zone.id
      regional_names = true
    }
  }

  assert {
    condition     = length([for address in keys(output.components) : address if startswith(address, "eu-central-1/")]) == 0
    error_message = "components still contains objects of the removed region."
  }

  assert {
    condition     = output.endpoints["us-west-2"].function_version == "1"
    error_message = "Removing a region published a new version of another region's function."
  }
}
