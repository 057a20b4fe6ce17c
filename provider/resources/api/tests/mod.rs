//! Tests of `multiregion_api` from HCL to components and back.

#![expect(clippy::too_many_lines, reason = "tables of cases")]

mod cdn;
mod edge_function;
mod expansion;
mod mistakes;
mod packages;
mod plans;
mod properties;
mod rollout;
mod roundtrip;
mod traffic;

/// One configuration per topology, as a user would write it.
const TOPOLOGIES: [(&str, &str); 34] = [
    ("one region", ONE_REGION),
    ("active-active", ACTIVE_ACTIVE),
    ("failover", FAILOVER),
    ("weighted", WEIGHTED),
    ("many functions", FUNCTIONS),
    ("authorizers", AUTHORIZERS),
    ("no function", NO_FUNCTION),
    ("REST API", REST),
    ("REST API with a document", REST_DOCUMENT),
    ("existing role and certificates", EXISTING_OBJECTS),
    ("cdn with an origin group", CDN_GROUP),
    ("cdn with an origin group and a domain", CDN_GROUP_DOMAIN),
    ("cdn with a latency origin", CDN_LATENCY),
    ("geolocation", GEOLOCATION),
    ("geoproximity", GEOPROXIMITY),
    ("IP-based", IP_BASED),
    ("nested failover", NESTED_FAILOVER),
    ("alarms and routing controls", ALARMS),
    ("failover with existing health checks", EXISTING_CHECKS),
    ("cdn in full", CDN_FULL),
    ("cdn with a staging distribution", CDN_STAGING),
    ("cdn with an edge function", CDN_EDGE),
    ("several names", NAMES),
    ("several names behind CloudFront", NAMES_CDN),
    ("several names behind an origin group", NAMES_CDN_GROUP),
    ("public and private zone", PRIVATE_ZONE),
    ("private zone only", ONLY_PRIVATE_ZONE),
    ("mutual TLS", MUTUAL_TLS),
    ("mutual TLS without functions", MUTUAL_TLS_NO_FUNCTION),
    ("certificates by e-mail", EMAIL),
    ("names at another DNS service", NO_ZONE),
    ("cdn with names at another DNS service", NO_ZONE_CDN),
    ("cdn with a key value store", CDN_STORE),
    ("cdn with a key value store by country", CDN_STORE_COUNTRY),
];

const ONE_REGION: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {} }
function = {
  source_dir              = "src"
  exclude                 = ["*.md"]
  handler                 = "app.handler"
  runtime                 = "python3.12"
  policy_json             = "{ \"Version\": \"2012-10-17\", \"Statement\": [] }"
  provisioned_concurrency = 2
}
gateway = {
  routes     = ["GET /items/{id}", "$default"]
  cors       = { allow_origins = ["https://www.example.com"], allow_credentials = true }
  throttle   = { rate = 0.5, burst = 10 }
  access_log = {}
}
tags = { team = "web" }

retain_logs = true
"#;

const ACTIVE_ACTIVE: &str = r#"
name    = "ipgiraffe"
regions = {
  "us-east-1"    = { primary = true }
  "us-west-2"    = {}
  "eu-central-1" = { environment = { GREETING = "Hallo" } }
}
drained  = ["eu-central-1"]
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12", environment = { STAGE = "test" } }
domain   = { name = "api.ipgiraffe.com", zone_id = "Z0123456789", regional_names = true, base_path = "v1" }
routing  = { policy = "latency", health_check = { path = "/health" } }
"#;

const FAILOVER: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = { primary = true } }
function = { filename = "app.zip", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { policy = "failover", health_check = { interval_seconds = 10 } }
"#;

const WEIGHTED: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1" = { weight = 0, image_uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1" }
  "us-west-2" = { weight = 10, image_uri = "123456789012.dkr.ecr.us-west-2.amazonaws.com/a:1", reserved_concurrency = 5 }
}
function = { tracing = true, layers = [] }
domain   = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true }
gateway  = { disable_execute_api_endpoint = true }
routing  = { policy = "weighted", health_check = {} }
"#;

