# An outage of a region does not fail the run. The provider is mocked, so that the test needs no outage.

mock_provider "multiregion" {
  mock_resource "multiregion_api" {
    defaults = {
      status        = "degraded"
      status_reason = "us-east-1 does not respond"
      pending       = ["us-east-1/alias", "us-east-1/version"]
    }
  }
}

variables {
  name = "module-degraded"

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

run "an_outage_does_not_fail_the_run" {
  assert {
    condition     = output.status == "degraded" && output.status_reason == "us-east-1 does not respond"
    error_message = "The status is \"${output.status}\" and its reason \"${output.status_reason}\", expected those of the resource."
  }

  assert {
    condition     = tolist(output.pending) == tolist(["us-east-1/alias", "us-east-1/version"])
    error_message = "pending is ${jsonencode(output.pending)}, expected the objects of us-east-1."
  }
}
