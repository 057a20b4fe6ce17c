//! CloudFront in front of the regions, its policies, and the records of the names that it serves.

mod function;
mod layout;
mod policies;
mod steering;

use std::collections::BTreeMap;

use self::layout::Layout;
pub(in crate::resources::api) use self::layout::{EDGE, GROUP, LATENCY};
pub(in crate::resources::api) use self::policies::BY_COUNTRY;
use self::policies::Policies;
pub(in crate::resources::api) use self::steering::COUNTRY;
use super::domain::Certificates;
use super::{Draft, Region, routing};
use crate::components::acm::issued_certificate;
use crate::components::cloudfront::continuous_deployment_policy::{self, ContinuousDeploymentPolicy};
use crate::components::cloudfront::distribution::{self, Behavior, Distribution, Logging, TakeOver, Viewer};
use crate::components::cloudfront::invalidation::{self, Invalidation};
use crate::components::cloudfront::viewer_function;
use crate::components::route53::record::{Record, RecordSet, Routing};
use crate::components::{Deviations, Tags};
use crate::desired::{Address, Gated, Handle, Input};
use crate::resources::api::config;
use crate::resources::api::edge::{Caching, Edge, PathRule, Staged, Target};
use crate::resources::shared::function::Deployed;
use crate::resources::shared::inputs::{input, maybe};
use crate::schema::Attr;
use crate::wire::Path;

/// The distribution of an API with `cdn`, and its staging distribution.
pub(super) fn distribution(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
    shared: Option<&Handle<Record>>,
    certificates: &Certificates,
) -> Option<Distributions> {
    let edge = draft.shape.cdn.as_ref()?;
    let steering = steering::function(draft, edge);
    let mut parts = Parts {
        policies: Policies::default(),
        viewer_function: steering.as_ref().map(|steering| steering.function.output(viewer_function::ARN)),
        edge_function: function::version(draft, edge),
    };
    let aliases = draft.shape.names.as_ref().map(|names| names.aliases.clone()).unwrap_or_default();
    let address = Address::global_of::<Distribution>();
    let layout = layout::layout(draft.shape, edge, regions);
    let spec = distribution::Spec {
        aliases: aliases.iter().cloned().map(Input::Known).collect(),
        certificate_arn: certificates.cdn.as_ref().map(|issued| issued.output(issued_certificate::ARN)),
        take_over: take_over(draft, edge),
        tags: draft.tags(&address),
        ..spec(draft, edge, &layout, &mut parts)
    };
    let primary = draft.desired.add(address, Path::of("cdn"), &spec);
    order(draft, regions, shared, &layout, &primary);
    let staging = edge.staging.as_ref().map(|staged| staging(draft, staged, regions, shared, &mut parts, &primary));
    let all = Distributions { primary, staging };
    if let Some(steering) = &steering {
        steering::table(draft, edge, regions, steering, &all);
    }
    for alias in aliases {
        point_at(draft, &alias, &all.primary);
    }
    Some(all)
}

/// The distributions of an API.
pub(super) struct Distributions {
    /// The one that serves the names of the API.
    primary: Handle<Distribution>,
    /// The one that receives some of its requests.
    staging: Option<Handle<Distribution>>,
}

impl Distributions {
    /// Both of them.
    pub(super) fn each(&self) -> impl Iterator<Item = &Handle<Distribution>> {
        std::iter::once(&self.primary).chain(&self.staging)
    }
}

/// What the distributions of an API share.
struct Parts {
    policies: Policies,
    /// The ARN of the CloudFront function that chooses a region.
    viewer_function: Option<Input<String>>,
    /// The ARN of the version of the Lambda@Edge function that chooses a region.
    edge_function: Option<Input<String>>,
}

