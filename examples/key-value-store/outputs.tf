output "url" {
  description = "URL of the API, at the domain name that CloudFront assigned."
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
