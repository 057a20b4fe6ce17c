//! Alias of a function, which the API invokes. It moves from version to version.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::get_alias::GetAliasOutput;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::aws::{CallError, Regional};
use crate::components::lambda::version::Version;
use crate::components::support::adoption;
use crate::components::support::answer::{ignore_missing, none_if_missing};
use crate::components::{Component, Discovered, Found, Holder, Place, Resolved, Siblings, lambda, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `alias`.
#[derive(Debug)]
pub struct Alias;

output_keys! {
    Alias {
        ARN = arn: String,
        NAME = name: String,
    }
}

/// The desired settings of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub name: String,
    /// The version to which it points.
    pub version: Input<String>,
    /// The shares of the requests that other versions answer, from 0 to 1 by version. A canary sets them for a time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, Number>,
}

/// What identifies an alias in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub name: String,
    /// The alias' ARN, which an integration invokes.
    pub arn: String,
}

impl Kind for Alias {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "alias",
        about: "Lambda alias that the API invokes; it points to one version of the function.",
        id: "the ARN of the alias",
        outputs: OUTPUTS,
        immutable: &["function", "name"],
        rolled_out: &["version"],
        actions: &["lambda:CreateAlias", "lambda:DeleteAlias", "lambda:GetAlias", "lambda:UpdateAlias"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Alias {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.arn.clone()
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(outputs(place, spec.function.known()?, &spec.name))
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // An alias has no tags; on our function it is ours.
        let Some(function) = spec.function.known() else { return Ok(None) };
        let alias = get(aws, function, &spec.name).await?;
        Ok(alias.map(|_| Found::Ours(outputs(&aws.into(), function, &spec.name))))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.function).await
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // Of several versions, the alias points to the first one.
        let found = siblings.current::<Version>(&aws.address().scope).into_iter().map(|(key, version)| {
            let outputs = outputs(&aws.into(), &version.function, LIVE);
            let spec = Spec {
                function: version.function.into(),
                name: LIVE.to_owned(),
                version: version.number.into(),
                weights: BTreeMap::new(),
            };
            Discovered { key, spec, outputs }
        });
        Ok(found.collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (client, function) = (aws.lambda(), spec.function.get());
        let send = || {
            let version = spec.version.get();
            client.create_alias().function_name(function).name(&spec.name).function_version(version).send()
        };
        let attempt = || aws.call("lambda:CreateAlias", send);
        let what = format!("alias {} of function {function} in {}", spec.name, aws.region());
        match aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await {
            Ok(_) => Ok(outputs(&aws.into(), function, &spec.name)),
            Err(taken) if taken.is_exists() => adoption::take_over::<Self>(aws, spec, &what, taken).await,
            Err(error) => Err(error),
        }
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(alias) = get(aws, &outputs.function, &outputs.name).await? else { return Ok(None) };
        let spec = Spec {
            function: outputs.function.as_str().into(),
            name: outputs.name.clone(),
            version: alias.function_version().unwrap_or_default().into(),
            weights: weights(&alias),
        };
        Ok(Some((spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        point(aws, &outputs.function, &outputs.name, Some(to.version.get()), &to.weights).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let client = aws.lambda();
        let send = || client.delete_alias().function_name(&outputs.function).name(&outputs.name).send();
        let attempt = || aws.call("lambda:DeleteAlias", send);
        let what = format!("alias {} of function {} in {}", outputs.name, outputs.function, aws.region());
        ignore_missing(aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await)
    }
}

/// The name of the alias that an API invokes.
pub const LIVE: &str = "live";

/// The alias; `None` when it does not exist.
pub(crate) async fn get(aws: &Regional, function: &str, name: &str) -> Result<Option<GetAliasOutput>, CallError> {
    let client = aws.lambda();
    let send = || client.get_alias().function_name(function).name(name).send();
    none_if_missing(aws.call("lambda:GetAlias", send).await)
}

fn outputs(place: &Place<'_>, function: &str, name: &str) -> Outputs {
    let arn = format!("{}:{name}", lambda::function_arn(place, function));
    Outputs { function: function.to_owned(), name: name.to_owned(), arn }
}

/// The shares of the requests that other versions answer.
pub(crate) fn weights(alias: &GetAliasOutput) -> BTreeMap<String, Number> {
    let weights = alias.routing_config().and_then(|routing| routing.additional_version_weights());
    let weights = weights.into_iter().flatten();
    weights.filter_map(|(version, weight)| Some((version.clone(), Number::from_f64(*weight)?))).collect()
}

/// Points an alias to a version, or keeps its version, and sets the shares of others.
pub(crate) async fn point(
    aws: &Regional,
    function: &str,
    name: &str,
    version: Option<&String>,
    weights: &BTreeMap<String, Number>,
) -> Result<(), CallError> {
    let client = aws.lambda();
    let weights = weights.iter().filter_map(|(version, weight)| Some((version.clone(), weight.as_f64()?)));
    // An empty map removes the weights.
    let weights = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights.collect())).build();
    let send = || {
        let request = client.update_alias().function_name(function).name(name);
        request.set_function_version(version.cloned()).routing_config(weights.clone()).send()
    };
    let attempt = || aws.call("lambda:UpdateAlias", send);
    let what = format!("alias {name} of function {function} in {}", aws.region());
    aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await?;
    Ok(())
}
