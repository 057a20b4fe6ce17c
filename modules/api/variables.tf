################################################################################
# What it is
################################################################################

variable "name" {
  description = "Name of the API. It is part of the name of everything that is made."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "A name has up to 40 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "regions" {
  description = <<-EOT
    Regions that the API lives in, by name, with what is different there:
    - `primary`: with failover, the region that answers as long as it is healthy.
    - `traffic`: `serving`, or `drained` for a region that runs and gets no traffic.
    - `weight`: with weighted routing, its share of the traffic.
    - `environment`: environment variables besides those of `function`.
    - `layers`: ARNs of this region's layer versions.
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
    error_message = "An API lives in at least one region."
  }

  validation {
    condition     = alltrue([for region in keys(var.regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "The keys of regions are the names of AWS regions, such as us-west-2."
  }

  validation {
    condition     = alltrue([for region in values(var.regions) : contains(["serving", "drained"], coalesce(region.traffic, "serving"))])
    error_message = "The traffic of a region is \"serving\" or \"drained\"."
  }

  validation {
    condition     = anytrue([for region in values(var.regions) : coalesce(region.traffic, "serving") == "serving"])
    error_message = "At least one region must serve: not all of them can be drained."
  }
}

variable "function" {
  description = <<-EOT
    The function that answers, the same in every region:
    - `source_dir`: the folder with its code; or `filename`: a zip file.
    - `handler`, `runtime`: what Lambda calls, and with what.
    - `policy_json`: what the function may do in AWS besides writing its log.
    - `exclude`: patterns of what is left out of `source_dir`.
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
    error_message = "The code is given by source_dir or by filename: by one of them."
  }

  validation {
    condition     = var.function.memory_mb >= 128 && var.function.memory_mb <= 10240
    error_message = "A function has 128 to 10240 MB of memory."
  }

  validation {
    # HTTP APIs give up after 30 seconds, whatever the function is allowed.
    condition     = var.function.timeout_seconds >= 1 && var.function.timeout_seconds <= 30
    error_message = "A function behind an HTTP API has 1 to 30 seconds to answer."
  }
}

################################################################################
# How it is reached
################################################################################

variable "gateway" {
  description = "What each region's HTTP API takes: its routes, which browsers may call it from elsewhere, and how many requests."
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

variable "domain" {
  description = <<-EOT
    The name that the API answers at, in a hosted zone of this account. Without it, each region answers at its own
    endpoint, and `cdn` at CloudFront's name.
    - `regional_names`: also `us-west-2.api.example.com` and so on, to ask one region.
    - `base_path`: the first part of the path, such as `v1`.
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
  description = "How Route 53 chooses among the regions (`latency`, `failover`, `weighted`), and how it tells that one is healthy."
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
    error_message = "The policy is \"latency\", \"failover\" or \"weighted\"."
  }

  validation {
    condition     = try(contains([10, 30], var.routing.health_check.interval_seconds), true)
    error_message = "Route 53 checks every 10 or every 30 seconds."
  }
}

variable "cdn" {
  description = <<-EOT
    CloudFront in front of the regions:
    - `origin`: `latency` asks the name that Route 53 routes (needs `domain`); `group` asks the primary region and, when
      that fails, the other one: reads only.
    - `read_paths`: with `latency`, the paths that are only read, and so may be asked of the group.
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
    condition     = var.cdn == null ? true : contains(["latency", "group"], var.cdn.origin)
    error_message = "The origin is \"latency\" or \"group\"."
  }
}

################################################################################
# How it is kept
################################################################################

variable "tags" {
  description = "Tags for everything that is made."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether a destroy is refused."
  type        = bool
  default     = false
}
