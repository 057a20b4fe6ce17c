//! `gateway`: the API Gateway of every region.

use std::collections::BTreeMap;

use crate::resources::shared::function::{PayloadFormat, RETENTION_DAYS, Throttle};
use crate::schema::{Attr, TextMap, Texts, attributes, choices};

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
        /// The text of an OpenAPI 3.0, OpenAPI 3.1 or Swagger 2.0 document, as JSON or YAML, instead of `routes`. An operation
        /// without `x-amazon-apigateway-integration` goes to the function that `x-multiregion-function`, its `operationId`,
        /// one of its tags or the first segment of its path names, or to the only function. In the values of API Gateway's
        /// extensions, `{region}`, `{account}`, `{partition}`, `{function}`, `{function.NAME}` (the ARN of a function's alias)
        /// and the names of `openapi_variables` in braces are placeholders.
        openapi: String = optional, example("file(\"openapi.yaml\")");
        /// The values of placeholders in `openapi`. A region can override them.
        openapi_variables: TextMap = optional, example("{ USER_POOL_ARN = aws_cognito_user_pool.this.arn }");
        cors: Cors = optional;
        /// How many requests each region accepts.
        throttle: Throttle = optional;
        access_log: AccessLog = optional;
        /// Whether the default `execute-api` endpoints are disabled, so that the API is reachable only at custom domain
        /// names. Health checks then need `domain.regional_names`, and so does CloudFront when it sends requests to single
        /// regions.
        disable_execute_api_endpoint: bool = optional, default(false);
        ip_address_type: IpAddressType = optional, default(IpAddressType::Ipv4);
        /// How long API Gateway waits for the function, in milliseconds. A REST API waits at most 29,000 milliseconds.
        timeout_ms: i64 = optional, default(30_000), range(50..=30_000);
        rest: Rest = optional;
        /// Authorizers, by name. A function names its authorizer in `authorizer`; in an OpenAPI document, a security scheme of
        /// the same name without a definition of its own uses it.
        authorizers: BTreeMap<String, Attr<Authorizer>> = optional;
        /// API keys of a REST API, by name. The same value is valid in every region. Requests need a key where the OpenAPI
        /// document requires one, or where the function has `api_key_required`. An empty object is a key with a generated value.
        api_keys: BTreeMap<String, Attr<ApiKey>> = optional;
    }

    /// Settings that only REST APIs have.
    pub(in crate::resources::api) struct Rest {
        /// The name of the stage, which is the first segment of the path at the default endpoint. Custom domain names lead to
        /// the stage without it.
        stage_name: String = optional, default("live");
        cache: StageCache = optional;
        /// Whether AWS X-Ray traces requests in API Gateway.
        tracing: bool = optional, default(false);
        /// Stage variables, which integrations of the OpenAPI document can use.
        stage_variables: TextMap = optional;
        /// Media types that API Gateway treats as binary, such as `image/png`, or `*/*` for all.
        binary_media_types: Texts = optional;
        /// The size in bytes from which API Gateway compresses responses. By default, it compresses none.
        minimum_compression_bytes: i64 = optional, range(0..=10_485_760);
        /// A resource policy in JSON, which decides who may call the API.
        policy_json: String = optional;
        /// Whether responses of functions are streamed to clients.
        response_streaming: bool = optional, default(false);
    }

    /// The cache of a REST API's stage, for the responses of GET methods. AWS bills each region's cache by the hour.
    pub(in crate::resources::api) struct StageCache {
        size_gb: CacheSize = required;
        /// How long a response is cached, in seconds.
        ttl_seconds: i64 = optional, default(300), range(0..=3_600);
        /// Whether cached responses are encrypted.
        encrypted: bool = optional, default(true);
    }

    /// How clients prove who they are. The same authorizer checks the requests in every region.
    pub(in crate::resources::api) struct Authorizer {
        kind: AuthorizerKind = required;
        /// The name of one of `functions` that authorizes requests, for `token` and `request`. By default, the function of the
        /// argument `function`.
        function: String = optional, example("\"authorizer\"");
        /// The ARN of a Lambda function of another configuration that authorizes requests, instead of `function`. `{region}`
        /// stands for the region. The policy of the function must allow API Gateway to call it.
        function_arn: String = optional;
        /// The header with the token, or for `request` without `identity_sources` the header that identifies a client.
        header: String = optional, default("Authorization");
        /// A regular expression that a token must match before the function is called, for `token`.
        token_pattern: String = optional;
        /// The parts of the request that identify a client, for `request`: in an HTTP API such as
        /// `$request.header.Authorization` or `$request.querystring.key`, in a REST API such as
        /// `method.request.header.Authorization`. API Gateway answers a request without them with 401 Unauthorized and does not
        /// call the function. By default, the header of `header`.
        identity_sources: Texts = optional;
        /// How long API Gateway caches the answer of a function, in seconds; 0 disables caching.
        cache_seconds: i64 = optional, default(300), range(0..=3_600);
        payload_format: PayloadFormat = optional;
        /// Whether the function returns `{ "isAuthorized": true }` instead of an IAM policy, for `request` in an HTTP API with the
        /// payload format 2.0.
        simple_responses: bool = optional, default(false);
        /// The ARNs of the user pools, for `cognito`. `{region}` stands for the region.
        user_pool_arns: Texts = optional;
        /// The URL of the issuer, for `jwt`. API Gateway reads the keys of the issuer at its
        /// `/.well-known/openid-configuration`.
        issuer: String = optional, example("\"https://login.example.com/\"");
        /// The audiences of which a token must have one in `aud`, or in `client_id` if it has no `aud`, for `jwt`.
        audiences: Texts = optional;
    }

    /// An API key. Its value is given in `value` or `value_wo`; otherwise the provider generates one, which `api_key_values`
    /// contains. A new value is valid in every region before the old one is deleted. To rotate a key without a gap for clients,
    /// add a second key, and remove the first one when no client uses it.
    pub(in crate::resources::api) struct ApiKey {
        /// The value that clients send in the header `x-api-key`: 20 to 128 characters. The state contains it.
        value: String = optional, sensitive();
        /// The value that clients send in the header `x-api-key`: 20 to 128 characters. Neither a plan nor the state contains it,
        /// so it can come from an ephemeral resource or variable. A new value takes effect only with another
        /// `value_wo_version`.
        value_wo: String = optional, write_only(), example("var.partner_key");
        /// The version of `value_wo`, which it requires. With another number, the key gets the current value of `value_wo`.
        value_wo_version: i64 = optional, range(0..=2_147_483_647), example("1");
        /// The number of the generated value. With another number, the provider generates another value.
        generation: i64 = optional, default(1), range(0..=2_147_483_647);
        quota: Quota = optional;
        /// How many requests each region accepts with this key.
        throttle: Throttle = optional;
    }

    /// How many requests each region accepts with a key in a period.
    pub(in crate::resources::api) struct Quota {
        /// The number of requests.
        limit: i64 = required, range(1..=2_147_483_647);
        period: Period = optional, default(Period::Month);
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
        /// The line, with `$context` variables of API Gateway, of which one is `$context.requestId` or
        /// `$context.extendedRequestId`. A newline at the end is ignored.
        format: String = optional, default(LOG_FORMAT);
        /// The days after which CloudWatch Logs deletes the lines; 0 keeps them forever.
        retention_days: i64 = optional, default(14), numbers(&RETENTION_DAYS);
    }
}

