# Values that the module rejects and the provider accepts.

provider "multiregion" {
  rate_limits = "none"
}

variables {
  name    = "module-validation"
  regions = { "us-east-1" = {} }
}

run "function_runs_longer_than_api_gateway_waits" {
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

run "one_of_the_functions_runs_longer_than_api_gateway_waits" {
  command = plan

  variables {
    functions = {
      orders = {
        source_dir      = "./examples/basic/src"
        handler         = "app.handler"
        runtime         = "python3.12"
        routes          = ["ANY /orders/{path+}"]
        timeout_seconds = 60
      }
    }
  }

  expect_failures = [var.functions]
}
