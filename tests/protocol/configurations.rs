//! Random valid configurations of every resource type.

use multiregion::resources::Resource;
use multiregion::wire::{Segment, Type, Value, decode_json};
use serde_json::{Map, Value as Json, json};

/// Random numbers that decide the choices. When they are used up, the first option is chosen.
pub(crate) struct Choices(std::vec::IntoIter<usize>);

impl Choices {
    pub(crate) fn new(numbers: Vec<usize>) -> Self {
        Self(numbers.into_iter())
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0.next().unwrap_or_default() % end
    }

    /// One of the options.
    fn one<const N: usize>(&mut self, of: [Json; N]) -> Json {
        of.into_iter().nth(self.below(N)).unwrap()
    }

    /// An object with a subset of these attributes.
    fn some<const N: usize>(&mut self, of: [(&str, Json); N]) -> Json {
        let chosen = of.into_iter().filter(|_| self.below(2) == 1).map(|(name, value)| (name.to_owned(), value));
        Json::Object(chosen.collect::<Map<_, _>>())
    }
}

/// A valid configuration from JSON. Not all choices are valid together, so optional attributes with errors are removed.
pub(crate) fn valid(resource: &dyn Resource, ty: &Type, mut json: Json) -> Value {
    loop {
        let config = decode_json(json.to_string().as_bytes(), ty).unwrap();
        let found = resource.validate(&config);
        let Some(error) = found.iter().find(|one| one.is_error()) else { return config };
        let Some(Segment::Attribute(name)) = error.path.segments().first() else { panic!("{error}") };
        match name.as_str() {
            "regions" => json["regions"] = json!({ "us-east-1": {} }),
            "routing" => json["routing"] = json!({ "drain_seconds": 0 }),
            optional => drop(json.as_object_mut().unwrap().remove(optional).unwrap_or_else(|| panic!("{error}"))),
        }
    }
}

/// A configuration of `multiregion_zone`.
pub(crate) fn zone(name: &str, choices: &mut Choices) -> Json {
    let mut config = choices.some([
        ("force_destroy", json!(true)),
        ("timeouts", json!({ "create": "20m", "delete": null })),
        ("tags", json!({ "team": "zoo" })),
    ]);
    config["name"] = json!(name);
    config["comment"] = choices.one([Json::Null, json!(""), json!("Giraffes"), json!("Z\u{fc}rich")]);
    config
}

/// A configuration of `multiregion_api` with its code in `source`. `domain` is its domain name, if it gets one.
pub(crate) fn api(name: &str, source: &str, domain: &str, zone_id: &str, choices: &mut Choices) -> Json {
    let (gateway, named) = (gateway(choices), named(domain, zone_id, choices));
    let mut config = choices.some([
        ("tags", json!({ "team": "zoo", "empty": "" })),
        ("timeouts", json!({ "update": "1h" })),
        ("deletion_protection", json!(false)),
        ("retain_logs", json!(true)),
        ("on_create_failure", json!("keep")),
        ("rollout", json!({ "waves": [["us-east-1"]], "bake_seconds": 0, "on_failure": "stop" })),
        ("gateway", gateway),
        ("domain", named),
    ]);
    let keys = ["us-east-1", "us-west-2", "eu-central-1"];
    let chosen = 1 + choices.below(7);
    let keys = keys.into_iter().enumerate().filter(|(bit, _)| chosen & (1 << bit) != 0).map(|(_, key)| key);
    let keys: Vec<&str> = keys.collect();
    config["regions"] = Json::Object(keys.iter().map(|key| ((*key).to_owned(), region(choices))).collect());
    let drained: Vec<&str> = keys.into_iter().filter(|_| choices.below(4) == 1).collect();
    config["drained"] = if drained.is_empty() { Json::Null } else { json!(drained) };
    config["name"] = json!(name);
    config["function"] = function(source, choices);
    let policy = choices.one([Json::Null, json!("latency"), json!("weighted"), json!("failover")]);
    let health_check = choices.one([Json::Null, json!({}), json!({ "path": "/health", "interval_seconds": 10 })]);
    // No drain period, so that the tests do not wait.
    let probe = choices.one([
        Json::Null,
        json!({ "path": "/health", "statuses": ["200-399", "404"], "search_string": "region" }),
        json!({ "enabled": false }),
    ]);
    config["routing"] = json!({ "drain_seconds": 0, "policy": policy, "health_check": health_check, "probe": probe });
    config["cdn"] = choices.one([
        Json::Null,
        json!({ "origin": "latency" }),
        json!({ "origin": "latency", "read_paths": ["/public/*"], "price_class": "PriceClass_100" }),
        json!({ "origin": "group", "failover_status_codes": [500, 503] }),
        json!({ "origin": "group", "http_version": "http2", "take_over_aliases": true }),
        json!({ "origin": "edge_function" }),
        json!({ "origin": "edge_function", "sign_requests": true }),
        json!({ "origin": "key_value_store", "read_paths": ["/public/*"] }),
    ]);
    config
}

fn region(choices: &mut Choices) -> Json {
    let primary = choices.below(3) == 1;
    let mut region = choices.some([
        ("environment", json!({ "GREETING": "Hallo" })),
        ("weight", json!(10)),
        ("reserved_concurrency", json!(5)),
    ]);
    if primary {
        region["primary"] = json!(true);
    }
    region
}

fn function(source: &str, choices: &mut Choices) -> Json {
    let mut function = choices.some([
        ("memory_mb", json!(256)),
        ("timeout_seconds", json!(5)),
        ("environment", json!({ "STAGE": "test", "EMPTY": "" })),
        ("exclude", json!(["*.md"])),
        ("symlinks", json!("keep")),
        ("tracing", json!(true)),
        ("log_retention_days", json!(30)),
        ("policy_json", json!("{ \"Version\": \"2012-10-17\", \"Statement\": [] }")),
        ("provisioned_concurrency", json!(1)),
    ]);
    function["source_dir"] = json!(source);
    function["handler"] = json!("app.handler");
    function["runtime"] = choices.one([json!("python3.12"), json!("python3.13")]);
    function
}

fn gateway(choices: &mut Choices) -> Json {
    if choices.below(4) == 1 {
        let keys = choices.some([
            ("generated", json!({ "quota": { "limit": 10 } })),
            ("given", json!({ "value": "given-0123456789-0123456789" })),
            ("write_only", json!({ "value_wo": "write-only-0123456789-0123456789", "value_wo_version": 1 })),
        ]);
        return json!({ "protocol": "rest", "routes": ["GET /items/{id}"], "api_keys": keys });
    }
    choices.some([
        ("protocol", json!("http")),
        ("routes", json!(["$default", "GET /items/{id}"])),
        ("cors", json!({ "allow_origins": ["https://www.example.com"], "max_age_seconds": 60 })),
        ("throttle", json!({ "rate": 0.1, "burst": 5 })),
        ("access_log", json!({})),
        ("timeout_ms", json!(2_900)),
    ])
}

fn named(domain: &str, zone_id: &str, choices: &mut Choices) -> Json {
    let mut named = choices.some([
        ("regional_names", json!(true)),
        ("base_path", json!("v1")),
        ("certificate", json!({ "wildcard": true, "key_algorithm": "EC_prime256v1" })),
        ("additional_names", json!([format!("www.{domain}")])),
    ]);
    named["name"] = json!(domain);
    named["zone_id"] = json!(zone_id);
    named
}
