//! The topologies under test. Each is tested with all operations.

use serde_json::{Value as Json, json};

use super::host::StoredResource;
use super::operations::SWITCHES;
use super::world::{World, config, resource, text};

/// The zone of all domains.
pub(super) const ZONE: &str = "faults.example";

/// The topology whose APIs have web ACLs.
const WEB_ACLS: &str = "web-acls";

/// A topology.
pub(super) struct Topology {
    pub(super) name: &'static str,
    /// Its configuration, given the id of the zone.
    pub(super) config: fn(&World, &str) -> Json,
    /// How it is tested.
    pub(super) tests: Tests,
}

/// The operations and faults with which a topology is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tests {
    /// All operations except switches between topologies, with every fault at every call.
    All,
    /// These operations, with one fault at every call: the full product would take hours. Each fault comes to each kind of
    /// call that is repeated often enough, in regions or for functions. Drift is tested of the kinds that no earlier topology
    /// has.
    Pairwise(&'static [&'static str]),
}

/// The topologies.
pub(super) const ALL: &[Topology] = &[
    Topology { name: "one-region", config: one_region, tests: Tests::All },
    Topology {
        name: "failover",
        config: failover,
        tests: Tests::Pairwise(&["create", "code", "setting", "replace-component", "policy", "destroy"]),
    },
    Topology {
        name: "latency",
        config: latency,
        tests: Tests::Pairwise(&[
            "create",
            "create-keep",
            "add-region",
            "remove-region",
            "swap-region",
            "code",
            "setting",
            "replace-component",
            "drain",
            "policy",
            "destroy",
        ]),
    },
    Topology {
        name: "cdn-group",
        config: cdn_group,
        tests: Tests::Pairwise(&[
            "create",
            "create-keep",
            "add-region",
            "remove-region",
            "swap-region",
            "code",
            "setting",
            "destroy",
        ]),
    },
    Topology { name: "rest-document", config: rest_document, tests: Tests::Pairwise(&["protocol", "swap-region"]) },
    Topology {
        name: "functions",
        config: functions,
        tests: Tests::Pairwise(&["one-function", "many-functions", "protocol"]),
    },
    Topology { name: "ip-based", config: ip_based, tests: Tests::Pairwise(&["create", "policy", "drain"]) },
    Topology { name: "nested", config: nested, tests: Tests::Pairwise(&["policy", "create", "edge"]) },
    Topology {
        name: "cdn-cache",
        config: cdn_cache,
        tests: Tests::Pairwise(&["create", "protocol", "code", "edge", "staging", "promotion"]),
    },
    Topology { name: "key-value-store", config: key_value_store, tests: Tests::Pairwise(&["create"]) },
    Topology { name: "api-keys", config: api_keys, tests: Tests::Pairwise(&["create", "key", "destroy"]) },
    Topology { name: "authorizers", config: authorizers, tests: Tests::Pairwise(&["create", "authorizer", "destroy"]) },
    Topology { name: WEB_ACLS, config: web_acls, tests: Tests::Pairwise(&["create", "web-acl", "destroy"]) },
    Topology { name: "mutual-tls", config: mutual_tls, tests: Tests::Pairwise(&["create", "truststore", "destroy"]) },
    Topology { name: "edge-function", config: edge_function, tests: Tests::Pairwise(&["create", "edge", "destroy"]) },
];

impl Topology {
    /// Whether all operations are tested that apply to every topology.
    pub(super) fn has_all_operations(&self) -> bool {
        matches!(self.tests, Tests::All)
    }

    /// Whether an operation is tested.
    pub(super) fn has(&self, operation: &str) -> bool {
        match self.tests {
            Tests::All => !SWITCHES.contains(&operation),
            Tests::Pairwise(operations) => operations.contains(&operation),
        }
    }
}

/// The configuration of a topology in a new account, after what it needs outside of the API has been created.
pub(super) async fn prepared(world: &World, topology: &Topology) -> Json {
    let zone_id = zone(world).await;
    if topology.name == WEB_ACLS {
        world.create_web_acls().await;
    }
    (topology.config)(world, &zone_id)
}

/// The topology of this name.
pub(super) fn topology(name: &str) -> &'static Topology {
    ALL.iter().find(|topology| topology.name == name).expect("a known topology")
}

/// Creates the zone; returns its id.
pub(super) async fn zone(world: &World) -> String {
    let mut zone = StoredResource::absent(resource("multiregion_zone"));
    let run = zone.run(world, &config(zone.resource, &json!({ "name": ZONE }))).await;
    assert!(run.succeeded(), "the zone is created: {run:?}");
    text(&zone.value, "id").to_owned()
}

fn one_region(world: &World, _: &str) -> Json {
    json!({ "name": "giraffe", "regions": { "us-east-1": {} }, "function": world.function() })
}

fn failover(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id },
        "routing": { "policy": "failover", "health_check": { "path": "/health" } },
    })
}

fn latency(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {}, "eu-central-1": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" } },
    })
}

fn cdn_group(world: &World, _: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "cdn": { "origin": "group", "failover_status_codes": [502, 503, 504] },
    })
}

