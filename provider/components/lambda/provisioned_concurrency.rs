//! Provisioned concurrency of an alias.

use std::time::Duration;

use aws_sdk_lambda::operation::get_provisioned_concurrency_config::GetProvisionedConcurrencyConfigOutput;
use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum as Status;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::lambda::alias::Alias;
use crate::components::support::answer::{ignore_missing, none_if_missing};
use crate::components::{Component, Discovered, Found, Holder, Resolved, Siblings, lambda};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `provisioned_concurrency`.
#[derive(Debug)]
pub struct ProvisionedConcurrency;

/// The desired settings of provisioned concurrency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub alias: Input<String>,
    /// The number of provisioned instances.
    pub instances: Input<i64>,
}

/// What identifies provisioned concurrency in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
}

impl Kind for ProvisionedConcurrency {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "provisioned_concurrency",
        about: "Provisioned concurrency of the alias.",
        id: "`FUNCTION_NAME:ALIAS_NAME`",
        immutable: &["function", "alias"],
        actions: &[
            "lambda:DeleteProvisionedConcurrencyConfig",
            "lambda:GetProvisionedConcurrencyConfig",
            "lambda:PutProvisionedConcurrencyConfig",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ProvisionedConcurrency {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}:{}", outputs.function, outputs.alias)
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(function), Some(alias)) = (spec.function.known(), spec.alias.known()) else { return Ok(None) };
        // It has no tags; on our alias it is ours.
        let outputs = Outputs { function: function.clone(), alias: alias.clone() };
        Ok(get(aws, &outputs).await?.map(|_| Found::Ours(outputs)))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.function).await
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut found = Vec::new();
        for (key, alias) in siblings.in_scope::<Alias>(&aws.address().scope) {
            let outputs = Outputs { function: alias.function, alias: alias.name };
            let Some(now) = get(aws, &outputs).await? else { continue };
            found.push(Discovered { key, spec: observed(&outputs, &now), outputs });
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { function: spec.function.get().clone(), alias: spec.alias.get().clone() };
        put(aws, &outputs, spec).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(get(aws, outputs).await?.map(|now| (observed(outputs, &now), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, outputs, to).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let client = aws.lambda();
        let send = || {
            let request = client.delete_provisioned_concurrency_config();
            request.function_name(&outputs.function).qualifier(&outputs.alias).send()
        };
        let attempt = || aws.call("lambda:DeleteProvisionedConcurrencyConfig", send);
        let what = format!("provisioned concurrency of {}", Self::id(outputs));
        ignore_missing(aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await)
    }
}

/// How long Lambda may take to provision the instances.
const ALLOCATION: Duration = Duration::from_secs(600);

fn observed(outputs: &Outputs, now: &GetProvisionedConcurrencyConfigOutput) -> Spec {
    Spec {
        function: outputs.function.as_str().into(),
        alias: outputs.alias.as_str().into(),
        instances: Input::Known(now.requested_provisioned_concurrent_executions().unwrap_or(0).into()),
    }
}

async fn get(aws: &Regional, outputs: &Outputs) -> Result<Option<GetProvisionedConcurrencyConfigOutput>, CallError> {
    let client = aws.lambda();
    let send = || {
        let request = client.get_provisioned_concurrency_config();
        request.function_name(&outputs.function).qualifier(&outputs.alias).send()
    };
    none_if_missing(aws.call("lambda:GetProvisionedConcurrencyConfig", send).await)
}

async fn put(aws: &Regional, outputs: &Outputs, spec: &Spec) -> Result<(), CallError> {
    let client = aws.lambda();
    let instances = i32::try_from(*spec.instances.get()).unwrap_or(i32::MAX);
    let send = || {
        client
            .put_provisioned_concurrency_config()
            .function_name(&outputs.function)
            .qualifier(&outputs.alias)
            .provisioned_concurrent_executions(instances)
            .send()
    };
    let attempt = || aws.call("lambda:PutProvisionedConcurrencyConfig", send);
    let what = format!("provisioned concurrency of {} in {}", ProvisionedConcurrency::id(outputs), aws.region());
    aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await?;
    let poll = || async {
        let now = get(aws, outputs).await?;
        match now.as_ref().and_then(|now| now.status()) {
            Some(Status::Ready) => Ok(Poll::Ready(())),
            Some(Status::Failed) => {
                let why = now.as_ref().and_then(|now| now.status_reason()).unwrap_or("Lambda gave no reason");
                Err(CallError::Failed { what: what.clone(), why: why.to_owned() })
            }
            other => Ok(Poll::Pending(other.map_or("not visible yet", Status::as_str).to_owned())),
        }
    };
    aws.wait(&what, ALLOCATION, poll).await
}
