################################################################################
# API
################################################################################

variable "name" {
  description = "Name of the API. The names of its AWS objects contain it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "The name must begin with a lowercase letter and contain at most 40 lowercase letters, digits and hyphens."
  }
}

variable "regions" {
  description = <<-EOT
    AWS regions in which the API runs, by name, with the settings that differ between them:
    - `primary`: Whether this is the primary region. Required for one region if the routing policy is `failover`.
    - `traffic`: `serving` (default), or `drained` for a region that runs but receives no traffic.
    - `weight`: Share of the traffic, relative to the other regions, if the routing policy is `weighted`.
    - `environment`: Environment variables of the function in this region, merged with those in `function`.
    - `layers`: ARNs of Lambda layer versions in this region.
  EOT
  type = map(object({
    primary     = optional(bool)
    traffic     = optional(string)
    weight      = optional(number)
    environment = optional(map(string))
    layers      = optional(list(string))
  }))

  validation {
    condition     = length(var.regions) > 0
    error_message = "At least one region is required."
  }

  validation {
    condition     = alltrue([for region in keys(var.regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "Each key of regions must be the name of an AWS region, such as \"us-west-2\"."
  }

  validation {
    condition     = alltrue([for region in values(var.regions) : contains(["serving", "drained"], coalesce(region.traffic, "serving"))])
    error_message = "The traffic of a region must be \"serving\" or \"drained\"."
  }

  validation {
    condition     = anytrue([for region in values(var.regions) : coalesce(region.traffic, "serving") == "serving"])
    error_message = "At least one region must have the traffic \"serving\"."
  }
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

################################################################################
# Function
################################################################################

variable "function" {
  description = <<-EOT
    Lambda function that handles the requests, the same in every region:
    - `source_dir`: Directory with the code, which the provider zips. Conflicts with `filename`.
    - `filename`: Zip file with the code. Conflicts with `source_dir`.
    - `exclude`: Patterns of the files in `source_dir` to leave out of the zip file, as in `.gitignore`.
    - `handler`: Entry point, such as `app.handler`.
    - `runtime`: Lambda runtime, such as `python3.12`.
    - `architecture`: `arm64` (default) or `x86_64`.
    - `memory_mb`: Memory in MiB, from 128 to 10240. Defaults to 256.
    - `timeout_seconds`: Maximum duration of a request in seconds, from 1 to 30. Defaults to 10.
    - `environment`: Environment variables.
    - `log_retention_days`: Number of days to keep logs. Defaults to 14.
    - `policy_json`: IAM policy with the permissions of the function, in addition to writing its logs.
    - `tracing`: Whether to trace requests with AWS X-Ray. Defaults to `false`.
  EOT
  type = object({
    source_dir         = optional(string)
    filename           = optional(string)
    exclude            = optional(list(string))
    handler            = string
    runtime            = string
    architecture       = optional(string, "arm64")
    memory_mb          = optional(number, 256)
    timeout_seconds    = optional(number, 10)
    environment        = optional(map(string), {})
    log_retention_days = optional(number, 14)
    policy_json        = optional(string)
    tracing            = optional(bool, false)
  })

  validation {
    condition     = (var.function.source_dir == null) != (var.function.filename == null)
    error_message = "Exactly one of source_dir and filename must be set."
  }

  validation {
    condition     = var.function.memory_mb >= 128 && var.function.memory_mb <= 10240
    error_message = "The memory_mb of the function must be from 128 to 10240."
  }

  validation {
    # API Gateway ends a request to an HTTP API after 30 seconds.
    condition     = var.function.timeout_seconds >= 1 && var.function.timeout_seconds <= 30
    error_message = "The timeout_seconds of the function must be from 1 to 30, the maximum of an HTTP API."
  }
}

################################################################################
# Gateway
################################################################################

variable "gateway" {
  description = <<-EOT
    HTTP API in front of the function in each region:
    - `routes`: Route keys, such as `GET /items/{id}`. Defaults to `["$default"]`, which matches every request.
    - `cors`: Cross-origin resource sharing (CORS): which web pages may call the API from a browser.
    - `throttle`: Limit in each region: `rate`, the average number of requests per second, and `burst`, the largest
      number of requests at once.
  EOT
  type = object({
    routes = optional(list(string), ["$default"])
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
    - `zone_id`: ID of the hosted zone.
    - `regional_names`: Whether each region also gets a name, such as `us-west-2.api.example.com`, that always leads to
      that region. Defaults to `false`.
    - `base_path`: First segment of the path, such as `v1`.
  EOT
  type = object({
    name           = string
    zone_id        = string
    regional_names = optional(bool, false)
    base_path      = optional(string)
  })
  default = null
}

variable "routing" {
  description = <<-EOT
    How Route 53 chooses the region for a client. Has no effect without `domain`:
    - `policy`: `latency` (default), `failover` or `weighted`.
    - `drain_seconds`: Number of seconds to wait between the removal of a region's record and the destruction of the
      region. Defaults to 60.
    - `health_check`: Health check of each region. `path` defaults to `/health`. `interval_seconds` is 30 (default) or
      10. `failure_threshold` is the number of consecutive failures after which a region is unhealthy, and defaults to 3.
  EOT
  type = object({
    policy        = optional(string, "latency")
    drain_seconds = optional(number)
    health_check = optional(object({
      path              = optional(string, "/health")
      interval_seconds  = optional(number, 30)
      failure_threshold = optional(number, 3)
    }), {})
  })
  default = {}

  validation {
    condition     = contains(["latency", "failover", "weighted"], var.routing.policy)
    error_message = "The routing policy must be \"latency\", \"failover\" or \"weighted\"."
  }

  validation {
    condition     = try(contains([10, 30], var.routing.health_check.interval_seconds), true)
    error_message = "The interval_seconds of the health check must be 10 or 30."
  }
}

################################################################################
# CloudFront
################################################################################

variable "cdn" {
  description = <<-EOT
    CloudFront distribution in front of the regions:
    - `origin`: `latency` sends requests to the domain name that Route 53 routes to the regions, and requires `domain`.
      `group` sends requests to an origin group of two regions: to the primary region, and to the other one if that
      fails. An origin group only accepts GET, HEAD and OPTIONS requests. `key_value_store` lets a CloudFront function choose
      the region of each request from a table, so that a drain takes effect in seconds.
    - `failover_status_codes`: HTTP status codes of the first region for which CloudFront tries the second one.
      Defaults to `[502, 503, 504]`.
    - `read_paths`: Path patterns of the requests to send to the origin group, if not all of them are.
    - `price_class`: `PriceClass_100`, `PriceClass_200` or `PriceClass_All` (default).
    - `aliases`: Alternate domain names of the distribution.
  EOT
  type = object({
    origin                = string
    failover_status_codes = optional(list(number))
    read_paths            = optional(list(string))
    price_class           = optional(string)
    aliases               = optional(list(string))
  })
  default = null

  validation {
    condition     = var.cdn == null ? true : contains(["latency", "group", "key_value_store"], var.cdn.origin)
    error_message = "The origin must be \"latency\", \"group\" or \"key_value_store\"."
  }
}