const FUNCTIONS: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1" = {}
  "us-west-2" = {
    environment = { REGION = "west" }
    functions = {
      orders = { environment = { STAGE = "canary" }, reserved_concurrency = 3 }
    }
  }
}
function  = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
functions = {
  orders = {
    source_dir     = "other"
    handler        = "app.handler"
    runtime        = "python3.12"
    routes         = ["ANY /orders", "ANY /orders/{id}"]
    throttle       = { rate = 5, burst = 10 }
    payload_format = "1.0"
    environment    = { STAGE = "live" }
  }
  reports = {
    filename = "reports.zip"
    handler  = "app.handler"
    runtime  = "python3.12"
    role_arn = "arn:aws:iam::123456789012:role/reports"
    routes   = ["GET /reports"]
  }
}
gateway = { routes = ["GET /health"] }
domain  = { name = "api.example.com", zone_id = "Z0123456789" }
routing = { health_check = { path = "/health" } }
"#;

const AUTHORIZERS: &str = r#"
name      = "giraffe"
regions   = { "us-east-1" = {}, "us-west-2" = {} }
function  = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
functions = {
  gate   = { source_dir = "gate", handler = "app.handler", runtime = "python3.12" }
  admin  = { source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /admin"], authorizer = "AWS_IAM" }
  keys   = { source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /keys"], authorizer = "keys" }
  orders = {
    source_dir           = "src"
    handler              = "app.handler"
    runtime              = "python3.12"
    routes               = ["ANY /orders"]
    authorizer           = "users"
    authorization_scopes = ["orders/write", "orders/read"]
  }
}
gateway = {
  routes      = ["GET /health"]
  authorizers = {
    users = { kind = "jwt", issuer = "https://login.example.com/", audiences = ["shop"] }
    keys  = {
      kind             = "request"
      function         = "gate"
      identity_sources = ["$request.header.X-Key", "$request.querystring.key"]
      cache_seconds    = 60
      simple_responses = true
    }
    partners = { kind = "request", function_arn = "arn:aws:lambda:{region}:123456789012:function:partners", payload_format = "1.0", header = "X-Partner" }
  }
}
"#;

const REST: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
functions = {
  orders = {
    source_dir           = "src"
    handler              = "app.handler"
    runtime              = "python3.12"
    routes               = ["ANY /orders/{path+}"]
    throttle             = { rate = 5, burst = 10 }
    api_key_required     = true
    authorizer           = "users"
    authorization_scopes = ["orders/read"]
  }
}
gateway = {
  protocol    = "rest"
  routes      = ["GET /health"]
  throttle    = { rate = 100, burst = 50 }
  access_log  = {}
  rest        = { cache = { size_gb = "0.5" }, tracing = true, stage_variables = { color = "blue" } }
  api_keys = {
    partner = { value = "0123456789abcdefghij", quota = { limit = 1000 }, throttle = { rate = 1, burst = 2 } }
    shop    = { generation = 2 }
  }
  authorizers = { users = { kind = "cognito", user_pool_arns = ["arn:aws:cognito-idp:{region}:123456789012:userpool/x"] } }
}
domain  = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true, base_path = "v1" }
routing = { health_check = { path = "/health" } }
"#;

const REST_DOCUMENT: &str = r#"
name      = "giraffe"
regions   = {
  "us-east-1" = { web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/acl/1" }
  "us-west-2" = {}
}
functions = {
  orders = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
}
gateway = {
  protocol          = "rest"
  openapi           = "{ \"openapi\": \"3.0.1\", \"paths\": { \"/orders\": { \"get\": {} } } }"
  openapi_variables = { color = "blue" }
}
cdn = { origin = "group" }
"#;

const NO_FUNCTION: &str = r#"
name    = "giraffe"
regions = { "us-east-1" = {}, "us-west-2" = {} }
domain  = { name = "api.example.com", zone_id = "Z0123456789", base_path = "v1" }
routing = { health_check = { path = "/health" } }
"#;

const EXISTING_OBJECTS: &str = r#"
name     = "giraffe"
regions  = {
  "us-west-2" = {
    s3  = { bucket = "code-us-west-2", key = "app.zip" }
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }
}
function = {
  handler  = "app.handler"
  runtime  = "python3.12"
  role_arn = "arn:aws:iam::123456789012:role/mine"
}
domain = {
  name        = "api.example.com"
  zone_id     = "Z0123456789"
  certificate = {
    arns = {
      "us-east-1" = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      "us-west-2" = "arn:aws:acm:us-west-2:123456789012:certificate/2"
    }
  }
}
cdn = { origin = "latency", aliases = ["www.example.com"] }
"#;

const CDN_GROUP: &str = r#"
name     = "giraffe"
regions  = { "eu-central-1" = {}, "us-east-1" = { primary = true }, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
cdn      = { origin = "group", group_order = ["us-east-1", "eu-central-1"] }
"#;

const CDN_GROUP_DOMAIN: &str = r#"
name     = "giraffe"
regions  = { "eu-central-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
cdn      = { origin = "group", read_paths = ["/public/*"] }
"#;

const CDN_LATENCY: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { health_check = {} }
cdn      = { origin = "latency", read_paths = ["/public/*"], failover_status_codes = [500] }
"#;

const GEOLOCATION: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1"    = { locations = ["*"] }
  "us-west-2"    = { locations = ["US-WA", "country:NA", "NA"] }
  "eu-central-1" = { locations = ["EU", "DE"] }
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = {
  policy       = "geolocation"
  health_check = {
    inverted        = true
    disabled        = true
    checker_regions = ["us-west-2", "eu-west-1", "us-east-1"]
    calculated      = { threshold = 2 }
  }
}
"#;

const GEOPROXIMITY: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = { bias = -10 }, "eu-central-1" = { bias = 99 } }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { policy = "geoproximity", health_check = { protocol = "tcp", path = "/" } }
"#;

const IP_BASED: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1"    = { cidrs = ["*", "203.0.113.9/24"] }
  "eu-central-1" = { cidrs = ["2001:0DB8::/32", "198.51.100.0/24"] }
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { policy = "ip_based", evaluate_target_health = false }
"#;

const NESTED_FAILOVER: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = { primary = true }, "eu-central-1" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { policy = "failover", health_check = { calculated = { threshold = 1 } } }
"#;

const ALARMS: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1"    = { health_alarm = { name = "errors" } }
  "us-west-2"    = { health_alarm = { name = "errors", region = "us-east-1", insufficient_data = "unhealthy" } }
  "eu-central-1" = {
    routing_control_arn = "arn:aws:route53-recovery-control::123456789012:controlpanel/1/routingcontrol/2"
  }
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
"#;

const EXISTING_CHECKS: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1" = { primary = true, health_check_id = "11111111-2222-3333-4444-555555555555" }
  "us-west-2" = {}
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789" }
routing  = { policy = "failover" }
"#;

const CDN_STORE: &str = r#"
name     = "giraffe"
regions  = { "eu-central-1" = { weight = 30 }, "us-east-1" = { primary = true }, "us-west-2" = {} }
drained  = ["us-west-2"]
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
routing  = { policy = "weighted" }
cdn      = {
  origin                = "key_value_store"
  failover_status_codes = [500, 502]
  read_paths            = ["/public/*"]
  behaviors             = { "/west/*" = { region = "us-east-1", writes = true } }
}
"#;

const CDN_STORE_COUNTRY: &str = r#"
name     = "giraffe"
regions  = {
  "eu-central-1" = { locations = ["EU", "country:SA"] }
  "us-east-1"    = { locations = ["*"] }
  "us-west-2"    = { locations = ["MX", "GB"] }
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true }
routing  = { policy = "geolocation" }
cdn      = { origin = "key_value_store", read_paths = ["/public/*"] }
"#;

const CDN_STAGING: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = { primary = true }, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true }
routing  = { health_check = { path = "/" } }
cdn = {
  origin          = "latency"
  http_version    = "http2"
  read_paths      = ["/public/*"]
  cache           = { default_ttl_seconds = 60 }
  error_responses = { "404" = { cache_seconds = 60 } }
  staging = {
    percent        = 5
    session        = { idle_seconds = 600 }
    cache          = { default_ttl_seconds = 5 }
    behaviors      = { "/static/*" = { response_headers = { remove = ["X-Powered-By"] } }, "/new/*" = { region = "us-west-2" } }
    origin_headers = { x-staging = "yes" }
  }
}
"#;

const CDN_FULL: &str = r#"
name     = "giraffe"
regions  = { "eu-north-1" = {}, "us-east-1" = { primary = true }, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true }
cdn = {
  origin               = "group"
  group_order          = ["us-east-1", "eu-north-1"]
  invalidate_on_change = ["/*"]
  cache                = { default_ttl_seconds = 60, key = { headers = ["Accept-Language"], cookies = [], query_strings = ["page"] } }
  behaviors = {
    "/static/*" = {
      cache            = { min_ttl_seconds = 60, default_ttl_seconds = 3600, max_ttl_seconds = 86400, key = { headers = [], cookies = [], query_strings = [] } }
      response_headers = { set = { X-Served-By = "giraffe" }, remove = ["X-Powered-By"] }
    }
    "/west/*"   = { group = ["us-west-2", "us-east-1"], cache = { policy = "CachingOptimized" }, response_headers = { policy = "SimpleCORS" } }
    "/orders/*" = { writes = true, compress = false, viewer_protocol = "https-only" }
    "/admin/*"  = { writes = true, region = "us-west-2", precedence = 1 }
  }
  comment             = "all settings"
  http_version        = "http2"
  ipv6                = false
  minimum_tls_version = "TLSv1.3_2025"
  geo_restriction     = { allow = ["AT", "DE"] }
  logging             = { bucket = "logs.s3.amazonaws.com", prefix = "cdn/", include_cookies = true }
  error_responses     = { "404" = { cache_seconds = 60 }, "503" = { response_status = 200, page_path = "/static/sorry" } }
  connection          = { attempts = 2, timeout_seconds = 5, read_timeout_seconds = 20, keepalive_timeout_seconds = 10, completion_timeout_seconds = 40 }
  origin_shield       = {}
  origin_headers      = { x-origin-verify = "secret" }
  client_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/client"
  web_acl_arn         = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl/1"
}
"#;

const CDN_EDGE: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = { primary = true }, "eu-central-1" = {} }
drained  = ["eu-central-1"]
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", zone_id = "Z0123456789", regional_names = true, base_path = "v1" }
routing  = { policy = "failover", health_check = {} }
cdn = {
  origin    = "edge_function"
  behaviors = {
    "/v1/static/*" = {}
    "/v1/west/*"   = { region = "us-west-2", writes = true }
    "/v1/orders/*" = { writes = true }
  }
}
"#;
const NAMES: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = { primary = true }, "eu-central-1" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain = {
  name             = "api.example.com"
  additional_names = ["shop.example.com", "*.tenants.example.com", "a.api.example.com"]
  zone_id          = "Z0123456789"
  regional_names   = true
}
routing = { policy = "failover", health_check = {} }
"#;

const NAMES_CDN: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", additional_names = ["www.example.com", "direct.example.com"], zone_id = "Z0123456789" }
cdn      = { origin = "latency", aliases = ["api.example.com", "www.example.com", "shop.example.com"] }
"#;

const NAMES_CDN_GROUP: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = { primary = true }, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "shop.example.com", additional_names = ["api.example.com"], zone_id = "Z0123456789" }
cdn      = { origin = "group" }
"#;

