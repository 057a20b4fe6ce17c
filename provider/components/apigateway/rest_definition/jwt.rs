//! The settings of the JWT authorizers of a REST API, which the SDK does not return: they are read from the response itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::{CallError, Regional};
use crate::components::apigateway::rest;
use crate::components::support::answer::none_if_missing;

/// The type of these authorizers, as AWS spells it.
pub(super) const JWT: &str = "JWT";

/// The settings of a JWT authorizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundJwt {
    /// The URL of the issuer.
    pub issuer: String,
    /// The audiences.
    pub audiences: Vec<String>,
}

/// The settings of the JWT authorizers that have one issuer, by the names of the authorizers.
pub(super) async fn settings(aws: &Regional, id: &str) -> Result<BTreeMap<String, FoundJwt>, CallError> {
    let response = Response::default();
    let request = || {
        let request = aws.apigateway().get_authorizers().rest_api_id(id).limit(rest::PAGE);
        request.customize().interceptor(response.clone()).send()
    };
    none_if_missing(aws.call("apigateway:GetAuthorizers", request).await)?;
    Ok(parsed(&response.0.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// The body of the last response.
#[derive(Debug, Clone, Default)]
struct Response(Arc<Mutex<Vec<u8>>>);

impl Intercept for Response {
    fn name(&self) -> &'static str {
        "Response"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        Ok(())
    }
}

fn parsed(body: &[u8]) -> BTreeMap<String, FoundJwt> {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    let authorizers = body.get("item").and_then(Json::as_array).into_iter().flatten();
    let found = authorizers.filter_map(|authorizer| {
        let issuers = authorizer.pointer("/jwtConfiguration/issuers")?.as_array()?;
        let [issuer] = issuers.as_slice() else { return None };
        Some((authorizer.get("name")?.as_str()?.to_owned(), FoundJwt::deserialize(issuer).ok()?))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_from_a_response() {
        let one = json!({ "issuer": "https://login.example.com/", "audiences": ["shop"] });
        let with = |issuers: Json| json!({ "name": "users", "type": JWT, "jwtConfiguration": { "issuers": issuers } });
        let of = |authorizer: Json| parsed(json!({ "item": [authorizer] }).to_string().as_bytes());
        let expected = FoundJwt { issuer: "https://login.example.com/".to_owned(), audiences: vec!["shop".to_owned()] };
        assert_eq!(of(with(json!([one]))), BTreeMap::from([("users".to_owned(), expected)]));
        assert!(of(with(json!([one, one]))).is_empty(), "no argument has several issuers");
        assert!(of(json!({ "name": "gate", "type": "TOKEN" })).is_empty());
        assert!(parsed(b"no JSON").is_empty());
    }
}
