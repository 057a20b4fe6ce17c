resource "multiregion_zone" "this" {
  name    = "ipgiraffe.com"
  comment = "Hosted zone of the API"
}

output "name_servers" {
  description = "The name servers to configure at the domain's registrar."
  value       = multiregion_zone.this.name_servers
}
