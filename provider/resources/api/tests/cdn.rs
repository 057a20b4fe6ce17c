//! `cdn` expands to the expected distribution and policies, and its mistakes are reported.

use serde_json::{Value as Json, json};

use super::super::testing::{config, expand};
use super::mistakes::validate;
use crate::components::cloudfront::managed::{ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED};
use crate::desired::Address;

fn spec(hcl: &str, address: &str) -> Json {
    let address: Address = address.parse().unwrap();
    let desired = expand(&config(hcl)).unwrap().desired;
    desired.get(&address).unwrap_or_else(|| panic!("{address} is missing")).spec.clone()
}

fn behavior(distribution: &Json, pattern: &str) -> Json {
    let all = distribution["behaviors"].as_array().unwrap();
    all.iter().find(|behavior| behavior[0] == pattern).unwrap_or_else(|| panic!("{pattern}"))[1].clone()
}

/// The addresses of the components of a kind.
fn addresses(hcl: &str, kind: &str) -> Vec<String> {
    let desired = expand(&config(hcl)).unwrap().desired;
    desired.nodes().keys().filter(|address| address.kind == kind).map(ToString::to_string).collect()
}

fn reference(address: &str) -> Json {
    json!({ "$ref": address, "output": "id" })
}

#[test]
fn all_requests_to_an_origin_group_are_cached_as_the_api_says() {
    let distribution = spec(super::CDN_GROUP, "global/distribution");
    assert_eq!(
        distribution["groups"],
        json!([{ "id": "regions", "primary": "us-east-1", "secondary": "eu-central-1", "status_codes": [502, 503, 504] }])
    );
    assert_eq!(distribution["origins"].as_object().unwrap().len(), 2);
    let default = &distribution["default_behavior"];
    assert_eq!((&default["target"], &default["writes"]), (&json!("regions"), &json!(false)));
    assert_eq!(default["cache_policy_id"], reference("global/cache_policy"));
    assert_eq!(default["origin_request_policy_id"], ALL_VIEWER_EXCEPT_HOST.id);
    insta::assert_snapshot!(spec(super::CDN_GROUP, "global/cache_policy"), @r#"{"cookies":"all","default_ttl_seconds":0,"headers":["Authorization","Origin"],"max_ttl_seconds":31536000,"min_ttl_seconds":0,"name":"giraffe","query_strings":"all"}"#);
}

#[test]
fn a_latency_origin_caches_only_read_paths() {
    let distribution = spec(super::CDN_LATENCY, "global/distribution");
    assert_eq!(distribution["origins"]["latency"]["host"], "origin.api.example.com");
    assert_eq!(distribution["aliases"], json!(["api.example.com"]));
    let default = &distribution["default_behavior"];
    assert_eq!((&default["target"], &default["writes"]), (&json!("latency"), &json!(true)));
    assert_eq!(default["cache_policy_id"], CACHING_DISABLED.id);
    let public = behavior(&distribution, "/public/*");
    assert_eq!((&public["target"], &public["cache_policy_id"]), (&json!("regions"), &reference("global/cache_policy")));
    assert_eq!(distribution["groups"][0]["secondary"], "us-east-1");
}

#[test]
fn the_names_of_a_distribution_with_http3_have_https_records() {
    let types = |settings: &str, record: &str| {
        let hcl = super::CDN_LATENCY.replace("read_paths", &format!("{settings} read_paths"));
        spec(&hcl, record)["types"].clone()
    };
    let alias = "global/record/api.example.com";
    assert_eq!(types("", alias), json!(["A", "AAAA", "HTTPS"]));
    assert_eq!(types("http_version = \"http3\",", alias), json!(["A", "AAAA", "HTTPS"]));
    assert_eq!(types("http_version = \"http2\",", alias), json!(["A", "AAAA"]));
    assert_eq!(types("", "global/record/origin.api.example.com"), json!(["A", "AAAA"]), "API Gateway has no HTTP/3");
}

#[test]
fn an_alias_and_its_record_are_taken_over_only_where_that_is_desired() {
    let taken = super::CDN_LATENCY.replace("read_paths", "take_over_aliases = true, read_paths");
    let expanded = |hcl: &str| {
        let record = |name: &str| spec(hcl, &format!("global/record/{name}"))["take_over"].clone();
        let distribution = spec(hcl, "global/distribution")["take_over"].clone();
        (distribution, record("api.example.com"), record("origin.api.example.com"))
    };
    assert_eq!(expanded(super::CDN_LATENCY), (Json::Null, Json::Null, Json::Null));
    assert_eq!(expanded(&taken), (json!({ "zone_id": "Z0123456789" }), json!(true), Json::Null));
}

#[test]
fn every_path_has_its_own_settings() {
    let distribution = spec(super::CDN_FULL, "global/distribution");
    let order: Vec<&str> =
        distribution["behaviors"].as_array().unwrap().iter().map(|behavior| behavior[0].as_str().unwrap()).collect();
    assert_eq!(order, ["/admin/*", "/orders/*", "/static/*", "/west/*"]);
    let of = |pattern: &str| behavior(&distribution, pattern);
    assert_eq!(
        (of("/admin/*")["target"].clone(), of("/orders/*")["target"].clone()),
        (json!("us-west-2"), json!("us-east-1"))
    );
    assert_eq!(of("/west/*")["target"], "us-west-2_us-east-1");
    assert_eq!(of("/orders/*")["cache_policy_id"], CACHING_DISABLED.id);
    assert_eq!(
        distribution["default_behavior"]["target"], "regions",
        "a path with writes leaves the others to the group"
    );
    assert_eq!(distribution["groups"].as_array().unwrap().len(), 2);
    assert_eq!(distribution["origins"]["eu-north-1"]["shield_region"], "eu-west-2");
    assert_eq!(distribution["comment"], "giraffe: all settings");
}

/// Where the cache key lacks credentials, the API does not receive them, so that no response depends on them.
#[test]
fn the_api_receives_no_credentials_that_are_not_in_the_cache_key() {
    let distribution = spec(super::CDN_FULL, "global/distribution");
    let request = |pattern: &str| behavior(&distribution, pattern)["origin_request_policy_id"].clone();
    assert_eq!(request("/static/*"), reference("global/origin_request_policy"));
    assert_eq!(request("/west/*"), reference("global/origin_request_policy"), "CachingOptimized has no key");
    assert_eq!(request("/orders/*"), ALL_VIEWER_EXCEPT_HOST.id);
    let policy = spec(super::CDN_FULL, "global/origin_request_policy");
    assert_eq!(policy, json!({ "name": "giraffe", "headers_except": ["Authorization", "Host"] }));
    let partly =
        super::CDN_GROUP.replace("origin = \"group\"", "origin = \"group\", cache = { key = { cookies = [] } }");
    assert_eq!(addresses(&partly, "origin_request_policy"), ["global/origin_request_policy/with-authorization"]);
    assert_eq!(spec(&partly, "global/origin_request_policy/with-authorization")["headers_except"], json!(["Host"]));
}

/// The settings of the first string, with a staging distribution that tries out those of the second one.
fn staged(settings: &str, staging: &str) -> String {
    let cdn =
        format!("origin = \"latency\", http_version = \"http2\", {settings}, staging = {{ percent = 5, {staging} }}");
    super::CDN_LATENCY.replace("origin = \"latency\"", &cdn)
}

#[test]
fn a_staging_distribution_has_the_settings_of_the_primary_one_except_those_that_it_tries_out() {
    let hcl = staged("comment = \"public\"", "error_responses = { \"404\" = { cache_seconds = 60 } }");
    let (primary, mut staging) = (spec(&hcl, "global/distribution"), spec(&hcl, "global/distribution/staging"));
    assert_eq!(staging["error_responses"][0]["status"], 404);
    assert_eq!((&staging["aliases"], &staging["certificate_arn"]), (&json!([]), &Json::Null));
    assert_eq!((&staging["staging"], &staging["comment"]), (&json!(true), &json!("giraffe (staging)")));
    for field in ["error_responses", "aliases", "certificate_arn", "comment", "tags"] {
        staging[field] = primary[field].clone();
    }
    staging.as_object_mut().unwrap().remove("staging");
    assert_eq!(staging, primary);
    let policy = spec(&hcl, "global/continuous_deployment_policy");
    let reference = |address: &str, output: &str| json!({ "$ref": address, "output": output });
    assert_eq!(policy["distribution_id"], reference("global/distribution", "id"));
    assert_eq!(policy["staging_domain_name"], reference("global/distribution/staging", "domain_name"));
    assert_eq!(policy["traffic"], json!({ "share": { "percent": 5, "session": null } }));
    assert_eq!(addresses(super::CDN_LATENCY, "continuous_deployment_policy"), [""; 0]);
}

#[test]
fn a_staging_distribution_has_policies_of_its_own_where_they_differ() {
    let same = staged("price_class = \"PriceClass_100\"", "geo_restriction = { block = [\"AQ\"] }");
    assert_eq!(addresses(&same, "cache_policy"), ["global/cache_policy"]);
    let other = staged("price_class = \"PriceClass_100\"", "cache = { default_ttl_seconds = 5 }");
    assert_eq!(addresses(&other, "cache_policy"), ["global/cache_policy", "global/cache_policy/staging"]);
    let staging = spec(&other, "global/distribution/staging");
    assert_eq!(behavior(&staging, "/public/*")["cache_policy_id"], reference("global/cache_policy/staging"));
    assert_eq!(spec(&other, "global/cache_policy/staging")["name"], "giraffe-staging");
}

#[test]
fn invalid_staging_is_rejected() {
    let header = "header = { name = \"aws-cf-cd-x\", value = \"1\" }";
    let rows = [
        ("percent = 5, cache = {}", ""),
        ("percent = 5", "Staging without settings @ cdn.staging"),
        ("cache = {}", "Staging without requests @ cdn.staging"),
        ("percent = 16, cache = {}", "Number out of range @ cdn.staging.percent"),
        ("percent = 5, HEADER, cache = {}", "Conflicting requests for staging @ cdn.staging.percent"),
        ("HEADER, session = {}, cache = {}", "Session without a share @ cdn.staging.session"),
        (
            "percent = 5, session = { idle_seconds = 600, maximum_seconds = 300 }, cache = {}",
            "Session times out of order @ cdn.staging.session.idle_seconds",
        ),
        (
            "header = { name = \"x-preview\", value = \"1\" }, cache = {}",
            "Invalid staging header @ cdn.staging.header.name",
        ),
        (
            "header = { name = \"aws-cf-cd-x\", value = \"\" }, cache = {}",
            "Invalid staging header @ cdn.staging.header.value",
        ),
        ("percent = 5, cache = { policy = \"Cachings\" }", "Unknown policy @ cdn.staging.cache.policy"),
        (
            "percent = 5, behaviors = { \"/a\" = { region = \"xx-1\" } }",
            "Not a serving region @ cdn.staging.behaviors[\"/a\"].region",
        ),
        ("percent = 5, read_paths = [\"/a\", \"/a\"]", "Duplicate path pattern @ cdn.staging.read_paths[1]"),
    ];
    for (staging, expected) in rows {
        let staging = staging.replace("HEADER", header);
        let settings = format!("http_version = \"http2\", staging = {{ {staging} }}");
        check_group(&[(&settings, expected)]);
    }
    check_group(&[("staging = { percent = 5, cache = {} }", "Staging with HTTP/3 @ cdn.http_version")]);
}

#[test]
fn changed_code_invalidates_after_every_alias_has_moved() {
    let address: Address = "global/invalidation".parse().unwrap();
    let desired = expand(&config(super::CDN_FULL)).unwrap().desired;
    let node = desired.get(&address).unwrap();
    assert_eq!(node.spec["paths"], json!(["/*"]));
    assert_eq!(node.spec["content"]["us-west-2"], json!({ "$ref": "us-west-2/version", "output": "number" }));
    for region in ["us-east-1", "eu-north-1", "us-west-2"] {
        assert!(node.depends_on.contains(&format!("{region}/alias").parse().unwrap()), "{region}");
    }
    assert_eq!(addresses(super::CDN_GROUP, "invalidation"), [""; 0]);
}

fn check(domain: bool, rows: &[(&str, &str)]) {
    for (hcl, expected) in rows {
        let expected: Vec<&str> = if expected.is_empty() { Vec::new() } else { expected.split(" + ").collect() };
        assert_eq!(validate(hcl, domain), expected, "{hcl}");
    }
}

/// `cdn` with an origin group and more arguments.
fn group(more: &str) -> String {
    format!("cdn = {{ origin = \"group\", {more} }}")
}

fn check_group(rows: &[(&str, &str)]) {
    for (more, expected) in rows {
        check(false, &[(&group(more), expected)]);
    }
}

#[test]
fn invalid_caches_are_rejected() {
    check_group(&[
        ("cache = { max_ttl_seconds = 0 }", "Number out of range @ cdn.cache.max_ttl_seconds"),
        (
            "cache = { min_ttl_seconds = 20, max_ttl_seconds = 10 }",
            "Times to live out of order @ cdn.cache.min_ttl_seconds",
        ),
        (
            "cache = { min_ttl_seconds = 20, default_ttl_seconds = 10 }",
            "Times to live out of order @ cdn.cache.default_ttl_seconds",
        ),
        ("cache = { min_ttl_seconds = 20 }", ""),
        ("cache = { policy = \"CachingOptimised\" }", "Unknown policy @ cdn.cache.policy"),
        ("cache = { policy = \"658327ea-f89d-4fab-a63d-7e88639e58f6\" }", ""),
        ("cache = { policy = \"UseOriginCacheControlHeaders\" }", "Host header reaches the API @ cdn.cache.policy"),
        (
            "cache = { policy = \"CachingDisabled\", min_ttl_seconds = 1 }",
            "Conflicting cache settings @ cdn.cache.policy",
        ),
        ("cache = { key = { headers = [\"host\"] } }", "Host header reaches the API @ cdn.cache.key.headers[0]"),
        ("cache = { key = { headers = [\"*\"] } }", "Invalid header in a cache key @ cdn.cache.key.headers[0]"),
        ("cache = { key = { headers = [\"Cookie\"] } }", "Invalid header in a cache key @ cdn.cache.key.headers[0]"),
        ("cache = { key = { headers = [\"A\", \"a\"] } }", "Duplicate name in a cache key @ cdn.cache.key.headers[1]"),
        (
            "cache = { key = { cookies = [\"*\", \"a\"] } }",
            "Conflicting names in a cache key @ cdn.cache.key.cookies[0]",
        ),
        ("cache = { key = { cookies = [\"\"] } }", "Invalid name in a cache key @ cdn.cache.key.cookies[0]"),
        (
            "cache = { key = { query_strings = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", \"k\"] } }",
            "Too many names in a cache key @ cdn.cache.key.query_strings",
        ),
        ("invalidate_on_change = [\"items\"]", "Invalid invalidation path @ cdn.invalidate_on_change[0]"),
        ("invalidate_on_change = [\"/*/a\"]", "Invalid invalidation path @ cdn.invalidate_on_change[0]"),
    ]);
    check(true, &[(r#"cdn = { origin = "latency", cache = {} }"#, "Cache without read paths @ cdn.cache")]);
}

#[test]
fn invalid_behaviors_are_rejected() {
    let behaviors = |rows: &[(&str, &str)]| {
        for (rule, expected) in rows {
            let more = format!("behaviors = {{ \"/a/*\" = {{ {rule} }} }}");
            let expected = expected.replace("AT", r#"cdn.behaviors["/a/*"]"#);
            check(false, &[(&group(&more), &expected)]);
        }
    };
    behaviors(&[
        ("", ""),
        ("precedence = 1001", "Number out of range @ AT.precedence"),
        ("viewer_protocol = \"http\"", "Unsupported value @ AT.viewer_protocol"),
        ("writes = true, group = [\"us-east-1\", \"us-west-2\"]", "Writes to an origin group @ AT.writes"),
        ("region = \"us-east-1\", group = [\"us-east-1\", \"us-west-2\"]", "Conflicting origins @ AT.region"),
        ("region = \"eu-west-1\"", "Not a serving region @ AT.region"),
        ("group = [\"us-east-1\"]", "Origin group needs two regions @ AT.group"),
        ("group = [\"us-east-1\", \"us-east-1\"]", "Duplicate region @ AT.group[1]"),
        ("group = [\"us-east-1\", \"eu-west-1\"]", "Not a serving region @ AT.group[1]"),
        ("cache = { policy = \"x\" }", "Unknown policy @ AT.cache.policy"),
        ("origin_request_policy = \"AllViewer\"", "Host header reaches the API @ AT.origin_request_policy"),
        (
            "origin_request_policy = \"AllViewerExceptHostHeader\", cache = { policy = \"CachingOptimized\" }",
            "Cached responses are shared between users @ AT.origin_request_policy",
        ),
        ("origin_request_policy = \"AllViewerExceptHostHeader\"", ""),
        ("response_headers = {}", "Empty response headers @ AT.response_headers"),
        (
            "response_headers = { policy = \"SimpleCORS\", remove = [\"a\"] }",
            "Conflicting response headers @ AT.response_headers.policy",
        ),
        (
            "response_headers = { set = { X-Frame-Options = \"DENY\" } }",
            r#"Header needs a policy @ AT.response_headers.set["X-Frame-Options"]"#,
        ),
        ("response_headers = { remove = [\"a b\"] }", "Invalid header name @ AT.response_headers.remove[0]"),
    ]);
    check_group(&[
        ("read_paths = [\"/a\"], behaviors = { \"/a\" = {} }", r#"Duplicate path pattern @ cdn.behaviors["/a"]"#),
        ("behaviors = { \"a b\" = {} }", r#"Invalid path pattern @ cdn.behaviors["a b"]"#),
    ]);
    let many: Vec<String> = (0..25).map(|number| format!("\"/{number}\" = {{}}")).collect();
    check_group(&[(&format!("behaviors = {{ {} }}", many.join(", ")), "Too many path patterns @ cdn.behaviors")]);
    let many: Vec<String> =
        (0..10).map(|number| format!("\"/{number}\" = {{ group = [\"us-east-1\", \"us-west-2\"] }}")).collect();
    check_group(&[(&format!("behaviors = {{ {} }}", many.join(", ")), "Too many origin groups @ cdn.behaviors")]);
}

#[test]
fn every_serving_region_belongs_to_a_group() {
    let three = "regions = { \"eu-west-1\" = {} }\n";
    let cdn = |more: &str| format!("{three}cdn = {{ origin = \"group\"{more} }}");
    check(
        false,
        &[
            (&cdn(""), "Regions outside of the origin group @ cdn.origin"),
            (&cdn(", group_order = [\"us-west-2\", \"us-east-1\"]"), ""),
            (&cdn(", behaviors = { \"/west/*\" = { region = \"us-west-2\" } }"), ""),
            (&cdn(", group_order = [\"us-west-2\"]"), "Origin group needs two regions @ cdn.group_order"),
            (&cdn(", group_order = [\"us-west-2\", \"us-west-2\"]"), "Duplicate region @ cdn.group_order[1]"),
            (&cdn(", group_order = [\"us-west-2\", \"us-west-1\"]"), "Not a serving region @ cdn.group_order[1]"),
        ],
    );
    let latency = r#"cdn = { origin = "latency", group_order = ["us-east-1", "us-west-2"] }"#;
    check(true, &[(latency, "Group order without an origin group @ cdn.group_order")]);
}

#[test]
fn writes_reach_only_paths_that_accept_them() {
    let routes = |routes: &str, more: &str| format!("gateway = {{ routes = [{routes}] }}\n{}", group(more));
    let orders = r#"behaviors = { "/orders/*" = { writes = true } }"#;
    check(
        false,
        &[
            (&routes(r#""GET /", "POST /orders/{id}""#, orders), ""),
            (&routes(r#""GET /", "POST /items""#, orders), "Writes to an origin group @ gateway.routes[1]"),
            (&routes(r#""GET /", "POST /items""#, r#"read_paths = ["/"]"#), ""),
        ],
    );
}

#[test]
fn invalid_settings_are_rejected() {
    check_group(&[
        ("http_version = \"http4\"", "Unsupported value @ cdn.http_version"),
        ("minimum_tls_version = \"TLSv1.4\"", "Unsupported value @ cdn.minimum_tls_version"),
        ("geo_restriction = {}", "Unclear geographic restriction @ cdn.geo_restriction"),
        (
            "geo_restriction = { allow = [\"AT\"], block = [\"DE\"] }",
            "Unclear geographic restriction @ cdn.geo_restriction",
        ),
        ("geo_restriction = { allow = [] }", "No countries @ cdn.geo_restriction.allow"),
        ("geo_restriction = { block = [\"de\"] }", "Invalid country code @ cdn.geo_restriction.block[0]"),
        ("logging = { bucket = \"logs\" }", "Invalid logging bucket @ cdn.logging.bucket"),
        ("error_responses = { \"418\" = { cache_seconds = 1 } }", r#"Unsupported status @ cdn.error_responses["418"]"#),
        ("error_responses = { \"404\" = {} }", r#"Empty error response @ cdn.error_responses["404"]"#),
        (
            "error_responses = { \"404\" = { page_path = \"/a\" } }",
            r#"Incomplete error response @ cdn.error_responses["404"].page_path"#,
        ),
        (
            "error_responses = { \"404\" = { page_path = \"a\", response_status = 200 } }",
            r#"Invalid page path @ cdn.error_responses["404"].page_path"#,
        ),
        (
            "error_responses = { \"404\" = { page_path = \"/a\", response_status = 201 } }",
            r#"Unsupported status @ cdn.error_responses["404"].response_status"#,
        ),
        ("connection = { attempts = 4 }", "Number out of range @ cdn.connection.attempts"),
        ("connection = { timeout_seconds = 11 }", "Number out of range @ cdn.connection.timeout_seconds"),
        ("connection = { read_timeout_seconds = 121 }", "Number out of range @ cdn.connection.read_timeout_seconds"),
        (
            "connection = { completion_timeout_seconds = 20 }",
            "Completion timeout shorter than the read timeout @ cdn.connection.completion_timeout_seconds",
        ),
        ("origin_shield = { region = \"eu-north-1\" }", "Unsupported value @ cdn.origin_shield.region"),
        ("origin_headers = { Host = \"a\" }", r#"Invalid origin header @ cdn.origin_headers["Host"]"#),
        ("origin_headers = { X-Amz-A = \"a\" }", r#"Invalid origin header @ cdn.origin_headers["X-Amz-A"]"#),
        ("origin_headers = { X-A = \"\" }", r#"Empty origin header @ cdn.origin_headers["X-A"]"#),
        ("web_acl_arn = \"acl\"", "Invalid web ACL ARN @ cdn.web_acl_arn"),
        (
            "web_acl_arn = \"arn:aws:wafv2:eu-west-1:1:regional/webacl/a/1\"",
            "Web ACL with the wrong scope @ cdn.web_acl_arn",
        ),
        ("web_acl_arn = \"arn:aws:wafv2:us-east-1:1:global/webacl/a/1\"", ""),
    ]);
    let long = format!("comment = \"{}\"", "a".repeat(90));
    check_group(&[(&long, "Comment too long @ cdn.comment")]);
    let many: Vec<String> = (0..31).map(|number| format!("x-{number} = \"a\"")).collect();
    check_group(&[(
        &format!("origin_headers = {{ {} }}", many.join(", ")),
        "Too many origin headers @ cdn.origin_headers",
    )]);
}

#[test]
fn a_function_chooses_a_region_from_a_table() {
    let distribution = spec(super::CDN_STORE, "global/distribution");
    let origins: Vec<&String> = distribution["origins"].as_object().unwrap().keys().collect();
    assert_eq!(origins, ["eu-central-1", "us-east-1", "us-west-2"], "a drained region is an origin, too");
    assert_eq!(distribution["groups"], json!([]));
    let default = &distribution["default_behavior"];
    assert_eq!((&default["target"], &default["writes"]), (&json!("us-east-1"), &json!(true)));
    let function = json!({ "$ref": "global/viewer_function", "output": "arn" });
    assert_eq!(default["viewer_function_arn"], function);
    let public = behavior(&distribution, "/public/*");
    assert_eq!((&public["target"], &public["viewer_function_arn"]), (&json!("us-east-1"), &function));
    let west = behavior(&distribution, "/west/*");
    assert_eq!(west["viewer_function_arn"], Json::Null, "a path with a region of its own needs no function");

    let table = spec(super::CDN_STORE, "global/key_values");
    assert_eq!((&table["steering"], &table["failover_status_codes"]), (&json!("weight"), &json!([500, 502])));
    let regions = table["regions"].as_object().unwrap();
    assert_eq!(regions.keys().collect::<Vec<_>>(), ["eu-central-1", "us-east-1"]);
    assert_eq!(regions["eu-central-1"]["value"], json!({ "primary": false, "weight": 30, "countries": [] }));
    let ready: Vec<&str> =
        regions["us-east-1"]["$ready"].as_array().unwrap().iter().map(|address| address.as_str().unwrap()).collect();
    for address in ["us-east-1/probe", "global/distribution"] {
        assert!(ready.contains(&address), "{ready:?}");
    }
    let code = spec(super::CDN_STORE, "global/viewer_function")["code"].as_str().unwrap().to_owned();
    assert!(code.contains("['eu-central-1', 'us-east-1', 'us-west-2']"), "{code}");
    assert_eq!(addresses(super::CDN_STORE_COUNTRY, "record").len(), 4, "no record is routed to the regions");
}

#[test]
fn the_countries_of_a_continent_exclude_those_of_other_regions() {
    let table = spec(super::CDN_STORE_COUNTRY, "global/key_values");
    let countries = |region: &str| -> Vec<String> {
        serde_json::from_value(table["regions"][region]["value"]["countries"].clone()).unwrap()
    };
    let europe = countries("eu-central-1");
    assert!(europe.contains(&"DE".to_owned()) && europe.contains(&"SA".to_owned()), "{europe:?}");
    assert!(!europe.contains(&"GB".to_owned()), "{europe:?}");
    assert_eq!((countries("us-west-2"), countries("us-east-1")), (vec!["GB".to_owned(), "MX".to_owned()], Vec::new()));
    assert_eq!(table["regions"]["us-east-1"]["value"]["primary"], true);
    // CloudFront adds the country only where a policy selects it.
    let distribution = spec(super::CDN_STORE_COUNTRY, "global/distribution");
    let by_country = reference("global/cache_policy/by-country");
    assert_eq!(distribution["default_behavior"]["cache_policy_id"], by_country);
    for policy in ["global/cache_policy", "global/cache_policy/by-country"] {
        let headers = spec(super::CDN_STORE_COUNTRY, policy)["headers"].clone();
        assert_eq!(headers, json!(["Authorization", "CloudFront-Viewer-Country", "Origin"]), "{policy}");
    }
    assert_eq!(spec(super::CDN_STORE_COUNTRY, "global/cache_policy/by-country")["max_ttl_seconds"], 1);
}

/// Draining a region, and changing its weight, changes nothing but the table.
#[test]
fn a_drain_changes_only_the_table() {
    let nodes = |hcl: &str| expand(&config(hcl)).unwrap().desired.nodes().clone();
    // A region with a path of its own cannot be drained.
    let (start, end) = super::CDN_STORE.split_once("  behaviors").unwrap();
    let hcl = format!("{start}{}", end.split_once('\n').unwrap().1);
    let before = nodes(&hcl);
    for change in [
        ("drained  = [\"us-west-2\"]", "drained  = [\"us-west-2\", \"us-east-1\"]"),
        ("{ weight = 30 }", "{ weight = 0 }"),
        ("drained  = [\"us-west-2\"]", "drained  = [\"eu-central-1\", \"us-west-2\"]"),
        ("drained  = [\"us-west-2\"]", ""),
    ] {
        let after = nodes(&hcl.replace(change.0, change.1));
        assert_ne!(hcl, hcl.replace(change.0, change.1));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{change:?}");
        let changed: Vec<String> = before
            .iter()
            .filter(|(address, node)| after[*address].spec != node.spec)
            .map(|(address, _)| address.to_string())
            .collect();
        assert_eq!(changed, ["global/key_values"], "{change:?}");
    }
}

#[test]
fn mistakes_with_a_key_value_store() {
    let store = |more: &str| format!("cdn = {{ origin = \"key_value_store\" }}\n{more}");
    let three = r#"regions = { "us-east-1" = { locations = ["*"] }, "us-west-2" = { locations = ["US-WA"] } }"#;
    let rows = [
        (store(""), ""),
        (store("routing = { policy = \"weighted\" }"), ""),
        (store("routing = { policy = \"geoproximity\" }"), "Policy not available in CloudFront @ routing.policy"),
        (
            store(&format!("{three}\nrouting = {{ policy = \"geolocation\" }}")),
            "Location not available in CloudFront @ regions[\"us-west-2\"].locations[0]",
        ),
        (
            "cdn = { origin = \"key_value_store\", group_order = [\"us-east-1\", \"us-west-2\"] }".to_owned(),
            "Group order without an origin group @ cdn.group_order",
        ),
        (
            "cdn = { origin = \"key_value_store\", aliases = [\"www.example.com\"] }".to_owned(),
            "Aliases without a domain @ cdn.aliases",
        ),
        (store("routing = { health_check = {} }"), "Health check without a domain @ routing.health_check"),
    ];
    for (hcl, expected) in &rows {
        check(false, &[(hcl, expected)]);
    }
    let with_domain = store("routing = { health_check = {} }");
    check(true, &[(&with_domain, "Health check without records @ routing.health_check")]);
}
