//! Custom domain names: the certificates of all regions, and the names of each region with their mappings.

use std::collections::BTreeMap;

use super::{Domains, Draft, Front, Named};
use crate::components::Deviations;
use crate::components::acm::certificate::{self, Certificate};
use crate::components::acm::issued_certificate::{self, IssuedCertificate};
use crate::components::apigateway::domain::{self, Domain};
use crate::components::apigateway::mapping::{self, Mapping};
use crate::components::cloudfront::distribution;
use crate::components::route53::validation_record::{self, ValidationRecord};
use crate::desired::{Address, AddressOf, Handle, Input};
use crate::resources::api::config::{MutualTls, Validation};
use crate::resources::api::names::{Names, validated_domains};
use crate::resources::api::shape::Shape;
use crate::resources::shared::inputs::{input, maybe};
use crate::schema::Attr;
use crate::wire::Path;

/// The issued certificates.
#[derive(Default)]
pub(super) struct Certificates {
    /// For the custom domain names of the regions, by region.
    pub(super) regional: BTreeMap<String, Handle<IssuedCertificate>>,
    /// For CloudFront.
    pub(super) cdn: Option<Handle<IssuedCertificate>>,
}

/// A certificate that the provider requests.
struct Requested {
    region: String,
    key: Option<&'static str>,
    names: Vec<String>,
    certificate: Handle<Certificate>,
}

/// The certificates of all regions: existing ones, or requested and validated.
pub(super) fn certificates(draft: &mut Draft<'_>) -> Certificates {
    match &draft.shape.names {
        Some(names) if names.arns.is_some() => existing(draft, names),
        Some(names) => requested(draft, names),
        None => Certificates::default(),
    }
}

fn existing(draft: &mut Draft<'_>, names: &Names) -> Certificates {
    let arn = |region: &str| {
        let arn = names.arns.as_ref().and_then(|arns| arns.get(region));
        arn.and_then(maybe).unwrap_or(Input::Unknown)
    };
    let mut all = Certificates::default();
    for region in draft.shape.regions.keys().filter(|_| names.in_regions()) {
        let address = Address::of(region);
        let issued = issue(draft, address, arn(region), &names.served_in(region));
        all.regional.insert(region.clone(), issued);
    }
    if draft.shape.cdn.is_some() {
        let address = Address::of::<IssuedCertificate>(distribution::CERTIFICATE_REGION).key(distribution::KEY);
        all.cdn = Some(issue(draft, address, arn(distribution::CERTIFICATE_REGION), &names.aliases));
    }
    all
}

fn requested(draft: &mut Draft<'_>, names: &Names) -> Certificates {
    let mut requests: Vec<Requested> = Vec::new();
    for region in draft.shape.regions.keys().filter(|_| names.in_regions()) {
        requests.push(request(draft, region, None, names.on_certificate()));
    }
    let for_cdn = draft.shape.cdn.as_ref().map(|_| names.on_cdn_certificate());
    let same = |request: &Requested| {
        request.region == distribution::CERTIFICATE_REGION && Some(&request.names) == for_cdn.as_ref()
    };
    let shares = requests.iter().any(same);
    if let (Some(on_certificate), false) = (for_cdn, shares) {
        requests.push(request(draft, distribution::CERTIFICATE_REGION, Some(distribution::KEY), on_certificate));
    }
    let records = match (&names.zone_id, names.validation) {
        (Some(zone_id), Validation::Dns) => validation_records(draft, zone_id, &requests),
        _ => BTreeMap::new(),
    };
    let mut all = Certificates::default();
    for request in &requests {
        let address = Address::of::<IssuedCertificate>(&request.region).maybe_key(request.key);
        let issued = issue(draft, address, request.certificate.output(certificate::ARN), &request.names);
        for domain in validated_domains(&request.names) {
            if let Some(record) = records.get(&domain) {
                draft.desired.order(&issued, record);
            }
        }
        if request.key.is_some() || (shares && request.region == distribution::CERTIFICATE_REGION) {
            all.cdn = Some(issued.clone());
        }
        if request.key.is_none() {
            all.regional.insert(request.region.clone(), issued);
        }
    }
    all
}

fn request(draft: &mut Draft<'_>, region: &str, key: Option<&'static str>, names: Vec<String>) -> Requested {
    let address = Address::of::<Certificate>(region).maybe_key(key);
    let given = draft.config.domain().known().and_then(|domain| domain.certificate().ok()).unwrap_or_default();
    let spec = certificate::Spec {
        names: names.iter().cloned().map(Input::Known).collect(),
        key_algorithm: input(given.key_algorithm().map(|algorithm| algorithm.as_str().to_owned())),
        by_email: draft.shape.names.as_ref().is_some_and(|names| names.validation == Validation::Email),
        tags: draft.tags(&address),
    };
    let certificate = draft.desired.add(address, Path::of("domain").attribute("certificate"), &spec);
    Requested { region: region.to_owned(), key, names, certificate }
}

