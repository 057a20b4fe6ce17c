################################################################################
# API
################################################################################

# The provider checks the values, and its errors name the argument, the reason and the fix. The validations here are those of
# the module's own choices.

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string
}

variable "regions" {
  description = <<-EOT
    AWS regions in which the API runs, by name, with the settings that differ between them:
    - `primary`: Whether this is the primary region. Required for one region if the routing policy is `failover`.
    - `weight`: Share of the traffic, relative to the other regions, if the routing policy is `weighted`.
    - `locations`: Continents, countries and states of the clients, if the routing policy is `geolocation`. One region
      needs `*`, for all other clients.
    - `bias`: How much the region attracts clients that are nearer to another one, if the routing policy is
      `geoproximity`.
    - `cidrs`: Blocks of the clients' addresses, if the routing policy is `ip_based`. One region needs `*`.
    - `health_alarm`, `health_check_id`, `routing_control_arn`: What decides whether the region is healthy, instead of
      `routing.health_check`: a CloudWatch alarm, an existing health check, or an ARC routing control.
    - `environment`: Environment variables of the functions in this region, merged with those of the functions.
    - `layers`: ARNs of Lambda layer versions in this region.
    - `openapi_variables`: Values of placeholders in `gateway.openapi` in this region.
    - `web_acl_arn`: ARN of a regional web ACL of AWS WAF that filters the requests to the REST API of this region.
    - `mutual_tls`: Trust store of this region, instead of that of `domain.mutual_tls`.
    - `functions`: `environment`, `layers`, `reserved_concurrency` and `provisioned_concurrency` of each of `functions`
      in this region.
  EOT
  # `traffic` was removed. It is listed because Terraform drops attributes that an object type does not list, and the provider
  # could not reject it.
  type = map(object({
    primary   = optional(bool)
    traffic   = optional(string)
    weight    = optional(number)
    locations = optional(list(string))
    bias      = optional(number)
    cidrs     = optional(list(string))
    health_alarm = optional(object({
      name              = string
      region            = optional(string)
      insufficient_data = optional(string)
    }))
    health_check_id     = optional(string)
    routing_control_arn = optional(string)
    environment         = optional(map(string))
    layers              = optional(list(string))
    openapi_variables   = optional(map(string))
    web_acl_arn         = optional(string)
    mutual_tls = optional(object({
      truststore_uri            = optional(string)
      truststore_version        = optional(string)
      ownership_certificate_arn = optional(string)
    }))
    functions = optional(map(object({
      environment             = optional(map(string))
      layers                  = optional(list(string))
      reserved_concurrency    = optional(number)
      provisioned_concurrency = optional(number)
    })))
  }))
}

variable "drained" {
  description = "Regions that run but receive no traffic."
  type        = set(string)
  default     = []
}

variable "tags" {
  description = "Tags for all AWS objects that support tags."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether the provider refuses to destroy the API."
  type        = bool
  default     = false
}

variable "retain_logs" {
  description = "Whether log groups stay in AWS when the API, a region or a function is removed."
  type        = bool
  default     = false
}

################################################################################
# Functions
################################################################################

