# Three regions behind one name: made, unchanged by a second apply, drained, taken away.

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

  # Nobody has asked for the name yet: there is no answer to outlive.
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
    error_message = "The status is ${output.status}."
  }

  assert {
    condition     = output.url == "https://api.active-active.example"
    error_message = "The URL is ${output.url}."
  }

  assert {
    condition     = toset(keys(output.endpoints)) == toset(keys(var.regions))
    error_message = "The endpoints are those of ${join(", ", keys(output.endpoints))}."
  }

  assert {
    condition = alltrue([
      for region in keys(var.regions) : alltrue([
        for kind in ["function", "alias", "http_api", "certificate", "domain", "health_check"] :
        contains([for address in keys(output.components) : join("/", slice(split("/", address), 0, 2))], "${region}/${kind}")
      ])
    ])
    error_message = "A region lacks one of its objects: ${join(", ", keys(output.components))}."
  }

  assert {
    condition     = alltrue([for component in values(output.components) : component.id != null && component.revision != null])
    error_message = "A component has no id or no revision."
  }

  assert {
    condition     = length([for address in keys(output.components) : address if startswith(address, "global/role")]) == 1
    error_message = "There is one role for all regions."
  }
}

run "the_same_again_changes_nothing" {
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
    error_message = "An apply of the same configuration changed something."
  }
}

run "a_drained_region_keeps_its_objects" {
  variables {
    regions = {
      "us-east-1"    = {}
      "us-west-2"    = {}
      "eu-central-1" = { traffic = "drained", environment = { GREETING = "Hallo" } }
    }

    domain = {
      name           = "api.active-active.example"
      zone_id        = run.zone.id
      regional_names = true
    }
  }

  assert {
    condition     = !output.endpoints["eu-central-1"].serving && output.endpoints["us-east-1"].serving
    error_message = "The drained region serves, or another one does not."
  }

  assert {
    condition     = output.endpoints["eu-central-1"].function_version == "1"
    error_message = "Draining a region published its function again."
  }
}

run "one_region_less" {
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
    error_message = "Something of the removed region is left."
  }

  assert {
    condition     = output.endpoints["us-west-2"].function_version == "1"
    error_message = "Removing a region published another one's function again."
  }
}
