//! API Gateway custom domain name of one region.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_acm::types::CertificateType;
use aws_sdk_apigatewayv2::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigatewayv2::types::{
    DomainName, DomainNameConfiguration, DomainNameStatus, EndpointType, IpAddressType, MutualTlsAuthentication,
    MutualTlsAuthenticationInput, SecurityPolicy,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::acm::certificate;
use crate::components::apigateway::http_api::ip_address_type;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{adoption, tags};
use crate::components::{
    Component, Deviations, Discovered, Found, Holder, Problem, Resolved, Siblings, Tags, apigateway, output_keys,
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
    /// Mutual TLS; `None` when clients need no certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_tls: Option<MutualTls>,
    /// Whether clients reach it over IPv6, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual_stack: bool,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// Mutual TLS of a custom domain name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutualTls {
    /// The S3 URI of the trust store.
    pub truststore_uri: Input<String>,
    /// The version of the S3 object.
    pub truststore_version: Option<Input<String>>,
    /// The ARN of the certificate that proves control of the name, when `certificate_arn` is not issued by ACM.
    pub ownership_certificate_arn: Option<Input<String>>,
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
            "acm:DescribeCertificate",
            "apigateway:AddCertificateToDomain",
            "apigateway:DELETE",
            "apigateway:GET",
            "apigateway:PATCH",
            "apigateway:POST",
            "apigateway:RemoveCertificateFromDomain",
            "apigateway:TagResource",
            "apigateway:UntagResource",
            "iam:CreateServiceLinkedRole",
            "s3:GetObject",
            "s3:GetObjectVersion",
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

    fn domain_names(spec: &Spec) -> Vec<String> {
        spec.name.known().cloned().into_iter().collect()
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let (Some(arn), Some(mutual_tls)) = (spec.certificate_arn.known(), &spec.mutual_tls) else {
            return Ok(Vec::new());
        };
        if mutual_tls.ownership_certificate_arn.is_some() {
            return Ok(Vec::new());
        }
        let kind = certificate::describe(aws, arn).await?.and_then(|detail| detail.r#type);
        if !matches!(kind, Some(CertificateType::Imported | CertificateType::Private)) {
            return Ok(Vec::new());
        }
        let detail = format!(
            "{arn} was not issued by ACM, and with mutual TLS, API Gateway then needs a second certificate that proves control of \
             the name. Set ownership_certificate_arn to the ARN of a certificate that ACM has issued for it in {}.",
            aws.region()
        );
        Ok(vec![Problem { summary: "Ownership verification certificate missing", detail }])
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(name) = spec.name.known() else { return Ok(None) };
        let Some(domain) = get(aws, name).await? else { return Ok(None) };
        let tags = tags::reported(domain.tags.unwrap_or_default());
        let configuration = domain.domain_name_configurations.unwrap_or_default();
        let outputs = configuration.first().and_then(|configuration| outputs(name, configuration));
        Ok(Some(tags::judge::<Self>(aws, &tags, required(outputs, "a domain's target")?, "")))
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
            let mutual_tls = reported(configuration, domain.mutual_tls_authentication.as_ref());
            let (name, deviations) = (Input::Known(name), Deviations::default());
            let dual_stack = is_dual_stack(configuration);
            let spec = Spec { name, certificate_arn, mutual_tls, dual_stack, deviations, tags: tags::spec(tags) };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = spec.name.get();
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_domain_name().domain_name(name);
            let request = request.domain_name_configurations(configuration(spec));
            let request = request.set_mutual_tls_authentication(spec.mutual_tls.as_ref().map(to_aws));
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
        let mutual_tls = reported(&configuration, domain.mutual_tls_authentication.as_ref());
        warn_of_truststore(aws, &outputs.name, domain.mutual_tls_authentication.as_ref());
        let (deviations, dual_stack) = (deviations(&configuration), is_dual_stack(&configuration));
        let outputs = required(self::outputs(&outputs.name, &configuration), "a domain's target")?;
        let (name, tags) = (spec.name.clone(), tags::spec(tags));
        let spec = Spec { name, certificate_arn, mutual_tls, dual_stack, deviations, tags };
        Ok(Some((spec, outputs)))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = &outputs.name;
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let arn = apigateway::arn(aws, &format!("/domainnames/{name}"));
        apigateway::retag(aws, &arn, &from.tags, &to.tags).await?;
        let settings = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
        if settings(&from) != settings(to) {
            let request = || {
                let request = aws.apigatewayv2().update_domain_name().domain_name(name);
                let without = from.mutual_tls.as_ref().map(|_| without_client_certificates());
                let mutual_tls = to.mutual_tls.as_ref().map(to_aws).or(without);
                request.domain_name_configurations(configuration(to)).set_mutual_tls_authentication(mutual_tls).send()
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

/// Whether clients of a custom domain name must present a certificate.
pub(crate) async fn needs_client_certificate(aws: &Regional, name: &str) -> Result<bool, CallError> {
    Ok(get(aws, name).await?.is_some_and(|domain| domain.mutual_tls_authentication.is_some()))
}

async fn get(aws: &Regional, name: &str) -> Result<Option<GetDomainNameOutput>, CallError> {
    let request = || aws.apigatewayv2().get_domain_name().domain_name(name).send();
    none_if_missing(aws.call("apigateway:GetDomainName", request).await)
}

/// The regional host name of this owner's domain `name` in this region; `None` when there is none.
pub(crate) async fn own_target(aws: &Regional, name: &str) -> Result<Option<String>, CallError> {
    let held = target_and_tags(aws, name).await?;
    Ok(held.filter(|(_, tags)| tags::address_of::<Domain>(aws, tags).is_some()).map(|(target, _)| target))
}

/// The regional host name and the tags of the domain `name` of any owner in this region; `None` when there is none.
pub(crate) async fn target_and_tags(
    aws: &Regional,
    name: &str,
) -> Result<Option<(String, BTreeMap<String, String>)>, CallError> {
    let Some(domain) = get(aws, name).await? else { return Ok(None) };
    let configuration = domain.domain_name_configurations.unwrap_or_default().into_iter().next();
    let target = configuration.and_then(|configuration| configuration.api_gateway_domain_name);
    Ok(target.map(|target| (target, tags::reported(domain.tags.unwrap_or_default()))))
}

fn configuration(spec: &Spec) -> DomainNameConfiguration {
    let ownership = spec.mutual_tls.as_ref().and_then(|mutual_tls| mutual_tls.ownership_certificate_arn.as_ref());
    DomainNameConfiguration::builder()
        .certificate_arn(spec.certificate_arn.get())
        .set_ownership_verification_certificate_arn(ownership.map(|arn| arn.get().clone()))
        .endpoint_type(EndpointType::Regional)
        .security_policy(SecurityPolicy::Tls12)
        .ip_address_type(ip_address_type(spec.dual_stack))
        .build()
}

fn is_dual_stack(configuration: &DomainNameConfiguration) -> bool {
    configuration.ip_address_type == Some(IpAddressType::Dualstack)
}

fn to_aws(mutual_tls: &MutualTls) -> MutualTlsAuthenticationInput {
    MutualTlsAuthenticationInput::builder()
        .truststore_uri(mutual_tls.truststore_uri.get())
        .set_truststore_version(mutual_tls.truststore_version.as_ref().map(|version| version.get().clone()))
        .build()
}

/// Mutual TLS as API Gateway reports it.
fn reported(configuration: &DomainNameConfiguration, held: Option<&MutualTlsAuthentication>) -> Option<MutualTls> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(Input::Known);
    Some(MutualTls {
        truststore_uri: given(&held?.truststore_uri)?,
        truststore_version: given(&held?.truststore_version),
        ownership_certificate_arn: given(&configuration.ownership_verification_certificate_arn),
    })
}

/// Warns of certificates in a trust store that API Gateway cannot use, such as expired ones.
fn warn_of_truststore(aws: &Regional, name: &str, held: Option<&MutualTlsAuthentication>) {
    let warnings = held.and_then(|held| held.truststore_warnings.as_deref()).unwrap_or_default();
    if warnings.is_empty() {
        return;
    }
    let text =
        format!("API Gateway reports about the trust store of {name} in {}: {}.", aws.region(), warnings.join("; "));
    aws.warn("Trust store has invalid certificates", text);
}

fn deviations(configuration: &DomainNameConfiguration) -> Deviations {
    let (endpoint, policy) = (&configuration.endpoint_type, &configuration.security_policy);
    Deviations::default()
        .record_unless("endpointType", endpoint.as_ref().is_none_or(|endpoint| *endpoint == EndpointType::Regional))
        .record_unless("securityPolicy", policy.as_ref().is_none_or(|policy| *policy == SecurityPolicy::Tls12))
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
