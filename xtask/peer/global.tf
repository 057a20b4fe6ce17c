# What examples/active-active makes once for all regions, written by hand for hashicorp/aws.

terraform {
  required_providers {
    aws = {
      source = "registry.terraform.io/hashicorp/aws"
    }
  }
}

resource "aws_route53_zone" "this" {
  name = "ipgiraffe.com"
}

resource "aws_iam_role" "this" {
  name = "ipgiraffe"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "ipgiraffe"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:*:*:log-group:/aws/lambda/ipgiraffe:*"
    }]
  })
}

resource "aws_route53_record" "validation" {
  zone_id = aws_route53_zone.this.zone_id
  name    = module.us-east-1.validation.resource_record_name
  type    = module.us-east-1.validation.resource_record_type
  records = [module.us-east-1.validation.resource_record_value]
  ttl     = 60
}