variable "function" {
  description = <<-EOT
    Lambda function that handles the requests, the same in every region. Null for an API with `functions` only:
    - `source_dir`: Directory with the code, which the provider zips. Conflicts with `filename`.
    - `filename`: Zip file with the code. Conflicts with `source_dir`.
    - `exclude`: Patterns of the files in `source_dir` to leave out of the zip file, as in `.gitignore`.
    - `handler`: Entry point, such as `app.handler`.
    - `runtime`: Lambda runtime, such as `python3.12`.
    - `architecture`: `arm64` (default) or `x86_64`.
    - `memory_mb`: Memory in MiB, from 128 to 10240. Defaults to 256.
    - `timeout_seconds`: Maximum duration of a request in seconds, from 1 to 30. Defaults to 10.
    - `environment`: Environment variables.
    - `keep_versions`: Number of published versions that stay in each region, including the newest one. Defaults to 3.
    - `rollback`: Number of versions to go back. Defaults to 0, which serves the newest version.
    - `log_retention_days`: Number of days to keep logs. Defaults to 14.
    - `policy_json`: IAM policy with the permissions of the function, in addition to writing its logs.
    - `role_arn`: ARN of an existing role to use instead of creating one.
    - `tracing`: Whether to trace requests with AWS X-Ray. Defaults to `false`.
    - `layers`: ARNs of Lambda layer versions, for every region without its own.
    - `routes`: Route keys, instead of `gateway.routes`.
    - `throttle`: Limit of each route in each region: `rate` per second on average, and `burst` at once.
    - `payload_format`: `2.0` (default) or `1.0`. A REST API has the format 1.0.
    - `authorizer`: Name of one of `gateway.authorizers`, with `authorization_scopes`. REST APIs only.
    - `api_key_required`: Whether requests need an API key. REST APIs only.
    - `ephemeral_storage_mb`, `reserved_concurrency`, `provisioned_concurrency`: Limits of Lambda.
  EOT
  type = object({
    source_dir         = optional(string)
    filename           = optional(string)
    exclude            = optional(list(string))
    handler            = optional(string)
    runtime            = optional(string)
    architecture       = optional(string, "arm64")
    memory_mb          = optional(number, 256)
    timeout_seconds    = optional(number, 10)
    environment        = optional(map(string), {})
    keep_versions      = optional(number)
    rollback           = optional(number)
    log_retention_days = optional(number, 14)
    policy_json        = optional(string)
    role_arn           = optional(string)
    tracing            = optional(bool, false)
    layers             = optional(list(string))
    routes             = optional(list(string))
    payload_format     = optional(string)
    throttle = optional(object({
      rate  = number
      burst = number
    }))
    authorizer              = optional(string)
    authorization_scopes    = optional(list(string))
    api_key_required        = optional(bool)
    ephemeral_storage_mb    = optional(number)
    reserved_concurrency    = optional(number)
    provisioned_concurrency = optional(number)
  })
  default = null

  validation {
    # API Gateway ends a request after 30 seconds.
    condition     = try(var.function.timeout_seconds, 1) <= 30
    error_message = "The timeout_seconds of the function must be at most 30, after which API Gateway ends the request."
  }
}

variable "functions" {
  description = <<-EOT
    Several Lambda functions, by name, each with `routes` of its own. The attributes are those of `function`.
  EOT
  type = map(object({
    source_dir         = optional(string)
    filename           = optional(string)
    exclude            = optional(list(string))
    handler            = optional(string)
    runtime            = optional(string)
    architecture       = optional(string, "arm64")
    memory_mb          = optional(number, 256)
    timeout_seconds    = optional(number, 10)
    environment        = optional(map(string), {})
    keep_versions      = optional(number)
    rollback           = optional(number)
    log_retention_days = optional(number, 14)
    policy_json        = optional(string)
    role_arn           = optional(string)
    tracing            = optional(bool, false)
    layers             = optional(list(string))
    routes             = optional(list(string))
    payload_format     = optional(string)
    throttle = optional(object({
      rate  = number
      burst = number
    }))
    authorizer              = optional(string)
    authorization_scopes    = optional(list(string))
    api_key_required        = optional(bool)
    ephemeral_storage_mb    = optional(number)
    reserved_concurrency    = optional(number)
    provisioned_concurrency = optional(number)
  }))
  default = null

  validation {
    condition     = alltrue([for function in values(coalesce(var.functions, {})) : function.timeout_seconds <= 30])
    error_message = "The timeout_seconds of each function must be at most 30, after which API Gateway ends the request."
  }
}

################################################################################
# Gateway
################################################################################