choices! {
    /// How clients reach the APIs and their custom domain names.
    pub(in crate::resources::api) enum IpAddressType {
        /// Over IPv4.
        Ipv4 = "ipv4",
        /// Over IPv4 and IPv6.
        Dualstack = "dualstack",
    }

    /// The kind of API.
    pub(in crate::resources::api) enum Protocol {
        /// An HTTP API of API Gateway.
        Http = "http",
        /// A REST API of API Gateway: with API keys, caching, request validation, resource policies and web ACLs.
        Rest = "rest",
    }

    /// The kind of an authorizer.
    pub(in crate::resources::api) enum AuthorizerKind {
        /// A Lambda function that receives one header. Only for REST APIs.
        Token = "token",
        /// A Lambda function that receives the request.
        Request = "request",
        /// Amazon Cognito user pools. Only for REST APIs; in an HTTP API, a user pool is the issuer of an authorizer `jwt`.
        Cognito = "cognito",
        /// JSON Web Tokens of one issuer, which are valid in every region.
        Jwt = "jwt",
        /// Signatures of AWS credentials, for the region that receives the request.
        Iam = "iam",
    }

    /// The size of a cache in GB.
    pub(in crate::resources::api) enum CacheSize {
        Half = "0.5",
        Small = "1.6",
        Medium = "6.1",
        Large = "13.5",
        Larger = "28.4",
        Huge = "58.2",
        Huger = "118",
        Hugest = "237",
    }

    /// The period of a quota.
    pub(in crate::resources::api) enum Period {
        /// A day, from midnight UTC.
        Day = "DAY",
        /// A week, from Sunday.
        Week = "WEEK",
        /// A calendar month.
        Month = "MONTH",
    }
}
