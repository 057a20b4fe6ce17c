//! Who may send a request to an API: signatures, tokens, and functions that authorize.

pub(crate) mod base64;
pub(crate) mod issuers;
pub(crate) mod jwt;
pub(crate) mod lambda;
pub(crate) mod rest;
pub(crate) mod sigv4;

use crate::message::{Request, decode};

/// The value of a part of a request, such as `$request.header.Authorization` or `method.request.querystring.key`; `None` when
/// the request does not have it.
pub(crate) fn identity(source: &str, request: &Request) -> Option<String> {
    let source = source.strip_prefix("method.").or_else(|| source.strip_prefix('$'))?;
    let part = source.strip_prefix("request.")?;
    if let Some(name) = part.strip_prefix("header.") {
        let value = request.headers.get(name.to_lowercase())?.to_str().ok()?;
        return Some(value.to_owned()).filter(|value| !value.is_empty());
    }
    let name = part.strip_prefix("querystring.")?;
    let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| decode(key) == name).map(|(_, value)| decode(value)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read_from_both_spellings() {
        let mut request = Request::for_test("GET", "/a?key=a%20b&empty=", "");
        request.headers.insert("x-user", "me".parse().unwrap());
        for (source, expected) in [
            ("$request.header.X-User", Some("me")),
            ("method.request.header.x-user", Some("me")),
            ("$request.querystring.key", Some("a b")),
            ("$request.querystring.empty", None),
            ("$request.header.Other", None),
        ] {
            assert_eq!(identity(source, &request).as_deref(), expected, "{source}");
        }
    }
}
