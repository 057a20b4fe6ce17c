# Missing objects fail the run, as in incomplete.tftest.hcl, which OpenTofu ignores beside this file. OpenTofu computes the values of
# a mocked resource while it plans, Terraform while it applies.

mock_provider "multiregion" {
  mock_resource "multiregion_api" {
    defaults = {
      status        = "incomplete"
      status_reason = "us-west-2/http_api is missing"
    }
  }
}

variables {
  name = "module-incomplete"

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

run "missing_objects_fail_the_run" {
  command = plan

  expect_failures = [multiregion_api.this]
}
