# Invalid values that the module's validation rejects.

provider "multiregion" {
  rate_limits = "none"
}

variables {
  name    = "module-validation"
  regions = { "us-east-1" = {} }

  function = {
    source_dir = "./examples/basic/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }
}

run "invalid_name" {
  command = plan

  variables {
    name = "Module_Validation"
  }

  expect_failures = [var.name]
}

run "no_regions" {
  command = plan

  variables {
    regions = {}
  }

  expect_failures = [var.regions]
}

run "invalid_region_name" {
  command = plan

  variables {
    regions = { "oregon" = {} }
  }

  expect_failures = [var.regions]
}

run "invalid_traffic" {
  command = plan

  variables {
    regions = { "us-east-1" = { traffic = "some" } }
  }

  expect_failures = [var.regions]
}

run "all_regions_drained" {
  command = plan

  variables {
    regions = { "us-east-1" = { traffic = "drained" } }
  }

  expect_failures = [var.regions]
}

run "two_code_sources" {
  command = plan

  variables {
    function = {
      source_dir = "./examples/basic/src"
      filename   = "function.zip"
      handler    = "app.handler"
      runtime    = "python3.12"
    }
  }

  expect_failures = [var.function]
}

run "timeout_above_the_maximum_of_an_http_api" {
  command = plan

  variables {
    function = {
      source_dir      = "./examples/basic/src"
      handler         = "app.handler"
      runtime         = "python3.12"
      timeout_seconds = 60
    }
  }

  expect_failures = [var.function]
}

run "unknown_routing_policy" {
  command = plan

  variables {
    routing = { policy = "nearest" }
  }

  expect_failures = [var.routing]
}

run "unsupported_health_check_interval" {
  command = plan

  variables {
    routing = { health_check = { interval_seconds = 60 } }
  }

  expect_failures = [var.routing]
}

run "unknown_cdn_origin" {
  command = plan

  variables {
    cdn = { origin = "bucket" }
  }

  expect_failures = [var.cdn]
}