/// The settings of a distribution without aliases.
fn spec(draft: &mut Draft<'_>, edge: &Edge, layout: &Layout, parts: &mut Parts) -> distribution::Spec {
    let default_behavior = default_behavior(draft, edge, layout, parts);
    let paths = edge.paths.iter();
    let behaviors = paths.map(|path| (path.pattern.clone(), behavior(draft, edge, path, layout, parts))).collect();
    distribution::Spec {
        behaviors,
        comment: comment(&draft.shape.name, edge),
        aliases: Vec::new(),
        price_class: edge.price_class.as_str().to_owned(),
        certificate_arn: None,
        viewer: Viewer {
            http_version: edge.http_version.as_str().to_owned(),
            ipv6: edge.ipv6,
            minimum_tls: edge.minimum_tls.as_str().to_owned(),
        },
        origins: layout.origins.clone(),
        origin_headers: origin_headers(&edge.config),
        client_certificate_arn: maybe(edge.config.client_certificate_arn()),
        groups: layout.groups.clone(),
        default_behavior,
        error_responses: edge.error_responses.clone(),
        geo_restriction: edge.geo_restriction.clone(),
        logging: logging(edge.config.logging()),
        web_acl_arn: maybe(edge.config.web_acl_arn()),
        staging: false,
        take_over: None,
        deviations: Deviations::default(),
        tags: Tags::new(),
    }
}

/// The staging distribution, and the policy that sends it requests.
fn staging(
    draft: &mut Draft<'_>,
    staged: &Staged,
    regions: &BTreeMap<String, Region>,
    shared: Option<&Handle<Record>>,
    parts: &mut Parts,
    primary: &Handle<Distribution>,
) -> Handle<Distribution> {
    parts.policies.begin_staging();
    let address = Address::global_of::<Distribution>().key(distribution::STAGING);
    let layout = layout::layout(draft.shape, &staged.edge, regions);
    let spec = spec(draft, &staged.edge, &layout, parts);
    let comment = format!("{} (staging)", draft.shape.name);
    let spec = distribution::Spec { comment, staging: true, tags: draft.tags(&address), ..spec };
    let at = Path::of("cdn").attribute("staging");
    let staging = draft.desired.add(address, at.clone(), &spec);
    order(draft, regions, shared, &layout, &staging);
    let spec = continuous_deployment_policy::Spec {
        distribution_id: primary.output(distribution::ID),
        staging_domain_name: staging.output(distribution::DOMAIN_NAME),
        traffic: staged.traffic.clone(),
        deviations: Deviations::default(),
    };
    draft.desired.add(Address::global_of::<ContinuousDeploymentPolicy>(), at, &spec);
    staging
}

/// Orders a distribution after its origins.
fn order(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
    shared: Option<&Handle<Record>>,
    layout: &Layout,
    distribution: &Handle<Distribution>,
) {
    if let Some(shared) = shared {
        draft.desired.order(distribution, shared);
    }
    for parts in layout.single.iter().filter_map(|region| regions.get(region)) {
        parts.probes.iter().for_each(|probe| draft.desired.order(distribution, probe));
        if let Some(pinned) = &parts.pinned {
            draft.desired.order(distribution, pinned);
        }
    }
}

/// The invalidation of cached responses when the code of a region changes.
pub(super) fn invalidation(
    draft: &mut Draft<'_>,
    functions: &BTreeMap<String, Vec<Deployed>>,
    distributions: Option<&Distributions>,
) {
    let Some((edge, distributions)) = draft.shape.cdn.as_ref().zip(distributions) else { return };
    if edge.invalidated.is_empty() {
        return;
    }
    let all = || functions.iter().flat_map(|(region, all)| all.iter().map(move |function| (region, function)));
    let content = all().map(|(region, function)| {
        let key = function.code.key().map_or_else(|| region.clone(), |name| format!("{region}/{name}"));
        (key, function.version.clone())
    });
    let spec = invalidation::Spec {
        distribution_id: distributions.primary.output(distribution::ID),
        paths: edge.invalidated.clone(),
        content: content.collect(),
    };
    let attribute = Path::of("cdn").attribute("invalidate_on_change");
    let invalidation = draft.desired.add(Address::global_of::<Invalidation>(), attribute, &spec);
    for (_, function) in all() {
        // Until its alias has moved, a region answers with the old code, which CloudFront would cache again.
        draft.desired.order(&invalidation, &function.alias);
    }
}

/// How aliases of other distributions move to this one.
fn take_over(draft: &Draft<'_>, edge: &Edge) -> Option<TakeOver> {
    let names = draft.shape.names.as_ref().filter(|_| edge.take_over_aliases)?;
    Some(TakeOver { zone_id: names.zone_id.clone() })
}

/// The comment: the API's name, by which an import finds the distribution, and the user's text.
fn comment(name: &str, edge: &Edge) -> String {
    edge.comment.as_ref().map_or_else(|| name.to_owned(), |text| format!("{name}: {text}"))
}

