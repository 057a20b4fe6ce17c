//! AWS's managed policies: names, ids, and the facts that decide whether an API can use them. Pure.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Use managed cache policies", "Use managed origin request policies", "Use
//! managed response headers policies".

/// A managed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Managed {
    /// The name without the prefix `Managed-`.
    pub name: &'static str,
    /// The id, which is the same in every account.
    pub id: &'static str,
    /// Whether the origin receives the viewer's `Host` header. API Gateway rejects it.
    pub forwards_host: bool,
    /// Of a cache policy: whether `Authorization` is in the cache key, or nothing is cached. Of an origin request policy:
    /// whether the origin receives `Authorization`.
    pub authorization: bool,
}

const fn managed(name: &'static str, id: &'static str, forwards_host: bool, authorization: bool) -> Managed {
    Managed { name, id, forwards_host, authorization }
}

/// Responses are not cached.
pub const CACHING_DISABLED: Managed = managed("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", false, true);
/// The origin receives everything but the viewer's `Host` header.
pub const ALL_VIEWER_EXCEPT_HOST: Managed =
    managed("AllViewerExceptHostHeader", "b689b0a8-53d0-40ab-baf2-68738e2966ac", false, true);

/// The managed cache policies.
pub const CACHE_POLICIES: &[Managed] = &[
    managed("Amplify", "2e54312d-136d-493c-8eb9-b001f22f67d2", true, true),
    CACHING_DISABLED,
    managed("CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6", false, false),
    managed("CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d", false, false),
    managed("Elemental-MediaPackage", "08627262-05a9-4f76-9ded-b50ca2e3a84f", false, false),
    managed("UseOriginCacheControlHeaders", "83da9c7e-98b4-4e11-a168-04f0df8e2c65", true, false),
    managed("UseOriginCacheControlHeaders-QueryStrings", "4cc15a8a-d715-48a4-82b8-cc0b614638fe", true, false),
];

/// The managed origin request policies.
pub const ORIGIN_REQUEST_POLICIES: &[Managed] = &[
    managed("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", true, true),
    managed("AllViewerAndCloudFrontHeaders-2022-06", "33f36d7e-f396-46d9-90e0-52428a34d9dc", true, true),
    ALL_VIEWER_EXCEPT_HOST,
    managed("CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1", false, false),
    managed("CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", false, false),
    managed("Elemental-MediaTailor-PersonalizedManifests", "775133bc-15f2-49f9-abea-afb2e0bf67d2", false, false),
    managed("HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae", true, false),
    managed("UserAgentRefererHeaders", "acba4595-bd28-49b8-b9fe-13317c0390fa", false, false),
];

/// The managed response headers policies.
pub const RESPONSE_HEADERS_POLICIES: &[Managed] = &[
    managed("CORS-and-SecurityHeadersPolicy", "e61eb60c-9c35-4d20-a928-2b84e02af89c", false, false),
    managed("CORS-With-Preflight", "5cc3b908-e619-4b99-88e5-2cf7f45965bd", false, false),
    managed("CORS-with-preflight-and-SecurityHeadersPolicy", "eaab4381-ed33-4a86-88ca-d9558dc6cd63", false, false),
    managed("SecurityHeadersPolicy", "67f7725c-6f97-4210-82d7-5512b31e9d03", false, false),
    managed("SimpleCORS", "60669652-455b-4ae9-85a4-c4c02393f86c", false, false),
];

/// The managed policy with this name or id. The name may have the prefix `Managed-`, as in the console.
pub fn find(policies: &[Managed], name_or_id: &str) -> Option<Managed> {
    let name = name_or_id.strip_prefix("Managed-").unwrap_or(name_or_id);
    policies.iter().find(|policy| policy.name == name || policy.id == name_or_id).copied()
}

/// Whether a text has the form of a policy's id: a UUID.
pub fn is_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_by_name_and_by_id() {
        for name in ["CachingDisabled", "Managed-CachingDisabled", CACHING_DISABLED.id] {
            assert_eq!(find(CACHE_POLICIES, name), Some(CACHING_DISABLED), "{name}");
        }
        assert_eq!(find(CACHE_POLICIES, "cachingdisabled"), None);
    }

    #[test]
    fn every_id_has_the_form_of_an_id() {
        for policy in [CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES].concat() {
            assert!(is_id(policy.id), "{policy:?}");
        }
        assert!(!is_id("CachingDisabled") && !is_id("4135ea2d-6df8-44a3-9df3"));
    }
}
