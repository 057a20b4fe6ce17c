//! JSON Web Tokens, verified as API Gateway does.
//!
//! Sources: Amazon API Gateway developer guide, "Control access to HTTP APIs with JWT authorizers in API Gateway" and "Control
//! access to REST APIs using Amazon Cognito user pools as an authorizer"; RFC 7519.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use super::base64;
use super::issuers::Issuers;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// It is no signed token of the issuer.
    Token(&'static str),
    /// It is valid no more.
    Expired,
}

impl Invalid {
    /// The description in the header `www-authenticate`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Token(why) => why,
            Self::Expired => "the token has expired",
        }
    }
}

/// The claims of a token in the value of a header, which the issuer signed and which is valid now.
pub(crate) async fn verify(issuers: &Issuers, header: &str, issuer: &str) -> Result<Value, Invalid> {
    let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
    let malformed = Invalid::Token("invalid number of segments");
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (head, claims) = signed.split_once('.').ok_or(malformed)?;
    let head = json(head).ok_or(malformed)?;
    let claims = json(claims).ok_or(malformed)?;
    if head["alg"] != "RS256" {
        return Err(Invalid::Token("signing method is invalid"));
    }
    if claims["iss"] != issuer {
        return Err(Invalid::Token("invalid issuer"));
    }
    let keys = issuers.keys(issuer).await.ok_or(Invalid::Token("the issuer does not answer"))?;
    let key = keys.iter().find(|key| key["kid"] == head["kid"] && key["kty"] == "RSA");
    let key = key.ok_or(Invalid::Token("unable to find a signing key that matches the key id"))?;
    let part = |name: &str| base64::decode(key[name].as_str()?);
    let verified = part("n").zip(part("e")).zip(base64::decode(signature)).is_some_and(|((n, e), signature)| {
        RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok()
    });
    if !verified {
        return Err(Invalid::Token("signature is invalid"));
    }
    check_times(&claims)?;
    Ok(claims)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&base64::decode(part)?).ok()
}

fn check_times(claims: &Value) -> Result<(), Invalid> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    let at = |name: &str| claims[name].as_f64();
    // API Gateway requires an expiration.
    if at("exp").is_none_or(|expiration| expiration <= now) {
        return Err(Invalid::Expired);
    }
    if at("nbf").is_some_and(|first| first > now) {
        return Err(Invalid::Token("the token is not valid yet"));
    }
    if at("iat").is_some_and(|issued| issued > now) {
        return Err(Invalid::Token("the token was issued in the future"));
    }
    Ok(())
}

/// Whether a token is for one of `audiences`: by `aud`, and only without it by `client_id`.
pub(crate) fn has_audience(claims: &Value, audiences: &[&str]) -> bool {
    let claim = if claims["aud"].is_null() { &claims["client_id"] } else { &claims["aud"] };
    values(claim).iter().any(|audience| audiences.contains(audience))
}

/// Whether a token has one of `scopes`, in `scope` or `scp`. A route without scopes needs none.
pub(crate) fn has_scope(claims: &Value, scopes: &[&str]) -> bool {
    let claim = if claims["scope"].is_null() { &claims["scp"] } else { &claims["scope"] };
    scopes.is_empty() || values(claim).iter().flat_map(|one| one.split(' ')).any(|scope| scopes.contains(&scope))
}

/// The texts of a claim: one, or a list.
fn values(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_client_id_counts_only_without_an_audience() {
        let id = |claims: Value| has_audience(&claims, &["shop"]);
        assert!(id(json!({ "aud": "shop" })) && id(json!({ "aud": ["other", "shop"] })));
        assert!(id(json!({ "client_id": "shop" })));
        assert!(!id(json!({ "aud": "other", "client_id": "shop" })) && !id(json!({})));
    }

    #[test]
    fn one_scope_suffices() {
        let scope = |claims: Value| has_scope(&claims, &["read", "write"]);
        assert!(scope(json!({ "scope": "a write" })) && scope(json!({ "scp": ["read"] })));
        assert!(!scope(json!({ "scope": "reads" })) && !scope(json!({})));
        assert!(has_scope(&json!({}), &[]));
    }

    #[test]
    fn times_are_checked() {
        let far = 4_102_444_800_u64;
        assert_eq!(check_times(&json!({ "exp": far, "nbf": 1, "iat": 1 })), Ok(()));
        assert_eq!(check_times(&json!({ "exp": 1 })), Err(Invalid::Expired));
        assert_eq!(check_times(&json!({})), Err(Invalid::Expired));
        assert!(check_times(&json!({ "exp": far, "nbf": far })).is_err());
    }
}
