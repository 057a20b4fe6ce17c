//! `gateway`: the API Gateway of every region.

use crate::resources::shared::function::{RETENTION_DAYS, Throttle};
use crate::schema::{Texts, attributes, choices};

/// The line of an access log when the user gives no format.
const LOG_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","#,
    r#""method":"$context.httpMethod","path":"$context.path","route":"$context.routeKey","status":"$context.status","#,
    r#""latencyMs":"$context.responseLatency","error":"$context.integrationErrorMessage"}"#,
);

attributes! {
    /// The API Gateway of every region.
    pub(in crate::resources::api) struct Gateway {
        protocol: Protocol = optional, default(Protocol::Http);
        /// Route keys: `"$default"` for every request, or a method and a path such as `"GET /items/{id}"` or
        /// `"ANY /files/{path+}"`.
        routes: Texts = optional, default(["$default"]), example("[\"GET /items\", \"POST /items\"]");
        cors: Cors = optional;
        /// How many requests each region accepts.
        throttle: Throttle = optional;
        access_log: AccessLog = optional;
        /// Whether the default `execute-api` endpoints are disabled, so that the API is reachable only at custom domain
        /// names. Health checks then need `domain.regional_names`, and so does CloudFront when it sends requests to single
        /// regions.
        disable_execute_api_endpoint: bool = optional, default(false);
        /// How long API Gateway waits for the function, in milliseconds.
        timeout_ms: i64 = optional, default(30_000), range(50..=30_000);
    }

    /// Cross-origin resource sharing: which web pages may call the API.
    pub(in crate::resources::api) struct Cors {
        /// Origins whose pages may call the API.
        allow_origins: Texts = optional, example("[\"https://www.example.com\"]");
        /// HTTP methods that these pages may use; `*` allows every method.
        allow_methods: Texts = optional, example("[\"GET\", \"POST\"]");
        /// Request headers that these pages may send.
        allow_headers: Texts = optional, example("[\"content-type\"]");
        /// Response headers that these pages may read.
        expose_headers: Texts = optional;
        /// Whether these pages may send cookies. Not allowed together with the origin `*`.
        allow_credentials: bool = optional, default(false);
        /// How long a browser may cache the answer to a preflight request, in seconds; -1 disables caching.
        max_age_seconds: i64 = optional, range(-1..=86_400);
    }

    /// Access logging: one line for every request, in the log group `/aws/vendedlogs/multiregion/NAME/access` of the region.
    pub(in crate::resources::api) struct AccessLog {
        /// The line, with `$context` variables of API Gateway.
        format: String = optional, default(LOG_FORMAT);
        /// The days after which CloudWatch Logs deletes the lines; 0 keeps them forever.
        retention_days: i64 = optional, default(14), numbers(&RETENTION_DAYS);
    }
}

choices! {
    /// The kind of API.
    pub(in crate::resources::api) enum Protocol {
        /// An HTTP API of API Gateway.
        Http = "http",
    }
}
