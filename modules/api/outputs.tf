output "id" {
  description = "The API's name, by which it is imported."
  value       = multiregion_api.this.id
}

output "url" {
  description = "Where the API answers."
  value       = multiregion_api.this.url
}

output "status" {
  description = "Whether everything is there: `ready`, or the run has failed."
  value       = multiregion_api.this.status
}

output "endpoints" {
  description = "Where each region answers, by region."
  value       = multiregion_api.this.endpoints
}

output "distribution" {
  description = "The CloudFront distribution; null without `cdn`."
  value       = multiregion_api.this.distribution
}

output "components" {
  description = "Every AWS object that the API is made of, by address: its kind, id and revision."
  value       = multiregion_api.this.components
}
