//! Mistakes in `regions`.

use super::{Found, code, each};
use crate::resources::api::config::{Config, Region, TextMap, Texts, region_path};
use crate::resources::api::shape::{Policy, Shape};
use crate::resources::shared::regions;
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// How much all environment variables of a function may come to, in bytes.
const ENVIRONMENT_BYTES: usize = 4096;
/// How many layers a function may have.
const MOST_LAYERS: usize = 5;

/// Environment variables that Lambda sets itself.
///
/// # Source
/// AWS Lambda developer guide, "Defined runtime environment variables".
const RESERVED: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Mistakes in `regions`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    if config.regions.known().is_some_and(std::collections::BTreeMap::is_empty) {
        let detail = "An API without a region answers nobody. Name at least one: regions = { \"us-east-1\" = {} }.";
        found.error(Path::of("regions"), "No regions", detail);
    }
    for name in config.regions.known().into_iter().flat_map(|regions| regions.keys()) {
        known(name, found);
    }
    for (name, region) in config.known_regions() {
        one(name, region, found);
    }
    primaries(config, found);
    if let Some(shape) = shape.filter(|shape| !shape.regions.is_empty()) {
        serving(shape, found);
        failover(shape, found);
        weights(shape, found);
    }
}

/// Regions of another partition than the account's.
pub(in crate::resources::api) fn partitions(shape: &Shape, partition: &str) -> Diagnostics {
    let foreign = |name: &&String| regions::partition(name).is_some_and(|its| its != partition);
    let error = |name: &String| {
        let detail = format!(
            "{name} is in the partition {}, the credentials are of the partition {partition}: no account reaches both. \
             Make an API for each, with a provider configuration for each.",
            regions::partition(name).unwrap_or_default()
        );
        Diagnostic::error(region_path(name), "Region of another partition", detail)
    };
    shape.regions.keys().filter(foreign).map(error).collect()
}

fn known(name: &str, found: &mut Found) {
    if regions::partition(name).is_some() {
        return;
    }
    let hint = match regions::nearest(name) {
        Some(near) => format!("Did you mean {near}?"),
        None => "The keys of regions are names such as us-east-1 and eu-central-1.".to_owned(),
    };
    found.error(region_path(name), "Unknown region", format!("AWS has no region {name:?}. {hint}"));
}

fn one(name: &str, region: &Region, found: &mut Found) {
    let path = region_path(name);
    let at = |attribute: &str| path.attribute(attribute);
    found.choice(&region.traffic, &at("traffic"), "Unsupported traffic", &["serving", "drained"]);
    found.range(&region.weight, &at("weight"), "Weight out of range", "a weight", 0..=255);
    environment(&region.environment, &at("environment"), found);
    layers(&region.layers, &at("layers"), std::iter::once(name), found);
    concurrency(&region.reserved_concurrency, &region.provisioned_concurrency, &path, found);
    code::check(name, region, found);
    if let Some(vpc) = region.vpc.known() {
        for (attribute, ids) in [("subnet_ids", &vpc.subnet_ids), ("security_group_ids", &vpc.security_group_ids)] {
            if ids.is_null() || ids.known().is_some_and(Vec::is_empty) {
                let detail = "A function in a network needs at least one subnet and one security group of its region.";
                found.error(at("vpc").attribute(attribute), "Incomplete network", detail);
            }
        }
    }
}

fn primaries(config: &Config, found: &mut Found) {
    let primary =
        |(name, region): (&String, &Region)| region.primary.known().filter(|primary| **primary).map(|_| name.clone());
    let all: Vec<String> = config.known_regions().filter_map(primary).collect();
    if let [first, others @ ..] = all.as_slice() {
        for other in others {
            let detail = format!("{first} and {other} are both primary, but only one region can come first. Keep one.");
            found.error(region_path(other).attribute("primary"), "More than one primary region", detail);
        }
    }
}

fn serving(shape: &Shape, found: &mut Found) {
    if shape.serving().is_empty() {
        let detail = "All regions are drained, so nobody would be answered. Let at least one serve: leave out its \
                      traffic, or set it to \"serving\". To end the API, destroy it.";
        found.error(Path::of("regions"), "No serving region", detail);
    }
}

