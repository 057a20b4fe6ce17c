//! API mapping: the API and stage to which a custom domain name leads.

use std::time::Duration;

use aws_sdk_apigatewayv2::types::ApiMapping;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, domain};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::{Component, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `mapping`.
#[derive(Debug)]
pub struct Mapping;

/// The desired settings of an API mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The custom domain name.
    pub domain: Input<String>,
    /// The id of the API.
    pub api_id: Input<String>,
    /// The name of the API's stage.
    pub stage: Input<String>,
    /// The base path; empty for the whole domain.
    pub base_path: Input<String>,
}

/// What identifies an API mapping in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The custom domain name.
    pub domain: String,
    /// The id that AWS assigned.
    pub id: String,
}

impl Kind for Mapping {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "mapping",
        about: "API mapping: the API and stage that a custom domain name leads to.",
        id: "`DOMAIN_NAME/API_MAPPING_ID`",
        immutable: &["domain"],
        rolled_out: &["api_id", "stage", "base_path"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for Mapping {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.domain, outputs.id)
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(domain), Some(base_path)) = (spec.domain.known(), spec.base_path.known()) else { return Ok(None) };
        let Some(mapping) = of_path(aws, domain, base_path).await? else { return Ok(None) };
        let api_id = mapping.api_id.unwrap_or_default();
        if spec.api_id.known().is_some_and(|ours| *ours != api_id) {
            return Ok(Some(Found::Foreign(format!("it leads to the API {api_id}"))));
        }
        let id = required(mapping.api_mapping_id, "a mapping's id")?;
        Ok(Some(Found::Ours(Outputs { domain: domain.clone(), id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let apis = apigateway::api_ids(aws, siblings);
        if apis.is_empty() {
            return Ok(Vec::new());
        }
        let is_ours = |mapping: &ApiMapping| mapping.api_id.as_ref().is_some_and(|id| apis.contains(id));
        let mut discovered = Vec::new();
        for (address, domain) in siblings.all::<domain::Domain>() {
            if address.scope != aws.address().scope {
                continue;
            }
            let own = mappings(aws, &domain.name).await?;
            for mapping in own.into_iter().filter(is_ours) {
                let spec = reported(&domain.name, &mapping);
                let id = required(mapping.api_mapping_id, "a mapping's id")?;
                let outputs = Outputs { domain: domain.name.clone(), id };
                discovered.push(Discovered { key: address.key.clone(), spec, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let domain = spec.domain.get();
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_api_mapping().domain_name(domain).api_id(spec.api_id.get());
            let answer = request.stage(spec.stage.get()).set_api_mapping_key(key(spec)).send().await;
            answer.map(|created| Some(Outputs { domain: domain.clone(), id: created.api_mapping_id? }))
        };
        let what = format!("the stage to be visible to {domain}");
        let make = || create_or_adopt(aws, "apigateway:CreateApiMapping", Repeated::IsRefused, look, send);
        aws.retry(&what, VISIBLE_WITHIN, is_not_visible_yet, make).await
    }

    async fn read(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (domain, id) = (&outputs.domain, &outputs.id);
        let request = || aws.apigatewayv2().get_api_mapping().domain_name(domain).api_mapping_id(id).send();
        let Some(answer) = none_if_missing(aws.call("apigateway:GetApiMapping", request).await)? else {
            return Ok(None);
        };
        let mapping = ApiMapping::builder()
            .set_api_id(answer.api_id)
            .set_api_mapping_key(answer.api_mapping_key)
            .set_stage(answer.stage)
            .build();
        Ok(Some((reported(domain, &mapping), outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        let send = || {
            let request = aws.apigatewayv2().update_api_mapping().domain_name(&outputs.domain);
            let request = request.api_mapping_id(&outputs.id).api_id(to.api_id.get()).stage(to.stage.get());
            // Unlike in a create, an update without a key would keep the old one.
            request.api_mapping_key(to.base_path.get()).send()
        };
        let what = format!("the stage to be visible to {}", outputs.domain);
        let update = || aws.call("apigateway:UpdateApiMapping", send);
        aws.retry(&what, VISIBLE_WITHIN, is_not_visible_yet, update).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (domain, id) = (&outputs.domain, &outputs.id);
        let request = || aws.apigatewayv2().delete_api_mapping().domain_name(domain).api_mapping_id(id).send();
        ignore_missing(aws.call("apigateway:DeleteApiMapping", request).await)
    }
}

/// How long a new API or stage may not be visible to a domain name.
const VISIBLE_WITHIN: Duration = Duration::from_secs(30);

fn is_not_visible_yet(error: &CallError) -> bool {
    matches!(error.code(), Some("BadRequestException" | "NotFoundException"))
        && error.message().contains("Invalid")
        && error.message().contains("identifier")
}

/// The mapping key; a mapping of the whole domain has none.
fn key(spec: &Spec) -> Option<String> {
    Some(spec.base_path.get().clone()).filter(|path| !path.is_empty())
}

/// The base path in our spelling: AWS may report `(none)` for the empty one.
fn base_path(key: Option<&str>) -> &str {
    key.filter(|key| *key != "(none)").unwrap_or_default()
}

fn reported(domain: &str, mapping: &ApiMapping) -> Spec {
    Spec {
        domain: Input::from(domain),
        api_id: Input::Known(mapping.api_id.clone().unwrap_or_default()),
        stage: Input::Known(mapping.stage.clone().unwrap_or_default()),
        base_path: Input::from(base_path(mapping.api_mapping_key.as_deref())),
    }
}

/// All mappings of a domain; none when the domain does not exist.
async fn mappings(aws: &Regional, domain: &str) -> Result<Vec<ApiMapping>, CallError> {
    pages(|next| async move {
        let request = || aws.apigatewayv2().get_api_mappings().domain_name(domain).set_next_token(next.clone()).send();
        let page = none_if_missing(aws.call("apigateway:GetApiMappings", request).await)?;
        Ok(page.map(|page| (page.items, page.next_token)).unwrap_or_default())
    })
    .await
}

async fn of_path(aws: &Regional, domain: &str, path: &str) -> Result<Option<ApiMapping>, CallError> {
    let mappings = mappings(aws, domain).await?;
    Ok(mappings.into_iter().find(|mapping| base_path(mapping.api_mapping_key.as_deref()) == path))
}
