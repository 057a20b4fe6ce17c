# What the module itself refuses, before the provider is asked.

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

run "a_name_in_capitals" {
  command = plan

  variables {
    name = "Module_Validation"
  }

  expect_failures = [var.name]
}

run "no_region" {
  command = plan

  variables {
    regions = {}
  }

  expect_failures = [var.regions]
}

run "a_key_that_is_no_region" {
  command = plan

  variables {
    regions = { "oregon" = {} }
  }

  expect_failures = [var.regions]
}

run "traffic_of_another_kind" {
  command = plan

  variables {
    regions = { "us-east-1" = { traffic = "some" } }
  }

  expect_failures = [var.regions]
}

run "every_region_drained" {
  command = plan

  variables {
    regions = { "us-east-1" = { traffic = "drained" } }
  }

  expect_failures = [var.regions]
}

run "code_from_two_places" {
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

run "a_function_slower_than_its_api" {
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

run "a_policy_that_is_not_there" {
  command = plan

  variables {
    routing = { policy = "nearest" }
  }

  expect_failures = [var.routing]
}

run "a_health_check_every_minute" {
  command = plan

  variables {
    routing = { health_check = { interval_seconds = 60 } }
  }

  expect_failures = [var.routing]
}

run "an_origin_that_is_not_there" {
  command = plan

  variables {
    cdn = { origin = "bucket" }
  }

  expect_failures = [var.cdn]
}
