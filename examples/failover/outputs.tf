output "url" {
  description = "Where the API answers: from the primary region while that is healthy."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Whether everything is there."
  value       = multiregion_api.this.status
}

output "endpoints" {
  description = "Where each region answers."
  value       = multiregion_api.this.endpoints
}

output "components" {
  description = "Every AWS object that the API is made of, by address."
  value       = multiregion_api.this.components
}

output "name_servers" {
  description = "Name servers that the domain's registrar must know."
  value       = multiregion_zone.this.name_servers
}
