output "status" {
  description = "Status of the API. Always `ready` after a successful apply."
  value       = module.api.status
}

output "endpoints" {
  description = "Endpoints of each region, by region."
  value       = module.api.endpoints
}