/// A function with routes of its own.
fn routed(world: &World, routes: &[&str]) -> Json {
    let mut function = world.function();
    function["routes"] = json!(routes);
    function
}

/// A REST API from a document, behind an origin group.
fn rest_document(world: &World, _: &str) -> Json {
    let document = json!({ "openapi": "3.0.1", "paths": { "/health": { "get": {} }, "/items/{id}": { "get": {} } } });
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "gateway": { "protocol": "rest", "openapi": document.to_string() },
        "cdn": { "origin": "group" },
    })
}

/// Three functions behind a custom domain name, with disabled default endpoints.
fn functions(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "functions": {
            "web": routed(world, &["$default"]),
            "orders": routed(world, &["ANY /orders/{path+}"]),
            "reports": routed(world, &["GET /reports"]),
        },
        "gateway": { "disable_execute_api_endpoint": true },
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "weighted", "health_check": { "path": "/health" } },
    })
}

/// Routing by the addresses of the clients. The regions also have what routing by their locations needs.
fn ip_based(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": {
            "eu-central-1": { "cidrs": ["192.0.2.0/24", "2001:db8::/32"], "locations": ["EU"] },
            "us-east-1": { "cidrs": ["*"], "locations": ["*", "country:NA"] },
            "us-west-2": { "cidrs": ["198.51.100.0/24"], "locations": ["US-WA"] },
        },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id },
        "routing": { "policy": "ip_based", "health_check": { "path": "/health", "calculated": { "threshold": 1 } } },
    })
}

/// A failover whose secondary is a record that routes among two regions.
fn nested(world: &World, zone_id: &str) -> Json {
    let mut config = failover(world, zone_id);
    config["regions"]["eu-central-1"] = json!({ "bias": 10 });
    config["routing"]["health_check"]["calculated"] = json!({ "threshold": 1 });
    config
}

/// A distribution with caching and policies of its own.
fn cdn_cache(world: &World, zone_id: &str) -> Json {
    let headers = json!({ "set": { "X-Served-By": "giraffe" } });
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id },
        "routing": { "health_check": { "path": "/health" } },
        "cdn": {
            "origin": "latency",
            "read_paths": ["/public/*"],
            "cache": { "default_ttl_seconds": 60, "key": { "headers": ["Accept-Language"] } },
            "behaviors": { "/static/*": { "cache": { "default_ttl_seconds": 3600 }, "response_headers": headers } },
            "invalidate_on_change": ["/*"],
        },
    })
}

/// A CloudFront function that chooses the region from a table.
fn key_value_store(world: &World, _: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "cdn": { "origin": "key_value_store" },
    })
}

/// REST APIs with a key that is valid in both regions. Only the routes of one function require it.
fn api_keys(world: &World, _: &str) -> Json {
    let mut orders = routed(world, &["GET /orders"]);
    orders["api_key_required"] = json!(true);
    let partner = json!({
        "value": "0123456789abcdefghijklmn", "quota": { "limit": 1000 }, "throttle": { "rate": 10, "burst": 20 },
    });
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "functions": { "web": routed(world, &["GET /health"]), "orders": orders },
        "gateway": { "protocol": "rest", "api_keys": { "partner": partner } },
    })
}

/// Routes that require a token, the permission of a function, or neither.
fn authorizers(world: &World, _: &str) -> Json {
    let secured = |route: &str, authorizer: &str| {
        let mut function = routed(world, &[route]);
        function["authorizer"] = json!(authorizer);
        function
    };
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "functions": {
            "gate": world.function(),
            "web": routed(world, &["GET /health"]),
            "orders": secured("ANY /orders", "users"),
            "reports": secured("GET /reports", "keys"),
        },
        "gateway": {
            "authorizers": {
                "users": { "kind": "jwt", "issuer": "https://login.example.com/", "audiences": ["shop"] },
                "keys": {
                    "kind": "request", "function": "gate", "identity_sources": ["$request.header.X-Key"],
                    "cache_seconds": 60, "simple_responses": true,
                },
            },
        },
    })
}

/// REST APIs with regional web ACLs, behind CloudFront with another one.
fn web_acls(world: &World, _: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": {
            "us-east-1": { "primary": true, "web_acl_arn": world.web_acl("east") },
            "us-west-2": { "web_acl_arn": world.web_acl("west") },
        },
        "function": world.function(),
        "gateway": { "protocol": "rest" },
        "cdn": { "origin": "group", "web_acl_arn": world.web_acl("edge") },
    })
}

/// A name that accepts only clients with a certificate.
fn mutual_tls(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": world.function(),
        "gateway": { "disable_execute_api_endpoint": true },
        "domain": {
            "name": format!("api.{ZONE}"), "zone_id": zone_id, "regional_names": true,
            "mutual_tls": { "truststore_uri": "s3://truststore/authorities.pem", "truststore_version": "v1" },
        },
        "routing": { "health_check": { "protocol": "tcp" } },
    })
}

/// A Lambda@Edge function that chooses the region.
fn edge_function(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" } },
        "cdn": { "origin": "edge_function" },
    })
}