/// One validation record for each domain. ACM requests the same record in every region, so any certificate names it.
fn validation_records(
    draft: &mut Draft<'_>,
    zone_id: &Input<String>,
    requests: &[Requested],
) -> BTreeMap<String, Handle<ValidationRecord>> {
    let mut first: BTreeMap<String, (usize, &Requested)> = BTreeMap::new();
    for request in requests {
        for (position, domain) in validated_domains(&request.names).into_iter().enumerate() {
            first.entry(domain).or_insert((position, request));
        }
    }
    let mut records = BTreeMap::new();
    for (domain, (position, request)) in first {
        let certificate = &request.certificate;
        let (name, value) = if position == 0 {
            (certificate.output(certificate::VALIDATION_NAME), certificate.output(certificate::VALIDATION_VALUE))
        } else {
            (
                certificate.entry(certificate::OTHER_VALIDATION_NAMES, &domain),
                certificate.entry(certificate::OTHER_VALIDATION_VALUES, &domain),
            )
        };
        let (zone_id, of) = (zone_id.clone(), Input::Known(domain.clone()));
        let spec = validation_record::Spec { zone_id, name, value, domain: of };
        let address = Address::global_of::<ValidationRecord>().key(&domain);
        records.insert(domain, draft.desired.add(address, Path::of("domain").attribute("zone_id"), &spec));
    }
    records
}

fn issue(
    draft: &mut Draft<'_>,
    address: AddressOf<IssuedCertificate>,
    arn: Input<String>,
    names: &[String],
) -> Handle<IssuedCertificate> {
    let spec = issued_certificate::Spec { arn, names: names.iter().cloned().map(Input::Known).collect() };
    draft.desired.add(address, Path::of("domain").attribute("certificate"), &spec)
}

/// The custom domain names of one region with their mappings.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, front: &Front, certificates: &Certificates) -> Domains {
    let (Some(names), Some(certificate)) = (&draft.shape.names, certificates.regional.get(region)) else {
        return Domains::default();
    };
    let base_path = base_path_of(&names.base_path);
    let shared =
        names.in_all_regions().cloned().map(|name| named(draft, (region, None), name, certificate, front, &base_path));
    let regional = names.regional.then(|| names.of_region(region));
    let regional =
        regional.map(|name| named(draft, (region, Some(domain::REGIONAL)), name, certificate, front, &base_path));
    let mut additional = Vec::new();
    for name in names.routed() {
        let key = domain::key_of(name);
        additional.push(named(draft, (region, Some(&key)), name.clone(), certificate, front, &base_path));
    }
    Domains { shared, additional, regional }
}

fn named(
    draft: &mut Draft<'_>,
    (region, key): (&str, Option<&str>),
    name: String,
    certificate: &Handle<IssuedCertificate>,
    front: &Front,
    base_path: &Input<String>,
) -> Named {
    let address = Address::of::<Domain>(region).maybe_key(key);
    let spec = domain::Spec {
        name: Input::Known(name.clone()),
        certificate_arn: certificate.output(issued_certificate::ARN),
        mutual_tls: mutual_tls(draft.shape, region),
        dual_stack: draft.shape.gateway.dual_stack,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let domain = draft.desired.add(address, Path::of("domain").attribute("name"), &spec);
    let spec = mapping::Spec {
        domain: domain.output(domain::NAME),
        api_id: front.api_id.clone(),
        stage: front.stage.clone(),
        base_path: base_path.clone(),
    };
    let address = Address::of::<Mapping>(region).maybe_key(key);
    let mapping = draft.desired.add(address, Path::of("domain").attribute("base_path"), &spec);
    Named { name, domain, mapping }
}

/// Mutual TLS in a region: its own settings, or else those of the domain.
fn mutual_tls(shape: &Shape, region: &str) -> Option<domain::MutualTls> {
    let common = shape.names.as_ref()?.mutual_tls.as_ref()?;
    let own = shape.regions.get(region).and_then(|place| place.config.mutual_tls().known());
    let of = |get: fn(&MutualTls) -> &Attr<String>| own.and_then(|own| maybe(get(own))).or_else(|| maybe(get(common)));
    // The version belongs to the object that is named beside it.
    let place = own.filter(|own| !own.truststore_uri().is_null()).unwrap_or(common);
    Some(domain::MutualTls {
        truststore_uri: of(MutualTls::truststore_uri).unwrap_or(Input::Unknown),
        truststore_version: maybe(place.truststore_version()),
        ownership_certificate_arn: of(MutualTls::ownership_certificate_arn),
    })
}

/// The base path of a mapping; empty for the root.
pub(super) fn base_path_of(base_path: &Attr<String>) -> Input<String> {
    maybe(base_path).unwrap_or_else(|| Input::Known(String::new()))
}
