//! Operations of users on an API: functions from one configuration to the next.

use serde_json::{Value as Json, json};

use super::world::World;

/// An operation of a user.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// The configurations before and after, derived from a topology's; null for none. `None` when the operation does
    /// not apply.
    pub(super) change: fn(&World, Json) -> Option<(Json, Json)>,
}

pub(super) const ALL: &[Operation] = &[
    Operation { name: "create", change: |_, config| Some((Json::Null, config)) },
    Operation { name: "create-keep", change: create_and_keep },
    Operation {
        name: "add-region",
        change: |world, config| remove_region(world, config).map(|(all, less)| (less, all)),
    },
    Operation { name: "remove-region", change: remove_region },
    Operation { name: "swap-region", change: swap_region },
    Operation { name: "code", change: code },
    Operation { name: "setting", change: setting },
    Operation { name: "replace-component", change: replace_component },
    Operation { name: "drain", change: drain },
    Operation { name: "policy", change: policy },
    Operation { name: "protocol", change: protocol },
    Operation { name: "edge", change: edge },
    Operation {
        name: "staging",
        change: |world, config| staging(world, config).map(|(primary, staged, _)| (primary, staged)),
    },
    Operation {
        name: "promotion",
        change: |world, config| staging(world, config).map(|(_, staged, promoted)| (staged, promoted)),
    },
    Operation { name: "key", change: key },
    Operation { name: "authorizer", change: authorizer },
    Operation { name: "web-acl", change: web_acl },
    Operation { name: "truststore", change: truststore },
    Operation { name: "one-function", change: one_function },
    Operation {
        name: "many-functions",
        change: |world, config| one_function(world, config).map(|(many, one)| (one, many)),
    },
    Operation { name: "destroy", change: |_, config| Some((config, Json::Null)) },
];

/// The operations that lead from one topology to another.
pub(super) const SWITCHES: [&str; 4] = ["protocol", "edge", "one-function", "many-functions"];

fn create_and_keep(_: &World, mut config: Json) -> Option<(Json, Json)> {
    config["on_create_failure"] = json!("keep");
    Some((Json::Null, config))
}

/// A region that is in no topology.
const ANOTHER: &str = "ap-southeast-1";

/// The last region by name that is not the primary.
fn spare(config: &Json) -> Option<String> {
    let regions = config["regions"].as_object()?;
    let mut spare = regions.iter().filter(|(_, region)| region["primary"] != true).map(|(name, _)| name);
    spare.next_back().filter(|_| regions.len() > 1).cloned()
}

/// Two configurations, of which the first has one more region.
pub(super) fn remove_region(_: &World, config: Json) -> Option<(Json, Json)> {
    if config["routing"]["policy"] == "failover" {
        return None;
    }
    let (mut more, mut less) = (config.clone(), config.clone());
    if let Some(regions) = config.get("cdn").and(config["regions"].as_object()) {
        // An origin group has exactly two regions; a third one receives no requests from it.
        let mut order: Vec<&String> = regions.keys().collect();
        order.sort_by_key(|region| regions[*region]["primary"] != true);
        more["cdn"]["group_order"] = json!(order);
        less["cdn"]["group_order"] = json!(order);
    }
    match spare(&config).filter(|_| config.get("cdn").is_none()) {
        Some(spare) => drop(less["regions"].as_object_mut()?.remove(&spare)),
        None => more["regions"][ANOTHER] = json!({}),
    }
    Some((more, less))
}

/// Replaces a region with another one.
fn swap_region(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    let region = newer["regions"].as_object_mut()?.remove(&spare(&config)?)?;
    newer["regions"][ANOTHER] = region;
    Some((config, newer))
}

fn code(world: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    newer["function"]["source_dir"] = json!(world.source("second"));
    Some((config, newer))
}

fn setting(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    newer["function"]["memory_mb"] = json!(512);
    newer["function"]["log_retention_days"] = json!(30);
    newer["tags"] = json!({ "team": "giraffes" });
    newer["gateway"]["throttle"] = json!({ "rate": 10, "burst": 5 });
    Some((config, newer))
}

fn replace_component(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    if config["routing"].get("health_check").is_some() {
        newer["routing"]["health_check"]["interval_seconds"] = json!(10);
    }
    let name = config["domain"]["name"].as_str()?;
    newer["domain"]["name"] = json!(format!("new-{name}"));
    Some((config, newer))
}