variable "gateway" {
  description = <<-EOT
    API Gateway in front of the functions in each region:
    - `protocol`: `http` (default) for an HTTP API, or `rest` for a REST API.
    - `routes`: Route keys of `function`, such as `GET /items/{id}`. By default, one route matches every request.
    - `openapi`: Text of an OpenAPI document, instead of routes. `openapi_variables` are the values of its placeholders.
    - `cors`: Cross-origin resource sharing (CORS): which web pages may call the API from a browser.
    - `throttle`: Limit in each region: `rate`, the average number of requests per second, and `burst`, the largest
      number of requests at once.
    - `access_log`: One line for every request: its `format`, and `retention_days`.
    - `disable_execute_api_endpoint`: Whether the API is reachable only at the names of `domain`. Defaults to `true` with
      `domain.mutual_tls`, which clients could avoid otherwise.
    - `ip_address_type`: `ipv4` (default), or `dualstack` for clients that use IPv6.
    - `timeout_ms`: How long API Gateway waits for a function.
    - `rest`: Settings of the stage of a REST API.
    - `authorizers`: How clients prove who they are, by name.
    - `api_keys`: API keys of a REST API by name, with quotas and throttles. A key has a `value`, or a `value_wo` with a
      `value_wo_version`, which the state does not contain. Otherwise, the provider generates the value, which the output
      `api_key_values` contains; another `generation` is another value.
  EOT
  type = object({
    protocol          = optional(string)
    routes            = optional(list(string))
    openapi           = optional(string)
    openapi_variables = optional(map(string))
    cors = optional(object({
      allow_origins     = optional(list(string))
      allow_methods     = optional(list(string))
      allow_headers     = optional(list(string))
      expose_headers    = optional(list(string))
      allow_credentials = optional(bool)
      max_age_seconds   = optional(number)
    }))
    throttle = optional(object({
      rate  = number
      burst = number
    }))
    access_log = optional(object({
      format         = optional(string)
      retention_days = optional(number)
    }))
    disable_execute_api_endpoint = optional(bool)
    ip_address_type              = optional(string)
    timeout_ms                   = optional(number)
    rest = optional(object({
      stage_name = optional(string)
      cache = optional(object({
        size_gb     = string
        ttl_seconds = optional(number)
        encrypted   = optional(bool)
      }))
      tracing                   = optional(bool)
      stage_variables           = optional(map(string))
      binary_media_types        = optional(list(string))
      minimum_compression_bytes = optional(number)
      policy_json               = optional(string)
      response_streaming        = optional(bool)
    }))
    authorizers = optional(map(object({
      kind             = string
      function         = optional(string)
      function_arn     = optional(string)
      header           = optional(string)
      token_pattern    = optional(string)
      identity_sources = optional(list(string))
      cache_seconds    = optional(number)
      user_pool_arns   = optional(list(string))
      issuer           = optional(string)
      audiences        = optional(list(string))
    })))
    api_keys = optional(map(object({
      value            = optional(string)
      value_wo         = optional(string)
      value_wo_version = optional(number)
      generation       = optional(number)
      quota = optional(object({
        limit  = number
        period = optional(string)
      }))
      throttle = optional(object({
        rate  = number
        burst = number
      }))
    })))
  })
  default = {}
}

################################################################################
# Domain and routing
################################################################################

variable "domain" {
  description = <<-EOT
    Domain name of the API, in a public hosted zone of the same account. Without it, each region is reached at its own
    endpoint, and CloudFront at its own domain name:
    - `name`: Domain name, such as `api.example.com`.
    - `additional_names`: Further names of the API in the same hosted zone, such as `www.example.com`.
    - `zone_id`: ID of the hosted zone.
    - `regional_names`: Whether each region also gets a name, such as `us-west-2.api.example.com`, that always leads to
      that region. Defaults to `false`.
    - `base_path`: First segment of the path, such as `v1`.
    - `certificate`: `arns` of existing certificates by region, or the settings of requested ones: whether they cover the
      names below `name` (`wildcard`), the `key_algorithm` (`RSA_2048`, `EC_prime256v1` or `EC_secp384r1`), and the
      `validation` (`dns` or `email`).
    - `mutual_tls`: Trust store with the certification authorities of the clients: `truststore_uri`, `truststore_version`,
      and `ownership_certificate_arn` if the certificates of the names are imported. Health checks then only open a
      connection, and need `regional_names`.
  EOT
  type = object({
    name             = string
    additional_names = optional(list(string))
    zone_id          = string
    regional_names   = optional(bool, false)
    base_path        = optional(string)
    certificate = optional(object({
      wildcard      = optional(bool)
      arns          = optional(map(string))
      key_algorithm = optional(string)
      validation    = optional(string)
    }))
    mutual_tls = optional(object({
      truststore_uri            = optional(string)
      truststore_version        = optional(string)
      ownership_certificate_arn = optional(string)
    }))
  })
  default = null
}

