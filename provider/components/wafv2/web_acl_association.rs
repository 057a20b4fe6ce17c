//! Association of a web ACL with the stage of a REST API, whose requests it then filters.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::rest_stage::RestStage;
use crate::components::support::answer::{ignore_missing, none_if_missing};
use crate::components::{Component, Discovered, Found, Holder, Place, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `web_acl_association`.
#[derive(Debug)]
pub struct WebAclAssociation;

output_keys! {
    WebAclAssociation {
        RESOURCE_ARN = resource_arn: String,
    }
}

/// The desired web ACL of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ARN of the stage.
    pub resource_arn: Input<String>,
    /// The ARN of the web ACL, of the scope `REGIONAL` and of the same region.
    pub web_acl_arn: Input<String>,
}

/// What identifies an association: a stage has at most one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN of the stage.
    pub resource_arn: String,
}

impl Kind for WebAclAssociation {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "web_acl_association",
        about: "Association of a web ACL with the stage of a region.",
        id: "the ARN of the stage",
        outputs: OUTPUTS,
        immutable: &["resource_arn"],
        // WAF sets the web ACL of a stage with the caller's permissions.
        actions: &[
            "apigateway:SetWebACL",
            "wafv2:AssociateWebACL",
            "wafv2:DisassociateWebACL",
            "wafv2:GetWebACL",
            "wafv2:GetWebACLForResource",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for WebAclAssociation {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.resource_arn.clone()
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { resource_arn: spec.resource_arn.known()?.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(resource_arn) = spec.resource_arn.known() else { return Ok(None) };
        let outputs = Outputs { resource_arn: resource_arn.clone() };
        let found = current(aws, resource_arn).await?;
        Ok(found.map(|found| match spec.web_acl_arn.known().is_none_or(|ours| *ours == found) {
            true => Found::Ours(outputs),
            false => Found::Foreign(whose(&found)),
        }))
    }

    async fn holder(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let other = current(aws, &outputs.resource_arn).await?;
        let other = other.filter(|found| spec.web_acl_arn.known() != Some(found));
        Ok(other.map_or(Holder::Ours, |found| Holder::Stranger(whose(&found))))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (address, stage) in siblings.all::<RestStage>() {
            if address.scope != aws.address().scope {
                continue;
            }
            let Some(web_acl_arn) = current(aws, &stage.arn).await? else { continue };
            let resource_arn = Input::Known(stage.arn.clone());
            let spec = Spec { resource_arn, web_acl_arn: Input::Known(web_acl_arn) };
            discovered.push(Discovered { key: address.key, spec, outputs: Outputs { resource_arn: stage.arn } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let resource_arn = spec.resource_arn.get().clone();
        // AWS would replace another association.
        if let Some(Found::Foreign(whose)) = Self::find(aws, spec).await? {
            return Err(CallError::Foreign { what: aws.address().to_string(), whose });
        }
        associate(aws, &resource_arn, spec.web_acl_arn.get()).await?;
        Ok(Outputs { resource_arn })
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let found = current(aws, &outputs.resource_arn).await?;
        Ok(found.map(|found| (Spec { web_acl_arn: Input::Known(found), ..spec.clone() }, outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        associate(aws, &outputs.resource_arn, to.web_acl_arn.get()).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.wafv2().disassociate_web_acl().resource_arn(&outputs.resource_arn).send();
        ignore_missing(aws.call("wafv2:DisassociateWebACL", request).await)
    }
}

/// How long a new stage or web ACL may be unknown to WAF.
///
/// # Source
/// hashicorp/aws, `webACLAssociationCreateTimeout`; AWS WAF API reference, `WAFUnavailableEntityException`.
const VISIBLE_WITHIN: Duration = Duration::from_secs(5 * 60);

fn whose(web_acl_arn: &str) -> String {
    format!("the stage has the web ACL {web_acl_arn}")
}

async fn associate(aws: &Regional, resource_arn: &str, web_acl_arn: &str) -> Result<(), CallError> {
    let request = || aws.wafv2().associate_web_acl().resource_arn(resource_arn).web_acl_arn(web_acl_arn).send();
    let attempt = || aws.call("wafv2:AssociateWebACL", request);
    let is_new = |error: &CallError| error.code() == Some("WAFUnavailableEntityException");
    let what = format!("WAF to find {resource_arn} and {web_acl_arn}");
    aws.retry(&what, VISIBLE_WITHIN, is_new, attempt).await.map(drop)
}

/// The ARN of the stage's web ACL; `None` when it has none or does not exist.
async fn current(aws: &Regional, resource_arn: &str) -> Result<Option<String>, CallError> {
    let request = || aws.wafv2().get_web_acl_for_resource().resource_arn(resource_arn).send();
    let found = none_if_missing(aws.call("wafv2:GetWebACLForResource", request).await)?;
    Ok(found.and_then(|found| found.web_acl).map(|web_acl| web_acl.arn().to_owned()))
}
