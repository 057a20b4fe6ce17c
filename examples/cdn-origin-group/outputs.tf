output "url" {
  description = "Where the API answers: CloudFront's own name."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Whether everything is there."
  value       = multiregion_api.this.status
}

output "distribution" {
  description = "The CloudFront distribution."
  value       = multiregion_api.this.distribution
}

output "endpoints" {
  description = "Where each region answers."
  value       = multiregion_api.this.endpoints
}

output "components" {
  description = "Every AWS object that the API is made of, by address."
  value       = multiregion_api.this.components
}
