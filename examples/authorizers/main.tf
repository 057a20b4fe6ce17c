# One HTTP API in two regions with three kinds of authorization. A client authenticates in the same way in both regions.

provider "multiregion" {}

################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name = var.name

  regions = {
    "us-east-1" = {}
    "us-west-2" = {}
  }

  # Open: health checks and monitoring need no credentials.
  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python3.12"
    routes     = ["GET /health"]
  }

  functions = {
    # Requires a token of the issuer with the scope orders/read.
    orders = {
      source_dir           = "${path.module}/src"
      handler              = "app.handler"
      runtime              = "python3.12"
      routes               = ["GET /orders", "GET /orders/{id}"]
      authorizer           = "users"
      authorization_scopes = ["orders/read"]
    }

    # Requires a partner key, which the function gate compares.
    partners = {
      source_dir = "${path.module}/src"
      handler    = "app.handler"
      runtime    = "python3.12"
      routes     = ["ANY /partners/{path+}"]
      authorizer = "partners"
    }

    # Requires a signature of AWS credentials that may call execute-api:Invoke.
    admin = {
      source_dir = "${path.module}/src"
      handler    = "app.handler"
      runtime    = "python3.12"
      routes     = ["ANY /admin/{path+}"]
      authorizer = "AWS_IAM"
    }

    # Has no routes: only API Gateway calls it.
    gate = {
      source_dir  = "${path.module}/gate"
      handler     = "app.handler"
      runtime     = "python3.12"
      environment = { KEY_SHA256 = sha256(var.partner_key) }
    }
  }

  gateway = {
    cors = {
      allow_origins = ["https://www.example.com"]
      allow_methods = ["GET"]
      allow_headers = ["authorization"]
    }

    authorizers = {
      # The issuer can be any OpenID Connect provider. For an Amazon Cognito user pool, it is
      # https://cognito-idp.REGION.amazonaws.com/USER_POOL_ID, and the audiences are ids of app clients.
      users = {
        kind      = "jwt"
        issuer    = var.issuer
        audiences = var.audiences
      }

      partners = {
        kind             = "request"
        function         = "gate"
        identity_sources = ["$request.header.x-partner-key"]
        simple_responses = true
        cache_seconds    = 60
      }
    }
  }
}
