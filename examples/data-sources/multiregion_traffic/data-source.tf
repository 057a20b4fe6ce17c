# Which region responds to clients in Berlin and Tokyo while us-east-1 is down?
data "multiregion_traffic" "outage" {
  # With multiregion_api.giraffe.url, add depends_on = [multiregion_api.giraffe].
  url  = "https://api.ipgiraffe.com"
  down = ["us-east-1"]

  clients = {
    berlin = { region = "eu-central-1" }
    tokyo  = { region = "ap-northeast-1", country = "JP" }
  }

  lifecycle {
    postcondition {
      condition     = length(self.unserved) == 0
      error_message = "Without us-east-1, these clients get no response: ${join(", ", self.unserved)}."
    }
  }
}

output "regions_during_an_outage" {
  description = "The region that responds to each client while us-east-1 is down."
  value       = { for name, answer in data.multiregion_traffic.outage.answers : name => answer.region }
}
