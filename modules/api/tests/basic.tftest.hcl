# The example runs as it stands.

provider "multiregion" {
  rate_limits = "none"
}

run "basic" {
  module {
    source = "./examples/basic"
  }

  variables {
    name = "module-basic"
  }

  assert {
    condition     = output.status == "ready"
    error_message = "The status is ${output.status}."
  }

  assert {
    condition     = toset(keys(output.endpoints)) == toset(["us-east-1", "eu-central-1"])
    error_message = "The endpoints are those of ${join(", ", keys(output.endpoints))}."
  }
}
