################################################################################
# API
################################################################################

output "id" {
  description = "Name of the API, which is also its import ID."
  value       = multiregion_api.this.id
}

output "url" {
  description = "URL of the API."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Status of the API: `ready`, or `degraded` while a region does not respond."
  value       = multiregion_api.this.status
}

output "status_reason" {
  description = "Why the status is not `ready`. Null if it is."
  value       = multiregion_api.this.status_reason
}

output "pending" {
  description = "Addresses of the objects whose changes wait for a region that does not respond. The next apply after the outage carries them out."
  value       = multiregion_api.this.pending
}

output "endpoints" {
  description = "Endpoints of each region, by region."
  value       = multiregion_api.this.endpoints
}

output "changes" {
  description = "What the last apply changed in AWS, one line for all objects with the same change."
  value       = multiregion_api.this.changes
}

output "components" {
  description = "All AWS objects of the API by address, each with its kind, ID and revision."
  value       = multiregion_api.this.components
}

output "validation_records" {
  description = "Records by which ACM validates the certificates, by domain. Null without such certificates."
  value       = multiregion_api.this.validation_records
}

output "api_key_values" {
  description = "Values of the API keys that the provider generated, by name. Null without such keys."
  value       = multiregion_api.this.api_key_values
  sensitive   = true
}

################################################################################
# CloudFront
################################################################################

output "distribution" {
  description = "ID and domain name of the CloudFront distribution. Null without `cdn`."
  value       = multiregion_api.this.distribution
}
