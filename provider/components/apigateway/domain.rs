//! API Gateway custom domain name of one region.

use std::time::Duration;

use aws_sdk_apigatewayv2::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigatewayv2::types::{
    DomainName, DomainNameConfiguration, DomainNameStatus, EndpointType, MutualTlsAuthentication,
    MutualTlsAuthenticationInput, SecurityPolicy,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{adoption, tags};
use crate::components::{
    Component, Deviations, Discovered, Found, Holder, Resolved, Siblings, Tags, apigateway, output_keys,
};
use crate::desired::{Input, Kind, KindMeta, Limit};

/// The kind `domain`.
#[derive(Debug)]
pub struct Domain;

output_keys! {
    Domain {
        NAME = name: String,
        TARGET = target: String,
        ZONE_ID = zone_id: String,
    }
}

/// The key of the custom domain name that always leads to its own region. The one that is routed to all regions has no key,
/// and each additional one has [`key_of`].
pub const REGIONAL: &str = "regional";

/// The key of an additional custom domain name: the name itself. The address is in a tag, whose value cannot contain the
/// asterisk of a wildcard.
pub fn key_of(name: &str) -> String {
    name.replace('*', "+")
}

/// The desired settings of a custom domain name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The custom domain name.
    pub name: Input<String>,
    /// The certificate's ARN, in the same region.
    pub certificate_arn: Input<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a custom domain name in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The custom domain name.
    pub name: String,
    /// The regional host name, the target of an alias record.
    pub target: String,
    /// The id of the hosted zone of that host name.
    pub zone_id: String,
}