fn default_behavior(draft: &mut Draft<'_>, edge: &Edge, layout: &Layout, parts: &mut Parts) -> Behavior {
    if edge.default_reads() {
        let (cache_policy_id, forwarded) = parts.policies.cache(draft, &edge.cache, None);
        return Behavior {
            cache_policy_id,
            origin_request_policy_id: Some(parts.policies.origin_request(draft, forwarded)),
            ..Behavior::uncached(GROUP, false)
        };
    }
    let (cache_policy_id, _) = parts.policies.cache(draft, &Caching::Disabled, None);
    let viewer_function_arn = parts.viewer_function.clone();
    let behavior = Behavior { cache_policy_id, viewer_function_arn, ..Behavior::uncached(&layout.single_target, true) };
    with_edge_function(behavior, edge, parts)
}

fn behavior(draft: &mut Draft<'_>, edge: &Edge, path: &PathRule, layout: &Layout, parts: &mut Parts) -> Behavior {
    let target = match &path.target {
        Target::Region(region) => region.clone(),
        Target::Group(regions) if path.writes => regions.first().cloned().unwrap_or_default(),
        Target::Group(regions) => layout::group_id(regions),
        Target::Default if path.writes || edge.has_function() || edge.is_steered() => layout.single_target.clone(),
        Target::Default => GROUP.to_owned(),
    };
    let caching = edge.caching(path);
    let own = path.cache.as_ref().map(|_| path);
    let (cache_policy_id, forwarded) = parts.policies.cache(draft, caching, own);
    let request = match maybe(&path.origin_request_policy) {
        Some(given) => policies::known_id(given, policies::ORIGIN_REQUEST),
        None => parts.policies.origin_request(draft, forwarded),
    };
    let headers = path.response_headers.as_ref();
    let behavior = Behavior {
        cache_policy_id,
        origin_request_policy_id: Some(request),
        response_headers_policy_id: headers.map(|headers| parts.policies.response_headers(draft, headers, path)),
        viewer_function_arn: parts.viewer_function.clone().filter(|_| path.target == Target::Default),
        compress: path.compress,
        viewer_protocol: path.viewer_protocol.as_str().to_owned(),
        ..Behavior::uncached(&target, path.writes)
    };
    with_edge_function(behavior, edge, parts)
}

/// The behavior with the Lambda@Edge function, if it sends requests to the origin whose name the function replaces.
fn with_edge_function(behavior: Behavior, edge: &Edge, parts: &Parts) -> Behavior {
    let origin_request_function = parts.edge_function.clone().filter(|_| behavior.target == EDGE);
    let origin_request_body = origin_request_function.is_some() && edge.sign_requests;
    Behavior { origin_request_function, origin_request_body, ..behavior }
}

fn origin_headers(cdn: &config::Cdn) -> BTreeMap<String, Input<String>> {
    match cdn.origin_headers() {
        Attr::Known(headers) => {
            headers.iter().filter_map(|(name, value)| Some((name.clone(), maybe(value)?))).collect()
        }
        // One unknown header stands for a map that is unknown as a whole.
        Attr::Unknown => BTreeMap::from([(String::new(), Input::Unknown)]),
        Attr::Null => BTreeMap::new(),
    }
}

fn logging(logging: &Attr<config::Logging>) -> Option<Logging> {
    match logging {
        Attr::Known(logging) => Some(Logging {
            bucket: input(logging.bucket().cloned()),
            prefix: input(logging.prefix()),
            cookies: logging.include_cookies().unwrap_or_default(),
        }),
        Attr::Unknown => Some(Logging { bucket: Input::Unknown, prefix: Input::Unknown, cookies: false }),
        Attr::Null => None,
    }
}

fn point_at(draft: &mut Draft<'_>, alias: &str, distribution: &Handle<Distribution>) {
    let value = RecordSet {
        routing: Routing::Simple,
        target: distribution.output(distribution::DOMAIN_NAME),
        target_zone_id: Input::Known(distribution::HOSTED_ZONE.to_owned()),
        health_check_id: None,
        evaluate_target_health: true,
    };
    let sets = BTreeMap::from([(distribution::KEY.to_owned(), Gated { ready: Vec::new(), value })]);
    let attribute = Path::of("cdn").attribute("aliases");
    let _ = routing::add(draft, alias, attribute, sets);
}