const PRIVATE_ZONE: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = { primary = true }, "eu-central-1" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain = {
  name             = "api.example.com"
  additional_names = ["shop.example.com"]
  zone_id          = "Z0123456789"
  private_zone_id  = "ZPRIVATE"
  regional_names   = true
}
routing = { policy = "failover", health_check = {} }
"#;

const ONLY_PRIVATE_ZONE: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", private_zone_id = "ZPRIVATE" }
routing  = { health_check = {} }
"#;

const MUTUAL_TLS: &str = r#"
name     = "giraffe"
regions  = {
  "us-east-1" = {}
  "us-west-2" = { mutual_tls = { truststore_uri = "s3://west/authorities.pem", truststore_version = "v2" } }
}
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12", payload_format = "1.0" }
gateway  = { disable_execute_api_endpoint = true }
domain   = {
  name           = "api.example.com"
  zone_id        = "Z0123456789"
  regional_names = true
  mutual_tls     = { truststore_uri = "s3://truststore/authorities.pem" }
}
routing  = { health_check = { protocol = "tcp" } }
"#;

const MUTUAL_TLS_NO_FUNCTION: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = { mutual_tls = { truststore_uri = "s3://east/authorities.pem" } } }
gateway  = { disable_execute_api_endpoint = true }
domain   = {
  name        = "api.example.com"
  zone_id     = "Z0123456789"
  certificate = { arns = { "us-east-1" = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }
  mutual_tls  = { ownership_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/2" }
}
"#;

const EMAIL: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = {
  name        = "api.example.com"
  zone_id     = "Z0123456789"
  certificate = { validation = "email", key_algorithm = "EC_secp384r1", wildcard = true }
}
"#;

const NO_ZONE: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", additional_names = ["shop.example.com"], regional_names = true }
"#;

const NO_ZONE_CDN: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = { primary = true }, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
domain   = { name = "api.example.com", certificate = { key_algorithm = "EC_prime256v1" } }
cdn      = { origin = "latency" }
"#;