fn drain(_: &World, config: Json) -> Option<(Json, Json)> {
    // Draining needs routing, and a failover needs both regions.
    let spare = spare(&config).filter(|_| config["routing"]["policy"] != "failover" && config.get("cdn").is_none())?;
    let mut newer = config.clone();
    newer["drained"] = json!([spare]);
    Some((config, newer))
}

fn policy(_: &World, config: Json) -> Option<(Json, Json)> {
    let policy = config["routing"]["policy"].as_str()?;
    let mut newer = config.clone();
    let mut regions = config["regions"].as_object()?.values();
    newer["routing"]["policy"] = json!(match policy {
        "latency" => "weighted",
        "ip_based" => "geolocation",
        "failover" if regions.any(|region| region.get("bias").is_some()) => "geoproximity",
        _ => "latency",
    });
    Some((config, newer))
}

/// Switches to the other kind of API. An HTTP API has none of the settings that only REST APIs have.
fn protocol(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    if config["gateway"]["protocol"] != "rest" {
        newer["gateway"]["protocol"] = json!("rest");
        return Some((config, newer));
    }
    let remove = |from: &mut Json, names: &[&str]| {
        names.iter().for_each(|name| drop(from.as_object_mut().and_then(|object| object.remove(*name))));
    };
    remove(&mut newer["gateway"], &["protocol", "api_keys", "authorizers", "rest"]);
    let functions = newer.get_mut("functions").and_then(Json::as_object_mut);
    let functions = functions.into_iter().flat_map(|functions| functions.values_mut());
    functions.for_each(|function| remove(function, &["authorizer", "api_key_required"]));
    Some((config, newer))
}

/// Puts CloudFront in front of the regions, or removes it. Only an API with a domain keeps its name.
fn edge(_: &World, config: Json) -> Option<(Json, Json)> {
    config.get("domain")?;
    let mut newer = config.clone();
    if newer.as_object_mut()?.remove("cdn").is_none() {
        newer["cdn"] = json!({ "origin": "latency" });
    }
    Some((config, newer))
}

/// Settings of CloudFront before some requests try out others, while they do, and after all use these.
fn staging(_: &World, mut config: Json) -> Option<(Json, Json, Json)> {
    config.get_mut("cdn")?["http_version"] = json!("http2");
    let cache = json!({ "default_ttl_seconds": 5 });
    let (mut staged, mut promoted) = (config.clone(), config.clone());
    staged["cdn"]["staging"] = json!({ "percent": 5, "cache": cache });
    promoted["cdn"]["cache"] = cache;
    Some((config, staged, promoted))
}

/// Replaces several functions with one that serves all routes.
fn one_function(world: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    newer.as_object_mut()?.remove("functions")?;
    newer["function"] = world.function();
    Some((config, newer))
}

/// Gives the API key a new value and another quota.
fn key(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    let partner = newer["gateway"].get_mut("api_keys")?.get_mut("partner")?;
    partner["value"] = json!("abcdefghijklmnopqrstuvwxyz");
    partner["quota"] = json!({ "limit": 500 });
    Some((config, newer))
}

/// Changes one authorizer in place, replaces the function of another one, and moves a route to the first.
fn authorizer(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    let authorizers = newer["gateway"].get_mut("authorizers")?;
    authorizers["users"]["audiences"] = json!(["shop", "web"]);
    authorizers["keys"]["cache_seconds"] = json!(0);
    newer["functions"]["reports"]["authorizer"] = json!("users");
    Some((config, newer))
}

/// Changes the web ACL of a region, removes that of another one, and changes that of CloudFront.
fn web_acl(world: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    newer["regions"]["us-west-2"].as_object_mut()?.remove("web_acl_arn")?;
    newer["regions"]["us-east-1"]["web_acl_arn"] = json!(world.web_acl("east-2"));
    newer["cdn"]["web_acl_arn"] = json!(world.web_acl("edge-2"));
    Some((config, newer))
}

/// Changes the trust store of one region, and its version in the others.
fn truststore(_: &World, config: Json) -> Option<(Json, Json)> {
    let mut newer = config.clone();
    newer["domain"].get_mut("mutual_tls")?["truststore_version"] = json!("v2");
    newer["regions"]["us-west-2"]["mutual_tls"] = json!({ "truststore_uri": "s3://west/authorities.pem" });
    Some((config, newer))
}
