################################################################################
# API
################################################################################

output "status" {
  description = "Status of the API: `ready`, or `incomplete` if objects are missing."
  value       = multiregion_api.this.status
}

output "endpoints" {
  description = "Endpoints of each region, by region."
  value       = multiregion_api.this.endpoints
}
