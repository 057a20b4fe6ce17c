# Names with mutual TLS: several names, a key algorithm, trust stores by region, and no way around the client certificates.

provider "multiregion" {
  rate_limits = "none"
}

variables {
  name = "module-mutual-tls"

  regions = {
    "us-east-1" = {}
    "us-west-2" = { mutual_tls = { truststore_uri = "s3://west-truststore/authorities.pem" } }
  }

  function = {
    source_dir = "./examples/basic/src"
    handler    = "app.handler"
    runtime    = "python3.12"
  }

  routing = { drain_seconds = 1 }
}

run "zone" {
  module {
    source = "./tests/zone"
  }

  variables {
    name = "mutual-tls.example"
  }
}

run "clients_need_a_certificate" {
  variables {
    domain = {
      name             = "api.mutual-tls.example"
      additional_names = ["www.mutual-tls.example"]
      zone_id          = run.zone.id
      regional_names   = true
      certificate      = { key_algorithm = "EC_prime256v1" }
      mutual_tls       = { truststore_uri = "s3://truststore/authorities.pem" }
    }
  }

  assert {
    condition     = output.status == "ready" && output.url == "https://api.mutual-tls.example"
    error_message = "The status is \"${output.status}\" and the URL \"${output.url}\", expected \"ready\" and \"https://api.mutual-tls.example\"."
  }

  assert {
    condition     = alltrue([for endpoint in values(output.endpoints) : endpoint.execute_api_url == null])
    error_message = "The default endpoints accept clients without a certificate."
  }

  assert {
    condition     = toset(keys(output.validation_records)) == toset(["api.mutual-tls.example", "www.mutual-tls.example"])
    error_message = "The certificates cover ${join(", ", keys(output.validation_records))}, expected both names."
  }

  assert {
    condition     = contains(keys(output.components), "global/record/www.mutual-tls.example")
    error_message = "components lacks the record of the additional name. Its keys are ${join(", ", keys(output.components))}."
  }
}
