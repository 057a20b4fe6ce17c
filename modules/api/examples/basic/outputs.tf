output "endpoints" {
  description = "Where each region answers."
  value       = module.api.endpoints
}

output "status" {
  description = "Whether everything is there."
  value       = module.api.status
}