variable "routing" {
  description = <<-EOT
    How Route 53 chooses the region for a client. Only `probe` has an effect without `domain`:
    - `policy`: `latency` (default), `failover`, `weighted`, `geolocation`, `geoproximity` or `ip_based`. With `failover`
      and more than two regions, the secondary regions share the traffic by latency.
    - `evaluate_target_health`: Whether the health of API Gateway in a region counts. Defaults to `true`.
    - `drain_seconds`: Number of seconds to wait between the removal of a region's record and the destruction of the
      region. Defaults to 60.
    - `health_check`: Health check of each region. `path` defaults to `/health`. `interval_seconds` is 30 (default) or
      10. `failure_threshold` is the number of consecutive failures after which a region is unhealthy, and defaults to 3.
      `calculated` adds a health check over those of the regions. Regions have none if CloudFront uses an origin group,
      or if one of `regions` decides about its health itself.
    - `probe`: Request that each region must answer before it receives traffic, by default that of the health check: its
      `path`, the `statuses` that count as an answer, such as `["200-399", "401"]`, and a `search_string` that the response
      contains. With `enabled = false`, regions are not tested.
  EOT
  type = object({
    policy                 = optional(string, "latency")
    evaluate_target_health = optional(bool)
    drain_seconds          = optional(number)
    health_check = optional(object({
      path              = optional(string, "/health")
      protocol          = optional(string)
      port              = optional(number)
      interval_seconds  = optional(number, 30)
      failure_threshold = optional(number, 3)
      measure_latency   = optional(bool)
      search_string     = optional(string)
      inverted          = optional(bool)
      disabled          = optional(bool)
      checker_regions   = optional(list(string))
      calculated = optional(object({
        threshold = number
      }))
    }), {})
    probe = optional(object({
      enabled       = optional(bool)
      path          = optional(string)
      statuses      = optional(list(string))
      search_string = optional(string)
    }))
  })
  default = {}
}

################################################################################
# Rollout
################################################################################

variable "rollout" {
  description = <<-EOT
    How a change that clients notice reaches the regions. By default, one region changes first, and the others follow when
    it has answered:
    - `waves`: Regions of each wave, in order. Regions that are not listed form the last wave. With an empty list, all
      regions change at the same time.
    - `bake_seconds`: Number of seconds between two waves. Defaults to 0.
    - `canary_percent`: Percentage of the requests that a new version answers in each region before it answers all of them.
      Requires `verify`.
    - `verify`: Requests that each region must answer after its change: `path` defaults to `/`, `status` to 200, and
      `requests` to 10.
    - `alarms`: Names of CloudWatch alarms by region. After a change of a region, none of its alarms may go into `ALARM` for
      `bake_seconds`, which is required.
    - `on_failure`: `rollback` (default) returns every changed region to its previous version and settings. `stop` leaves
      them as they are.
  EOT
  type = object({
    waves          = optional(list(list(string)))
    bake_seconds   = optional(number)
    canary_percent = optional(number)
    verify = optional(object({
      path     = optional(string)
      status   = optional(number)
      requests = optional(number)
    }))
    alarms     = optional(map(list(string)))
    on_failure = optional(string)
  })
  default = null
}

################################################################################
# CloudFront
################################################################################

