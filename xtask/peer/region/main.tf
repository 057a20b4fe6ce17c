# One region of what examples/active-active makes, written by hand for hashicorp/aws.

terraform {
  required_providers {
    aws = {
      source = "registry.terraform.io/hashicorp/aws"
    }
  }
}

variable "name" {
  description = "Name of everything that is made here."
  type        = string
}

variable "domain" {
  description = "Name that the API answers at."
  type        = string
}

variable "zone_id" {
  description = "Hosted zone of the name."
  type        = string
}

variable "role_arn" {
  description = "Role that the function runs as."
  type        = string
}

variable "package" {
  description = "Path of the function's zip."
  type        = string
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}
}

data "aws_region" "this" {}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 14
}

resource "aws_lambda_function" "this" {
  function_name    = var.name
  role             = var.role_arn
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  handler          = "app.handler"
  runtime          = "python3.12"
  publish          = true

  environment {
    variables = var.environment
  }

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "default" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "this" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*"
}

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn = aws_acm_certificate.this.arn
}

resource "aws_apigatewayv2_domain_name" "this" {
  domain_name = var.domain

  domain_name_configuration {
    certificate_arn = aws_acm_certificate_validation.this.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.this.id
  stage       = aws_apigatewayv2_stage.default.id
}

resource "aws_route53_health_check" "this" {
  type              = "HTTPS"
  fqdn              = trimprefix(aws_apigatewayv2_api.this.api_endpoint, "https://")
  port              = 443
  resource_path     = "/health"
  request_interval  = 30
  failure_threshold = 3
  enable_sni        = true
}

resource "aws_route53_record" "this" {
  for_each = toset(["A", "AAAA"])

  zone_id         = var.zone_id
  name            = var.domain
  type            = each.key
  set_identifier  = data.aws_region.this.name
  health_check_id = aws_route53_health_check.this.id

  alias {
    name                   = aws_apigatewayv2_domain_name.this.domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.this.domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = true
  }

  latency_routing_policy {
    region = data.aws_region.this.name
  }

  depends_on = [aws_apigatewayv2_api_mapping.this, aws_apigatewayv2_route.default, aws_lambda_permission.this]
}

output "validation" {
  description = "The record that validates the certificate: the same in every region."
  value       = one(aws_acm_certificate.this.domain_validation_options)
}
