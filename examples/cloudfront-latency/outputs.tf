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
  description = "URL of the API. CloudFront responds, from its cache or from the healthy region with the lowest latency."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Status of the API: `ready`, or `incomplete` if objects are missing."
  value       = multiregion_api.this.status
}

output "distribution" {
  description = "ID and domain name of the CloudFront distribution."
  value       = multiregion_api.this.distribution
}

output "endpoints" {
  description = "Endpoints of each region, by region."
  value       = multiregion_api.this.endpoints
}

output "components" {
  description = "All AWS objects of the API, by address."
  value       = multiregion_api.this.components
}
