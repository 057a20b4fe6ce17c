//! Canary of an alias: the share of its requests that a new version answers before the alias points to it. It is not an AWS
//! object of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::aws::{CallError, Regional};
use crate::components::lambda::alias;
use crate::components::{Component, Discovered, Found, Holder, Resolved, Siblings, lambda, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `canary`.
#[derive(Debug)]
pub struct Canary;

output_keys! {
    Canary {
        FUNCTION = function: String,
    }
}

/// The desired settings of a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub alias: String,
    /// The version that answers a share of the requests.
    pub version: Input<String>,
    /// The share in percent.
    pub percent: Input<i64>,
}

/// What identifies a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
}

impl Kind for Canary {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "canary",
        about: "Share of an alias' requests that a new version answers first; not an AWS object.",
        id: "the name of the function",
        outputs: OUTPUTS,
        immutable: &["alias", "function"],
        rolled_out: &["version"],
        // The share matters only while a version changes.
        uncompared: &["percent"],
        visible: false,
        actions: &["lambda:GetAlias", "lambda:UpdateAlias"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Canary {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.function.clone()
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.function).await
    }

    async fn discover(_: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // An alias without weights does not show that its next version is to have some.
        Ok(Vec::new())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        shift(aws, spec).await
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, _: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        shift(aws, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// Sends the share of the requests to the version. If the alias already points to it, all requests go there: this is how a
/// rollback ends a canary.
async fn shift(aws: &Regional, spec: &Spec) -> Result<Outputs, CallError> {
    let (function, version) = (spec.function.get(), spec.version.get());
    let outputs = Outputs { function: function.clone() };
    // The alias of a new region is created after its canary.
    let Some(current) = alias::get(aws, function, &spec.alias).await? else { return Ok(outputs) };
    let weights = match current.function_version() == Some(version) {
        true => BTreeMap::new(),
        false => share(*spec.percent.get()).into_iter().map(|share| (version.clone(), share)).collect(),
    };
    if alias::weights(&current) != weights {
        alias::point(aws, function, &spec.alias, None, &weights).await?;
    }
    Ok(outputs)
}

/// A percentage as Lambda's weight, a number from 0 to 1.
fn share(percent: i64) -> Option<Number> {
    i32::try_from(percent).ok().and_then(|percent| Number::from_f64(f64::from(percent) / 100.0))
}

/// Whether an alias sends a share of its requests to another version.
pub(crate) async fn is_active(aws: &Regional, function: &str, alias: &str) -> Result<bool, CallError> {
    Ok(alias::get(aws, function, alias).await?.is_some_and(|alias| !alias::weights(&alias).is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_a_fraction_in_lambda() {
        assert_eq!(share(5).map(|share| share.to_string()).as_deref(), Some("0.05"));
        assert_eq!(share(50).map(|share| share.to_string()).as_deref(), Some("0.5"));
    }
}
