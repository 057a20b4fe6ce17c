# The basic example.

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
    error_message = "The status is \"${output.status}\", expected \"ready\"."
  }

  assert {
    condition     = toset(keys(output.endpoints)) == toset(["us-east-1", "eu-central-1"])
    error_message = "endpoints has the keys ${join(", ", keys(output.endpoints))}, expected us-east-1 and eu-central-1."
  }
}
