//! The settings of a gateway that become part of its definition.

use std::collections::BTreeMap;

use super::template::FunctionId;

/// The settings of a gateway.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::resources::api) struct Settings {
    /// The authorizers by name. In a document, a security scheme of the same name without a definition of its own uses it.
    pub(in crate::resources::api) authorizers: BTreeMap<String, Authorizer>,
    /// Cross-origin resource sharing.
    pub(in crate::resources::api) cors: Option<Cors>,
    /// The media types that a REST API treats as binary.
    pub(in crate::resources::api) binary_media_types: Vec<String>,
    /// The size in bytes from which a REST API compresses responses.
    pub(in crate::resources::api) minimum_compression_bytes: Option<i64>,
    /// The resource policy of a REST API, as JSON.
    pub(in crate::resources::api) policy_json: Option<String>,
    /// How long API Gateway waits for a function, in milliseconds. `None` for the default of API Gateway.
    pub(in crate::resources::api) timeout_ms: Option<i64>,
    /// Whether a REST API streams the responses of functions.
    pub(in crate::resources::api) streams: bool,
}

/// Cross-origin resource sharing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resources::api) struct Cors {
    /// The origins whose pages may call the API, or `*`.
    pub(in crate::resources::api) origins: Vec<String>,
    /// The HTTP methods that these pages may use, or `*`.
    pub(in crate::resources::api) methods: Vec<String>,
    /// The request headers that these pages may send.
    pub(in crate::resources::api) headers: Vec<String>,
    /// The response headers that these pages may read.
    pub(in crate::resources::api) exposed_headers: Vec<String>,
    /// Whether these pages may send cookies.
    pub(in crate::resources::api) credentials: bool,
    /// How long a browser may cache the answer to a preflight request, in seconds; -1 disables caching.
    pub(in crate::resources::api) max_age_seconds: Option<i64>,
}

/// A function that an authorizer calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resources::api) enum Lambda {
    /// A function of this API.
    Own(FunctionId),
    /// The ARN of another function.
    Arn(String),
}

/// How clients prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resources::api) enum Authorizer {
    /// A Lambda authorizer that receives one header. REST only.
    Token {
        /// The function.
        lambda: Lambda,
        /// The header with the token.
        header: String,
        /// A regular expression that the token must match.
        validation: Option<String>,
        /// How long API Gateway caches an answer, in seconds.
        ttl_seconds: Option<i64>,
        /// The ARN of the role with which API Gateway calls the function.
        role_arn: Option<String>,
    },
    /// A Lambda authorizer that receives the request.
    Request {
        /// The function. In an HTTP API, a document may give any URI, which is then a [`Lambda::Arn`].
        lambda: Lambda,
        /// The parts of a request that identify the client, such as `method.request.header.Authorization` in a REST API and
        /// `$request.header.Authorization` in an HTTP API.
        identity_sources: Vec<String>,
        /// How long API Gateway caches an answer, in seconds.
        ttl_seconds: Option<i64>,
        /// The ARN of the role with which API Gateway calls the function.
        role_arn: Option<String>,
        /// The payload format. HTTP only.
        payload_format: Option<String>,
        /// Whether the function answers with a Boolean instead of a policy. HTTP only.
        simple_responses: bool,
    },
    /// Amazon Cognito user pools. REST only.
    Cognito {
        /// The ARNs of the user pools.
        user_pool_arns: Vec<String>,
        /// The header with the token.
        header: String,
    },
    /// JSON Web Tokens of one issuer.
    Jwt {
        /// The URL of the issuer.
        issuer: String,
        /// The audiences.
        audiences: Vec<String>,
        /// The signing algorithms. REST only; RS256 if empty.
        algorithms: Vec<String>,
        /// The header with the token. An HTTP API may use another identity source, such as `$request.querystring.token`.
        header: String,
    },
    /// Signatures of AWS credentials.
    Iam,
}

/// Who may send a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resources::api) struct Authorization {
    /// The names of the authorizers. API Gateway uses one.
    pub(in crate::resources::api) authorizers: Vec<String>,
    /// The scopes of which a token needs one.
    pub(in crate::resources::api) scopes: Vec<String>,
    /// Whether requests must be signed with AWS credentials.
    pub(in crate::resources::api) iam: bool,
    /// Whether requests need an API key.
    pub(in crate::resources::api) api_key: bool,
}
