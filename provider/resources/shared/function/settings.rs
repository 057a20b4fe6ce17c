//! Mistakes in settings that a function has as a whole and in each region.

use super::{Function, RegionFunction};
use crate::resources::shared::checks::{Found, arn_parts, each};
use crate::schema::{Attr, TextMap, Texts};
use crate::wire::Path;

/// The total size of a function's environment variables in bytes.
///
/// # Source
/// AWS Lambda developer guide, "Lambda quotas".
const MAX_ENVIRONMENT_BYTES: usize = 4096;
/// The number of layers that a function may have.
///
/// # Source
/// AWS Lambda developer guide, "Lambda quotas".
const MAX_LAYERS: usize = 5;

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

/// Mistakes in environment variables.
pub(crate) fn environment(variables: &Attr<TextMap>, path: &Path, found: &mut Found) {
    let Some(variables) = variables.known() else { return };
    for key in variables.keys() {
        let mut letters = key.chars();
        let valid = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && key.len() > 1
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&key.as_str()) {
            let detail = format!("Lambda reserves the variable {key} and sets it itself. Use another name.");
            found.error(path.key(key), "Reserved environment variable", detail);
        } else if !valid {
            let detail = format!(
                "{key:?} is not the name of an environment variable. Use at least two letters, digits and underscores, \
                 starting with a letter."
            );
            found.error(path.key(key), "Invalid environment variable", detail);
        }
    }
    let size = |(key, value): (&String, &Attr<String>)| key.len() + value.known().map_or(0, String::len);
    let bytes: usize = variables.iter().map(size).sum();
    if bytes > MAX_ENVIRONMENT_BYTES {
        let detail = format!(
            "The environment variables have {bytes} bytes, but Lambda accepts at most {MAX_ENVIRONMENT_BYTES}. Move large \
             values to the package or to AWS Systems Manager Parameter Store."
        );
        found.error(path.clone(), "Environment too large", detail);
    }
}

/// Mistakes in the layers of functions in `regions`.
pub(crate) fn layers<'a>(
    layers: &Attr<Texts>,
    path: &Path,
    regions: impl Iterator<Item = &'a str> + Clone,
    found: &mut Found,
) {
    let Some(layers) = layers.known() else { return };
    if layers.len() > MAX_LAYERS {
        let detail = format!(
            "The function has {} layers, but Lambda accepts at most {MAX_LAYERS}. Combine some of them.",
            layers.len()
        );
        found.error(path.clone(), "Too many layers", detail);
    }
    for (path, arn) in each(layers, path) {
        let Some((region, version)) = layer_version(arn) else {
            let detail = format!(
                "{arn:?} is not the ARN of a layer version, such as arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION."
            );
            found.error(path, "Invalid layer ARN", detail);
            continue;
        };
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit()) {
            let detail = format!("{arn:?} does not end with the number of a layer version.");
            found.error(path, "Invalid layer ARN", detail);
        } else if let Some(other) = regions.clone().find(|other| *other != region) {
            let detail = format!(
                "The layer is in {region}, and a function in {other} cannot use it. Publish the layer in {other}, and use its \
                 ARN in regions[{other:?}].layers."
            );
            found.error(path, "Layer in another region", detail);
        }
    }
}

/// The region and the version in the ARN of a layer version.
fn layer_version(arn: &str) -> Option<(&str, &str)> {
    let [_, "lambda", region, _, resource] = arn_parts(arn)? else { return None };
    let (_, version) = resource.strip_prefix("layer:")?.split_once(':')?;
    (!version.contains(':')).then_some((region, version))
}

/// Mistakes in the concurrency of the function at `path`: as a whole, and in each of `regions`, which inherits what it does
/// not set.
pub(crate) fn concurrency(
    function: &Function,
    path: &Path,
    regions: &[(&str, Path, RegionFunction)],
    found: &mut Found,
) {
    let (reserved, provisioned) = (function.reserved_concurrency(), function.provisioned_concurrency());
    exceeds(reserved, provisioned, path.attribute("provisioned_concurrency"), found);
    for (_, at, own) in regions {
        let sets_provisioned = !own.provisioned_concurrency().is_null();
        if !sets_provisioned && own.reserved_concurrency().is_null() {
            continue;
        }
        let attribute = if sets_provisioned { "provisioned_concurrency" } else { "reserved_concurrency" };
        let reserved = effective(own.reserved_concurrency(), reserved);
        let provisioned = effective(own.provisioned_concurrency(), provisioned);
        exceeds(reserved, provisioned, at.attribute(attribute), found);
    }
}

/// The value in a region: its own, or the function's.
pub(crate) fn effective<'a, T>(own: &'a Attr<T>, inherited: &'a Attr<T>) -> &'a Attr<T> {
    if own.is_null() { inherited } else { own }
}

fn exceeds(reserved: &Attr<i64>, provisioned: &Attr<i64>, path: Path, found: &mut Found) {
    if let (Attr::Known(reserved), Attr::Known(provisioned)) = (reserved, provisioned)
        && provisioned > reserved
    {
        let detail = format!(
            "The provisioned concurrency {provisioned} exceeds the reserved concurrency {reserved}. Raise \
             reserved_concurrency, or lower provisioned_concurrency."
        );
        found.error(path, "Provisioned concurrency exceeds reserved concurrency", detail);
    }
}