impl Kind for Domain {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "domain",
        about: "API Gateway custom domain name of one region.",
        id: "the domain name",
        outputs: OUTPUTS,
        immutable: &["name"],
        actions: &[
            "apigateway:AddCertificateToDomain",
            "apigateway:DELETE",
            "apigateway:GET",
            "apigateway:PATCH",
            "apigateway:POST",
            "apigateway:RemoveCertificateFromDomain",
            "apigateway:TagResource",
            "apigateway:UntagResource",
            "iam:CreateServiceLinkedRole",
        ],
        limits: &[
            Limit { operation: "apigateway:CreateDomainName", burst: 1, per_second: 1.0 / 30.0 },
            Limit { operation: "apigateway:UpdateDomainName", burst: 1, per_second: 1.0 / 30.0 },
            Limit { operation: "apigateway:DeleteDomainName", burst: 1, per_second: 1.0 / 30.0 },
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Domain {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(name) = spec.name.known() else { return Ok(None) };
        let Some(domain) = get(aws, name).await? else { return Ok(None) };
        let tags = tags::reported(domain.tags.unwrap_or_default());
        let configuration = domain.domain_name_configurations.unwrap_or_default();
        let outputs = configuration.first().and_then(|configuration| outputs(name, configuration));
        Ok(Some(tags::judge(aws, &tags, required(outputs, "a domain's target")?, "")))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let domain = get(aws, &outputs.name).await?;
        let tags = domain.map(|domain| tags::reported(domain.tags.unwrap_or_default()));
        Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for domain in own(aws).await? {
            let tags = tags::reported(domain.tags.unwrap_or_default());
            let Some(address) = tags::address_here::<Self>(aws, &tags) else { continue };
            let name = required(domain.domain_name, "a domain's name")?;
            let configurations = domain.domain_name_configurations.unwrap_or_default();
            let Some(configuration) = configurations.first() else { continue };
            let Some(outputs) = outputs(&name, configuration) else { continue };
            let certificate_arn = Input::Known(configuration.certificate_arn.clone().unwrap_or_default());
            let deviations = Deviations::default();
            let spec = Spec { name: Input::Known(name), certificate_arn, deviations, tags: tags::spec(tags) };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = spec.name.get();
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_domain_name().domain_name(name);
            let request = request.domain_name_configurations(configuration(spec.certificate_arn.get()));
            let answer = request.set_tags(Some(tags::plain(&spec.tags).into_iter().collect())).send().await;
            let created = |configurations: Vec<DomainNameConfiguration>| outputs(name, configurations.first()?);
            answer.map(|answer| answer.domain_name_configurations.and_then(created))
        };
        let make = || async {
            create_or_adopt(aws, "apigateway:CreateDomainName", Repeated::IsRefused, look, send).await?;
            wait_available(aws, name, CREATE_TIMEOUT).await
        };
        // AWS may reserve the name of a domain that was just deleted, and may still report the domain.
        let is_held = |error: &CallError| adoption::may_be_released(error) || error.is_not_found();
        aws.retry("the domain name to be free", adoption::RELEASED_WITHIN, is_held, make).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(domain) = held(aws, &outputs.name).await? else { return Ok(None) };
        let tags = tags::reported(domain.tags.unwrap_or_default());
        let configuration = domain.domain_name_configurations.unwrap_or_default().into_iter().next();
        let configuration = required(configuration, "a domain's configuration")?;
        let certificate_arn = Input::Known(configuration.certificate_arn.clone().unwrap_or_default());
        let deviations = deviations(&configuration, domain.mutual_tls_authentication.as_ref());
        let outputs = required(self::outputs(&outputs.name, &configuration), "a domain's target")?;
        let spec = Spec { name: spec.name.clone(), certificate_arn, deviations, tags: tags::spec(tags) };
        Ok(Some((spec, outputs)))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = &outputs.name;
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let arn = apigateway::arn(aws, &format!("/domainnames/{name}"));
        apigateway::retag(aws, &arn, &from.tags, &to.tags).await?;
        if from.certificate_arn != to.certificate_arn || from.deviations != to.deviations {
            let request = || {
                let configuration = configuration(to.certificate_arn.get());
                let request = aws.apigatewayv2().update_domain_name().domain_name(name);
                let without = from.deviations.has(MUTUAL_TLS).then(without_client_certificates);
                request.domain_name_configurations(configuration).set_mutual_tls_authentication(without).send()
            };
            aws.call("apigateway:UpdateDomainName", request).await?;
        }
        // Also without a change, because an earlier update may have been interrupted during this wait.
        wait_available(aws, name, UPDATE_TIMEOUT).await
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigatewayv2().delete_domain_name().domain_name(&outputs.name).send();
        ignore_missing(aws.call("apigateway:DeleteDomainName", request).await)
    }
}

/// How long a new domain name may take to become available.
const CREATE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long the change of a certificate may take.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The custom domain names of this region and owner.
pub(crate) async fn own(aws: &Regional) -> Result<Vec<DomainName>, CallError> {
    let ask = || async {
        let mut domains = pages(|next| async move {
            let request =
                || aws.apigatewayv2().get_domain_names().max_results("100").set_next_token(next.clone()).send();
            let page = aws.call("apigateway:GetDomainNames", request).await?;
            Ok((page.items, page.next_token))
        })
        .await?;
        domains.retain(|domain| {
            tags::address_of::<Domain>(aws, &tags::reported(domain.tags.clone().unwrap_or_default())).is_some()
        });
        Ok(domains)
    };
    aws.read_once("apigateway:GetDomainNames", ask).await
}

/// A domain name of any owner.
async fn held(aws: &Regional, name: &str) -> Result<Option<DomainName>, CallError> {
    let list = || async {
        let own = own(aws).await?.into_iter();
        Ok(own.filter_map(|domain| Some((domain.domain_name.clone()?, domain))).collect())
    };
    let get = |name: String| async move {
        Ok(get(aws, &name).await?.map(|domain| {
            DomainName::builder()
                .set_domain_name(domain.domain_name)
                .set_domain_name_configurations(domain.domain_name_configurations)
                .set_mutual_tls_authentication(domain.mutual_tls_authentication)
                .set_tags(domain.tags)
                .build()
        }))
    };
    aws.read_listed("apigateway:GetDomainNames by name", name, list, get).await
}

async fn get(aws: &Regional, name: &str) -> Result<Option<GetDomainNameOutput>, CallError> {
    let request = || aws.apigatewayv2().get_domain_name().domain_name(name).send();
    none_if_missing(aws.call("apigateway:GetDomainName", request).await)
}

/// The regional host name of this owner's domain `name` in this region; `None` when there is none.
pub(crate) async fn own_target(aws: &Regional, name: &str) -> Result<Option<String>, CallError> {
    let Some(domain) = get(aws, name).await? else { return Ok(None) };
    let tags = tags::reported(domain.tags.unwrap_or_default());
    let configuration = domain.domain_name_configurations.unwrap_or_default().into_iter().next();
    let target = configuration.and_then(|configuration| configuration.api_gateway_domain_name);
    Ok(target.filter(|_| tags::address_of::<Domain>(aws, &tags).is_some()))
}

fn configuration(certificate_arn: &str) -> DomainNameConfiguration {
    DomainNameConfiguration::builder()
        .certificate_arn(certificate_arn)
        .endpoint_type(EndpointType::Regional)
        .security_policy(SecurityPolicy::Tls12)
        .build()
}

/// The name of the enforced setting "no mutual TLS".
const MUTUAL_TLS: &str = "mutualTlsAuthentication";

fn deviations(configuration: &DomainNameConfiguration, mutual_tls: Option<&MutualTlsAuthentication>) -> Deviations {
    let (endpoint, policy) = (&configuration.endpoint_type, &configuration.security_policy);
    let truststore = mutual_tls.and_then(|mutual_tls| mutual_tls.truststore_uri.as_deref()).unwrap_or_default();
    Deviations::default()
        .record_unless("endpointType", endpoint.as_ref().is_none_or(|endpoint| *endpoint == EndpointType::Regional))
        .record_unless("securityPolicy", policy.as_ref().is_none_or(|policy| *policy == SecurityPolicy::Tls12))
        .record_unless(MUTUAL_TLS, truststore.is_empty())
}

/// An empty truststore disables mutual TLS; without the field, AWS would keep it.
fn without_client_certificates() -> MutualTlsAuthenticationInput {
    MutualTlsAuthenticationInput::builder().truststore_uri("").build()
}

fn outputs(name: &str, configuration: &DomainNameConfiguration) -> Option<Outputs> {
    let target = configuration.api_gateway_domain_name.clone()?;
    Some(Outputs { name: name.to_owned(), target, zone_id: configuration.hosted_zone_id.clone()? })
}

async fn wait_available(aws: &Regional, name: &str, within: Duration) -> Result<Outputs, CallError> {
    let look = || async {
        let Some(domain) = get(aws, name).await? else { return Ok(Poll::Pending("not visible yet".to_owned())) };
        let configuration = domain.domain_name_configurations.unwrap_or_default().into_iter().next();
        let configuration = required(configuration, "a domain's configuration")?;
        match &configuration.domain_name_status {
            Some(DomainNameStatus::Available) | None => {
                required(outputs(name, &configuration), "a domain's target").map(Poll::Ready)
            }
            Some(status) => Ok(Poll::Pending(status.as_str().to_owned())),
        }
    };
    aws.wait(&format!("custom domain name {name} to become available"), within, look).await
}
