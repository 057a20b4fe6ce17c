################################################################################
# Hosted zone
################################################################################

output "name_servers" {
  description = "Name servers of the hosted zone, to be set at the registrar of the domain."
  value       = multiregion_zone.this.name_servers
}

################################################################################
# API
################################################################################

output "url" {
  description = "URL of the API, which CloudFront serves."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Status of the API: `ready`, or `incomplete` if objects are missing."
  value       = multiregion_api.this.status
}

output "endpoints" {
  description = "Endpoints of each region, by region."
  value       = multiregion_api.this.endpoints
}

output "components" {
  description = "All AWS objects of the API, by address."
  value       = multiregion_api.this.components
}
