resource "multiregion_zone" "this" {
  name    = "ipgiraffe.com"
  comment = "Hosted zone of the API"
}

# Configure these name servers at the domain's registrar.
output "name_servers" {
  value = multiregion_zone.this.name_servers
}
