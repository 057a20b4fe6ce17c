################################################################################
# API
################################################################################

output "url" {
  description = "URL of the API, with the base path."
  value       = multiregion_api.this.url
}

################################################################################
# Function
################################################################################

output "status" {
  description = "Status of the attached function: `ready`, or `incomplete` if objects are missing."
  value       = multiregion_function.this.status
}

output "versions" {
  description = "Version of the function that receives the requests, by region."
  value       = multiregion_function.this.versions
}