variable "cdn" {
  description = <<-EOT
    CloudFront distribution in front of the regions:
    - `origin`: `latency` sends requests to the domain name that Route 53 routes to the regions, and requires `domain`.
      `group` sends requests to an origin group of two regions: to the primary region, and to the other one if that
      fails. An origin group only accepts GET, HEAD and OPTIONS requests. `edge_function` lets a Lambda@Edge function choose
      the region that Route 53 names, and `key_value_store` a CloudFront function by a table, so that a drain takes effect
      in seconds.
    - `group_order`: The two regions of the origin group, if not the primary region and the other one.
    - `failover_status_codes`: HTTP status codes of the first origin for which the origin group tries the second.
      Defaults to `[502, 503, 504]`.
    - `read_paths`: Path patterns of the requests to send to the origin group, if not all of them are.
    - `cache`: What CloudFront caches on paths that only read, for how long, and by which parts of a request.
    - `behaviors`: Path patterns with settings of their own.
    - `invalidate_on_change`: Paths whose cached responses are removed when the code changes, such as `["/*"]`.
    - `price_class`: `PriceClass_100`, `PriceClass_200` or `PriceClass_All` (default).
    - `aliases`: Alternate domain names of the distribution.
    - `take_over_aliases`: Whether aliases that another distribution of the account serves move to this one.
    - `sign_requests`: Whether the Lambda@Edge function signs requests, for functions with `authorizer = "AWS_IAM"`.
    - `client_certificate_arn`: The certificate that CloudFront presents to the regions, for mutual TLS.
    - `comment`, `http_version`, `ipv6`, `minimum_tls_version`, `geo_restriction`, `logging`, `error_responses`,
      `connection`, `origin_shield`, `origin_headers`, `web_acl_arn`: Settings of the distribution.
    - `staging`: Settings that the requests with a `header`, or `percent` of all requests, try out.
  EOT
  type = object({
    origin                = string
    group_order           = optional(list(string))
    failover_status_codes = optional(list(number))
    read_paths            = optional(list(string))
    cache = optional(object({
      policy              = optional(string)
      default_ttl_seconds = optional(number)
      min_ttl_seconds     = optional(number)
      max_ttl_seconds     = optional(number)
      key = optional(object({
        headers       = optional(list(string))
        cookies       = optional(list(string))
        query_strings = optional(list(string))
      }))
    }))
    behaviors = optional(map(object({
      precedence = optional(number)
      writes     = optional(bool)
      group      = optional(list(string))
      region     = optional(string)
      cache = optional(object({
        policy              = optional(string)
        default_ttl_seconds = optional(number)
        min_ttl_seconds     = optional(number)
        max_ttl_seconds     = optional(number)
        key = optional(object({
          headers       = optional(list(string))
          cookies       = optional(list(string))
          query_strings = optional(list(string))
        }))
      }))
      origin_request_policy = optional(string)
      response_headers = optional(object({
        policy = optional(string)
        set    = optional(map(string))
        remove = optional(list(string))
      }))
      compress        = optional(bool)
      viewer_protocol = optional(string)
    })))
    invalidate_on_change = optional(list(string))
    price_class          = optional(string)
    aliases              = optional(list(string))
    take_over_aliases    = optional(bool)
    comment              = optional(string)
    http_version         = optional(string)
    ipv6                 = optional(bool)
    minimum_tls_version  = optional(string)
    geo_restriction = optional(object({
      allow = optional(list(string))
      block = optional(list(string))
    }))
    logging = optional(object({
      bucket          = string
      prefix          = optional(string)
      include_cookies = optional(bool)
    }))
    error_responses = optional(map(object({
      response_status = optional(number)
      page_path       = optional(string)
      cache_seconds   = optional(number)
    })))
    connection = optional(object({
      attempts                   = optional(number)
      timeout_seconds            = optional(number)
      read_timeout_seconds       = optional(number)
      keepalive_timeout_seconds  = optional(number)
      completion_timeout_seconds = optional(number)
    }))
    origin_shield = optional(object({
      region = optional(string)
    }))
    origin_headers         = optional(map(string))
    client_certificate_arn = optional(string)
    sign_requests          = optional(bool)
    web_acl_arn            = optional(string)
    staging = optional(object({
      percent = optional(number)
      session = optional(object({
        idle_seconds    = optional(number)
        maximum_seconds = optional(number)
      }))
      header = optional(object({
        name  = string
        value = string
      }))
      failover_status_codes = optional(list(number))
      read_paths            = optional(list(string))
      cache = optional(object({
        policy              = optional(string)
        default_ttl_seconds = optional(number)
        min_ttl_seconds     = optional(number)
        max_ttl_seconds     = optional(number)
        key = optional(object({
          headers       = optional(list(string))
          cookies       = optional(list(string))
          query_strings = optional(list(string))
        }))
      }))
      behaviors = optional(map(object({
        precedence = optional(number)
        writes     = optional(bool)
        group      = optional(list(string))
        region     = optional(string)
        cache = optional(object({
          policy              = optional(string)
          default_ttl_seconds = optional(number)
          min_ttl_seconds     = optional(number)
          max_ttl_seconds     = optional(number)
          key = optional(object({
            headers       = optional(list(string))
            cookies       = optional(list(string))
            query_strings = optional(list(string))
          }))
        }))
        origin_request_policy = optional(string)
        response_headers = optional(object({
          policy = optional(string)
          set    = optional(map(string))
          remove = optional(list(string))
        }))
        compress        = optional(bool)
        viewer_protocol = optional(string)
      })))
      geo_restriction = optional(object({
        allow = optional(list(string))
        block = optional(list(string))
      }))
      error_responses = optional(map(object({
        response_status = optional(number)
        page_path       = optional(string)
        cache_seconds   = optional(number)
      })))
      connection = optional(object({
        attempts                   = optional(number)
        timeout_seconds            = optional(number)
        read_timeout_seconds       = optional(number)
        keepalive_timeout_seconds  = optional(number)
        completion_timeout_seconds = optional(number)
      }))
      origin_shield = optional(object({
        region = optional(string)
      }))
      origin_headers = optional(map(string))
    }))
  })
  default = null
}
