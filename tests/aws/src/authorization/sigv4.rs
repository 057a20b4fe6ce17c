//! Signatures of requests (AWS Signature Version 4), verified as API Gateway does.
//!
//! Source: AWS IAM user guide, "Create a signed AWS API request".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use sha2::{Digest, Sha256};

use crate::message::{Request, decode, encode};
use crate::operation::Scope;
use crate::proxy::SECRET_ACCESS_KEY;

/// How far the time of a signature may be from AWS's.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// The request has none.
    Missing,
    /// It is for another region or service.
    Scope,
    /// It is of another time.
    Time,
    /// It was made with another key, or for another request.
    Signature,
}

impl Invalid {
    /// The message of a REST API.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Missing => "Missing Authentication Token",
            Self::Scope => "Credential should be scoped to a valid region. ",
            Self::Time => "Signature expired",
            Self::Signature => {
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
            }
        }
    }
}

/// The parts of the header `Authorization`.
struct Parts<'a> {
    date: &'a str,
    scope: Scope,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(request: &'a Request) -> Option<Self> {
        let text = request.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let part = |name: &str| text.split(name).nth(1)?.split(',').next().map(str::trim);
        Some(Self {
            date: part("Credential=")?.split('/').nth(1)?,
            scope: Scope::of(&request.headers)?,
            headers: part("SignedHeaders=")?.split(';').collect(),
            signature: part("Signature=")?,
        })
    }
}

/// The scope of a valid signature for the service `execute-api` in `region`. `secret` is the secret key of an access key.
///
/// # Errors
/// The reason when it is not valid.
pub(crate) fn verify(
    request: &Request,
    region: &str,
    secret: impl FnOnce(&str) -> Option<String>,
) -> Result<Scope, Invalid> {
    let parts = Parts::of(request).ok_or(Invalid::Missing)?;
    if parts.scope.region != region || parts.scope.service != "execute-api" {
        return Err(Invalid::Scope);
    }
    let time = request.headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !time.starts_with(parts.date) || !is_now(time) {
        return Err(Invalid::Time);
    }
    if !parts.headers.contains(&"host") {
        return Err(Invalid::Signature);
    }
    let secret = secret(&parts.scope.key).ok_or(Invalid::Signature)?;
    let expected = signature(request, &parts.headers, time, &parts.scope, &secret);
    if parts.signature == expected { Ok(parts.scope) } else { Err(Invalid::Signature) }
}

/// The signature of a request.
pub(crate) fn signature(request: &Request, headers: &[&str], time: &str, scope: &Scope, secret: &str) -> String {
    let date = time.split('T').next().unwrap_or_default();
    let value = |name: &&str| {
        let values = request.headers.get_all(*name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let values: Vec<String> = values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        format!("{name}:{}\n", values.join(","))
    };
    // Each segment is encoded a second time, for every service but Amazon S3.
    let path = request.path.split('/').map(encode).collect::<Vec<_>>().join("/");
    let canonical = format!(
        "{}\n{path}\n{}\n{}\n{}\n{}",
        request.method,
        query(&request.query),
        headers.iter().map(value).collect::<String>(),
        headers.join(";"),
        hex(&Sha256::digest(&request.body)),
    );
    let region = &scope.region;
    let service = &scope.service;
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{date}/{region}/{service}/aws4_request\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, service, "aws4_request", &text] {
        key = sign(&Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
    }
    hex(&key)
}

/// The headers that sign a GET request to `path` of `host` now, with the credentials of an account.
pub(crate) fn sign_get(account: &str, (host, path): (&str, &str), region: &str) -> Vec<(String, String)> {
    let time = timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    let date = time.split('T').next().unwrap_or_default();
    let scope = Scope { key: account.to_owned(), region: region.to_owned(), service: "execute-api".to_owned() };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request {
        method: http::Method::GET,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    for (name, value) in [("host", host), ("x-amz-date", &time)] {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            request.headers.insert(name.parse::<http::HeaderName>().unwrap_or(http::header::HOST), value);
        }
    }
    let headers = ["host", "x-amz-date"];
    let signature = signature(&request, &headers, &time, &scope, SECRET_ACCESS_KEY);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={account}/{date}/{region}/execute-api/aws4_request, SignedHeaders={}, \
         Signature={signature}",
        headers.join(";")
    );
    vec![("authorization".to_owned(), authorization), ("x-amz-date".to_owned(), time)]
}

/// The parameters in the order of their names.
fn query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(&decode(name)), encode(&decode(value))))
        .collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a time as `20260101T000000Z` is near that of this machine.
fn is_now(time: &str) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    [now.saturating_sub(TOLERANCE), now + TOLERANCE].map(|limit| *time >= *timestamp(limit)).eq(&[true, false])
}

/// A time since 1970 as `20260101T000000Z`.
pub(crate) fn timestamp(time: Duration) -> String {
    crate::memory::date(time).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4;

    use super::*;

    /// A request that AWS's own library has signed.
    fn signed(region: &str, time: SystemTime) -> Request {
        let mut request = Request::for_test("GET", "/items/a%20b?b=2&a=1%2F", "");
        request.headers.insert("host", "abc.execute-api.us-east-1.amazonaws.com".parse().unwrap());
        let identity = Credentials::new("123456789012", "test", None, None, "test").into();
        let parameters = v4::SigningParams::builder().identity(&identity).region(region).name("execute-api");
        let parameters = parameters.time(time).settings(SigningSettings::default()).build().unwrap().into();
        let uri = format!("https://abc.execute-api.us-east-1.amazonaws.com{}?{}", request.path, request.query);
        let signable = SignableRequest::new("GET", uri, std::iter::empty(), SignableBody::Bytes(&[])).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request.headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        request
    }

    fn check(request: &Request, region: &str, secret: &str) -> Result<(), Invalid> {
        verify(request, region, |_| Some(secret.to_owned())).map(drop)
    }

    #[test]
    fn a_signature_of_the_sdk_is_valid_in_its_region_only() {
        let request = signed("us-east-1", SystemTime::now());
        assert_eq!(check(&request, "us-east-1", "test"), Ok(()));
        assert_eq!(check(&request, "us-west-2", "test"), Err(Invalid::Scope));
        assert_eq!(check(&request, "us-east-1", "other"), Err(Invalid::Signature));
        let other = Request { path: "/items/b".to_owned(), ..request };
        assert_eq!(check(&other, "us-east-1", "test"), Err(Invalid::Signature));
    }

    #[test]
    fn an_old_signature_and_a_missing_one_are_refused() {
        let old = signed("us-east-1", SystemTime::now() - TOLERANCE * 2);
        assert_eq!(check(&old, "us-east-1", "test"), Err(Invalid::Time));
        assert_eq!(check(&Request::for_test("GET", "/", ""), "us-east-1", "test"), Err(Invalid::Missing));
    }
}