fn failover(shape: &Shape, found: &mut Found) {
    if shape.policy != Policy::Failover {
        return;
    }
    let count = shape.regions.len();
    if count != 2 {
        let detail = format!(
            "Failover is from one primary to one secondary: Route 53 has no third. Name exactly two regions (here: {count}), or use the policy \"latency\", which also leaves out regions that are ill."
        );
        found.error(Path::of("routing").attribute("policy"), "Failover takes two regions", detail);
    }
    if !shape.regions.values().any(|place| place.primary) {
        let detail = "With the policy \"failover\" one region must be the primary. Set primary = true in one of them.";
        found.error(Path::of("regions"), "No primary region", detail);
    }
}

fn weights(shape: &Shape, found: &mut Found) {
    let mut serving = shape.regions.values().filter(|place| place.serving).peekable();
    let any = serving.peek().is_some();
    if shape.policy == Policy::Weighted && any && serving.all(|place| place.config.weight == Attr::Known(0)) {
        let detail = "Every serving region has the weight 0, so the weights say nothing. Give at least one region a \
                      weight above 0, or drain those that should get no requests.";
        found.error(Path::of("regions"), "All weights are 0", detail);
    }
}

/// Mistakes in environment variables.
pub(super) fn environment(variables: &TextMap, path: &Path, found: &mut Found) {
    let Some(variables) = variables.known() else { return };
    for key in variables.keys() {
        let mut letters = key.chars();
        let valid = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && key.len() > 1
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&key.as_str()) {
            let detail = format!("Lambda sets {key} itself and refuses another value. Use another name.");
            found.error(path.key(key), "Reserved environment variable", detail);
        } else if !valid {
            let detail = "The name of an environment variable has at least two characters, begins with a letter, and is \
                          made of letters, digits and underscores.";
            found.error(path.key(key), "Invalid environment variable", detail);
        }
    }
    let size = |(key, value): (&String, &Attr<String>)| key.len() + value.known().map_or(0, String::len);
    let bytes: usize = variables.iter().map(size).sum();
    if bytes > ENVIRONMENT_BYTES {
        let detail = format!(
            "The environment variables come to {bytes} bytes; Lambda takes {ENVIRONMENT_BYTES}. Put what is large into the \
             package or into a parameter store."
        );
        found.error(path.clone(), "Environment too large", detail);
    }
}

/// Mistakes in the layers of functions in `regions`.
pub(super) fn layers<'a>(
    layers: &Texts,
    path: &Path,
    regions: impl Iterator<Item = &'a str> + Clone,
    found: &mut Found,
) {
    if let Some(layers) = layers.known().filter(|layers| layers.len() > MOST_LAYERS) {
        let detail = format!("A function takes {MOST_LAYERS} layers; here are {}. Put some together.", layers.len());
        found.error(path.clone(), "Too many layers", detail);
    }
    for (path, arn) in each(layers, path) {
        let parts: Vec<&str> = arn.split(':').collect();
        let &["arn", _, "lambda", region, _, "layer", _, version] = parts.as_slice() else {
            let detail = format!(
                "{arn:?} is not the ARN of a layer's version: arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION is \
                 expected."
            );
            found.error(path, "Invalid layer ARN", detail);
            continue;
        };
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit()) {
            let detail = format!("{arn:?} does not end with the number of a layer's version.");
            found.error(path, "Invalid layer ARN", detail);
        } else if let Some(other) = regions.clone().find(|other| *other != region) {
            let detail = format!(
                "The layer is in {region}, and a function in {other} cannot use it. Publish it in {other}, too, and name \
                 it in regions[{other:?}].layers."
            );
            found.error(path, "Layer of another region", detail);
        }
    }
}

/// Mistakes in the concurrency set at `path`.
pub(super) fn concurrency(reserved: &Attr<i64>, provisioned: &Attr<i64>, path: &Path, found: &mut Found) {
    let summary = "Concurrency out of range";
    for (attribute, value) in [("reserved_concurrency", reserved), ("provisioned_concurrency", provisioned)] {
        found.range(value, &path.attribute(attribute), summary, "concurrency", 0..=100_000);
    }
    if let (Attr::Known(reserved), Attr::Known(provisioned)) = (reserved, provisioned)
        && provisioned > reserved
    {
        let detail = format!(
            "{provisioned} instances cannot be kept warm when only {reserved} are set aside. Raise reserved_concurrency, or \
             lower provisioned_concurrency."
        );
        let path = path.attribute("provisioned_concurrency");
        found.error(path, "More provisioned than reserved concurrency", detail);
    }
}
