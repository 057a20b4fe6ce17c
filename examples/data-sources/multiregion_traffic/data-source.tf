# Who responds to clients in Berlin and Tokyo while us-east-1 is down?
data "multiregion_traffic" "outage" {
  url = multiregion_api.shop.url
  clients = {
    berlin = { region = "eu-central-1" }
    tokyo  = { region = "ap-northeast-1", country = "JP" }
  }
  down = ["us-east-1"]

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
