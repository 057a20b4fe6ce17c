//! `cdn`, read from the distribution and its policies.

use std::collections::BTreeMap;

use crate::components::cloudfront::Selection;
use crate::components::cloudfront::cache_policy::{self, CachePolicy};
use crate::components::cloudfront::continuous_deployment_policy::{ContinuousDeploymentPolicy, Traffic};
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::cloudfront::invalidation::Invalidation;
use crate::components::cloudfront::key_values::{self, KeyValues};
use crate::components::cloudfront::managed::{self, ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED};
use crate::components::cloudfront::origin_request_policy::OriginRequestPolicy;
use crate::components::cloudfront::response_headers_policy::{self, ResponseHeadersPolicy};
use crate::desired::{Address, AddressOf, Input, Kind};
use crate::plan::View;
use crate::resources::api::config::{
    Behavior, Cache, CacheKey, Cdn, Connection, ErrorResponse, GeoRestriction, HttpVersion, Logging, MinimumTls,
    Origin, OriginShield, PriceClass, ResponseHeaders, Staging, StagingHeader, StagingSession, ViewerProtocol,
};
use crate::resources::api::expand::cdn::{BY_COUNTRY, COUNTRY, EDGE, GROUP, LATENCY};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, list};
use crate::schema::Attr;

/// Whether this region is the first one of CloudFront's origin group.
pub(super) fn is_first_of_group(found: &FoundComponents<'_>, region: &str) -> bool {
    let groups = found.global::<Distribution>().map(|spec| spec.groups).unwrap_or_default();
    groups.iter().any(|group| group.id == GROUP && group.primary == region)
}

/// The routing table, of an API whose regions a CloudFront function chooses.
pub(super) fn table(found: &FoundComponents<'_>) -> Option<key_values::Spec> {
    found.global::<KeyValues>()
}

/// Whether this region is the origin of requests that no function sends elsewhere.
pub(super) fn is_first_origin(found: &FoundComponents<'_>, region: &str) -> bool {
    let spec = found.global::<Distribution>();
    table(found).is_some() && spec.is_some_and(|spec| spec.default_behavior.target == region)
}

/// `cdn`.
pub(super) fn cdn(view: &View, name: &str) -> Option<Cdn> {
    let found = FoundComponents::new(view);
    let staging = Some(distribution::STAGING);
    let staged = found.spec(&Address::global_of::<Distribution>().maybe_key(staging));
    let mut cdn = settings(view, name, &found.global::<Distribution>()?, None);
    if staged.is_some() {
        // The patterns of the staging distribution replace `behaviors`, and `read_paths` would come on top of them.
        cdn = without_read_paths(cdn);
    }
    let policy = found.global::<ContinuousDeploymentPolicy>();
    let staged = staged.zip(policy).map(|(spec, policy)| {
        let settings = without_read_paths(settings(view, name, &spec, staging));
        staged_by(&cdn, &settings, policy.traffic)
    });
    Some(Cdn { staging: staged.into(), ..cdn })
}

/// The settings with the elements of `read_paths` in `behaviors`.
fn without_read_paths(cdn: Cdn) -> Cdn {
    let reads = cdn.read_paths.known().cloned().unwrap_or_default();
    let patterns =
        reads.iter().filter_map(|pattern| Some((pattern.known()?.clone(), Attr::Known(Behavior::default()))));
    let behaviors: BTreeMap<_, _> =
        cdn.behaviors.known().cloned().unwrap_or_default().into_iter().chain(patterns).collect();
    let behaviors = Some(behaviors).filter(|behaviors| !behaviors.is_empty()).into();
    Cdn { read_paths: Attr::Null, behaviors, ..cdn }
}

/// The settings that a staging distribution tries out, and the requests that it receives.
fn staged_by(cdn: &Cdn, staged: &Cdn, traffic: Traffic) -> Staging {
    let settings = Staging::between(cdn, staged);
    match traffic {
        Traffic::Share { percent, session } => {
            let session = session.map(|session| StagingSession {
                idle_seconds: Attr::Known(session.idle_seconds),
                maximum_seconds: Attr::Known(session.maximum_seconds),
            });
            Staging { percent: Attr::Known(percent), session: session.into(), ..settings }
        }
        Traffic::Header { name, value } => {
            let header = StagingHeader { name: Attr::Known(name), value: Attr::Known(value) };
            Staging { header: Attr::Known(header), ..settings }
        }
    }
}

/// The settings of a distribution. `key` is its key and that of its cache policy.
fn settings(view: &View, name: &str, spec: &distribution::Spec, key: Option<&str>) -> Cdn {
    let found = FoundComponents::new(view);
    let group = spec.groups.iter().find(|group| group.id == GROUP);
    let table = table(&found);
    let has = |origin: &str| spec.origins.contains_key(origin);
    let origin = match &table {
        Some(_) => Origin::KeyValueStore,
        None if has(EDGE) => Origin::EdgeFunction,
        None if has(LATENCY) => Origin::Latency,
        None => Origin::Group,
    };
    let policies = Policies { view, found, key };
    let codes = table.map(|table| table.failover_status_codes);
    let codes = codes.or_else(|| spec.groups.first().map(|group| group.status_codes.clone()));
    let codes: Option<Vec<Attr<i64>>> =
        codes.map(|codes| codes.into_iter().map(|code| Attr::Known(code.into())).collect());
    let (read_paths, behaviors) = policies.paths(spec);
    let shared = policies.shared_cache(spec).and_then(|address| policies.cache_at(&address));
    Cdn {
        origin: Attr::Known(origin),
        group_order: group
            .filter(|_| origin == Origin::Group)
            .map_or(Attr::Null, |group| list(vec![group.primary.clone(), group.secondary.clone()])),
        failover_status_codes: codes.into(),
        read_paths: list(read_paths),
        cache: shared.map(|spec| own_cache(&spec)).into(),
        behaviors: Some(behaviors).filter(|behaviors| !behaviors.is_empty()).into(),
        invalidate_on_change: found.global::<Invalidation>().map_or(Attr::Null, |spec| list(spec.paths)),
        price_class: PriceClass::parse(&spec.price_class).into(),
        aliases: attrs(&spec.aliases),
        take_over_aliases: Attr::Null,
        client_certificate_arn: spec.client_certificate_arn.as_ref().map_or(Attr::Null, attr),
        sign_requests: Some(true).filter(|_| spec.default_behavior.origin_request_body).into(),
        comment: spec.comment.strip_prefix(&format!("{name}: ")).map(str::to_owned).into(),
        http_version: HttpVersion::parse(&spec.viewer.http_version).into(),
        ipv6: Attr::Known(spec.viewer.ipv6),
        minimum_tls_version: MinimumTls::parse(&spec.viewer.minimum_tls).into(),
        geo_restriction: spec.geo_restriction.as_ref().map(geo_restriction).into(),
        logging: spec.logging.as_ref().map(logging).into(),
        error_responses: error_responses(spec),
        connection: spec.origins.values().next().map(|origin| connection(&origin.connection)).into(),
        origin_shield: shield(spec),
        origin_headers: headers(&spec.origin_headers),
        web_acl_arn: spec.web_acl_arn.as_ref().map_or(Attr::Null, attr),
        staging: Attr::Null,
    }
}

fn headers(headers: &BTreeMap<String, Input<String>>) -> Attr<BTreeMap<String, Attr<String>>> {
    let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| (name.clone(), attr(value))).collect();
    Some(headers).filter(|headers| !headers.is_empty()).into()
}

fn geo_restriction(geo: &distribution::GeoRestriction) -> GeoRestriction {
    let countries = list(geo.countries.clone());
    if geo.allow {
        GeoRestriction { allow: countries, block: Attr::Null }
    } else {
        GeoRestriction { allow: Attr::Null, block: countries }
    }
}

fn logging(logging: &distribution::Logging) -> Logging {
    Logging {
        bucket: attr(&logging.bucket),
        prefix: attr(&logging.prefix),
        include_cookies: Attr::Known(logging.cookies),
    }
}

fn error_responses(spec: &distribution::Spec) -> Attr<BTreeMap<String, Attr<ErrorResponse>>> {
    let each = spec.error_responses.iter().map(|held| {
        let response = ErrorResponse {
            response_status: held.replacement.as_ref().map(|replacement| i64::from(replacement.status)).into(),
            page_path: held.replacement.as_ref().map(|replacement| replacement.path.clone()).into(),
            cache_seconds: held.cache_seconds.into(),
        };
        (held.status.to_string(), Attr::Known(response))
    });
    Some(each.collect::<BTreeMap<_, _>>()).filter(|responses| !responses.is_empty()).into()
}

fn connection(connection: &distribution::Connection) -> Connection {
    Connection {
        attempts: Attr::Known(connection.attempts),
        timeout_seconds: Attr::Known(connection.timeout_seconds),
        read_timeout_seconds: Attr::Known(connection.read_timeout_seconds),
        keepalive_timeout_seconds: Attr::Known(connection.keepalive_timeout_seconds),
        completion_timeout_seconds: connection.completion_timeout_seconds.into(),
    }
}

/// One region for all origins, or the nearest to each.
fn shield(spec: &distribution::Spec) -> Attr<OriginShield> {
    let mut regions = spec.origins.values().map(|origin| origin.shield_region.clone());
    let Some(first) = regions.next().flatten() else { return Attr::Null };
    let is_common = regions.all(|other| other.as_ref() == Some(&first));
    Attr::Known(OriginShield { region: Some(first).filter(|_| is_common).into() })
}

/// The policies of the behaviors.
struct Policies<'a> {
    view: &'a View,
    found: FoundComponents<'a>,
    /// The key of the distribution.
    key: Option<&'a str>,
}

impl Policies<'_> {
    fn cache_at(&self, address: &AddressOf<CachePolicy>) -> Option<cache_policy::Spec> {
        self.found.spec(address)
    }

    /// The policy of `cache`, which paths that read have by default.
    fn shared_cache(&self, spec: &distribution::Spec) -> Option<AddressOf<CachePolicy>> {
        let own = self.key.map(|key| Address::global_of::<CachePolicy>().key(key));
        let is_used = |address: &AddressOf<CachePolicy>| {
            let mut all = spec.behaviors.iter().map(|(_, held)| held).chain([&spec.default_behavior]);
            let id = self.found.output(address, cache_policy::ID);
            id.is_some() && all.any(|held| held.cache_policy_id.known() == id.as_ref())
        };
        own.filter(|own| self.found.has(own)).or_else(|| {
            let common = Some(Address::global_of::<CachePolicy>()).filter(|common| self.found.has(common));
            // A staging distribution that does not use the policy has no such paths.
            common.filter(|common| self.key.is_none() || is_used(common))
        })
    }

    /// The component of a kind with this id.
    fn with_id<C: Kind>(&self, id: Option<&Input<String>>) -> Option<AddressOf<C>> {
        let id = id?.known()?;
        let addresses = self.view.components.keys().filter_map(|address| address.clone().typed::<C>());
        let mut own = addresses.filter(|address| {
            let outputs = self.view.components.get(&Address::from(address.clone())).map(|seen| &seen.outputs);
            outputs.and_then(Attr::known).and_then(|outputs| outputs.get("id")?.as_str()) == Some(id)
        });
        own.next()
    }

    /// The elements of `read_paths` and `behaviors`: patterns without settings of their own are in `read_paths`, if they are
    /// in an order that needs no precedence.
    fn paths(&self, spec: &distribution::Spec) -> (Vec<String>, BTreeMap<String, Attr<Behavior>>) {
        let (mut reads, mut behaviors) = (Vec::new(), BTreeMap::new());
        for (index, (pattern, held)) in spec.behaviors.iter().enumerate() {
            let mut behavior = self.behavior(spec, held);
            if behavior == Behavior::default() && spec.behaviors.len() == 1 {
                reads.push(pattern.clone());
                continue;
            }
            // The order of AWS, whatever the default order is.
            behavior.precedence = i64::try_from(index).ok().into();
            behaviors.insert(pattern.clone(), Attr::Known(behavior));
        }
        (reads, behaviors)
    }

    fn behavior(&self, spec: &distribution::Spec, held: &distribution::Behavior) -> Behavior {
        let group = spec.groups.iter().find(|group| group.id == held.target && group.id != GROUP);
        let is_default = [GROUP, LATENCY, EDGE].contains(&held.target.as_str()) || held.viewer_function_arn.is_some();
        let first = spec.groups.iter().find(|group| group.id == GROUP).map(|group| &group.primary);
        let region = Some(&held.target).filter(|target| !is_default && group.is_none() && Some(*target) != first);
        Behavior {
            precedence: Attr::Null,
            writes: Some(true).filter(|_| held.writes).into(),
            group: group.map_or(Attr::Null, |group| list(vec![group.primary.clone(), group.secondary.clone()])),
            region: region.cloned().into(),
            cache: self.cache(held),
            origin_request_policy: self.request(held),
            response_headers: self.response(held),
            compress: Some(false).filter(|_| !held.compress).into(),
            viewer_protocol: ViewerProtocol::parse(&held.viewer_protocol)
                .filter(|protocol| *protocol != ViewerProtocol::Redirect)
                .into(),
        }
    }

    fn cache(&self, held: &distribution::Behavior) -> Attr<Cache> {
        let address = self.with_id::<CachePolicy>(Some(&held.cache_policy_id));
        match address {
            // The policy of `cdn.cache`, which paths that read have by default.
            Some(address) if self.is_shared(&address) && !held.writes => Attr::Null,
            Some(address) if Address::from(address.clone()).key.as_deref() == Some(BY_COUNTRY) => Attr::Null,
            Some(address) => self.cache_at(&address).map(|spec| own_cache(&spec)).into(),
            None if held.writes && held.cache_policy_id.known().is_some_and(|id| id == CACHING_DISABLED.id) => {
                Attr::Null
            }
            None => {
                let policy = named(&held.cache_policy_id, managed::CACHE_POLICIES);
                Attr::Known(Cache { policy, ..Cache::default() })
            }
        }
    }

    /// Whether this is the policy of `cache`.
    fn is_shared(&self, address: &AddressOf<CachePolicy>) -> bool {
        let key = Address::from(address.clone()).key;
        key.is_none() || (key.is_some() && key.as_deref() == self.key)
    }

    /// The origin request policy, unless it is one that the provider chooses.
    fn request(&self, held: &distribution::Behavior) -> Attr<String> {
        let own = self.with_id::<OriginRequestPolicy>(held.origin_request_policy_id.as_ref());
        let Some(id) = held.origin_request_policy_id.as_ref().filter(|_| own.is_none()) else { return Attr::Null };
        let chosen = id.known().is_some_and(|id| id == ALL_VIEWER_EXCEPT_HOST.id);
        if chosen && self.may_forward_everything(held) {
            return Attr::Null;
        }
        named(id, managed::ORIGIN_REQUEST_POLICIES)
    }

    /// Whether the provider chooses the policy that forwards everything for these cached responses.
    fn may_forward_everything(&self, held: &distribution::Behavior) -> bool {
        match self.with_id::<CachePolicy>(Some(&held.cache_policy_id)).and_then(|address| self.cache_at(&address)) {
            Some(spec) => {
                spec.headers.iter().any(|name| name.eq_ignore_ascii_case("authorization"))
                    && spec.cookies == Selection::All
                    && spec.query_strings == Selection::All
            }
            None => held.cache_policy_id.known().is_some_and(|id| id == CACHING_DISABLED.id),
        }
    }

    fn response(&self, held: &distribution::Behavior) -> Attr<ResponseHeaders> {
        let Some(id) = &held.response_headers_policy_id else { return Attr::Null };
        let own = self.with_id::<ResponseHeadersPolicy>(Some(id)).and_then(|address| self.found.spec(&address));
        Attr::Known(match own {
            Some(spec) => own_headers(&spec),
            None => {
                ResponseHeaders { policy: named(id, managed::RESPONSE_HEADERS_POLICIES), ..ResponseHeaders::default() }
            }
        })
    }
}

fn named(id: &Input<String>, policies: &[managed::Managed]) -> Attr<String> {
    let id = id.known().cloned();
    id.map(|id| managed::find(policies, &id).map_or(id, |policy| policy.name.to_owned())).into()
}

fn own_cache(spec: &cache_policy::Spec) -> Cache {
    let texts = |names: Vec<String>| Attr::Known(names.into_iter().map(Attr::Known).collect());
    Cache {
        policy: Attr::Null,
        default_ttl_seconds: Attr::Known(spec.default_ttl_seconds),
        min_ttl_seconds: Attr::Known(spec.min_ttl_seconds),
        max_ttl_seconds: Attr::Known(spec.max_ttl_seconds),
        key: Attr::Known(CacheKey {
            headers: texts(spec.headers.iter().filter(|name| *name != COUNTRY).cloned().collect()),
            cookies: texts(spec.cookies.names()),
            query_strings: texts(spec.query_strings.names()),
        }),
    }
}

fn own_headers(spec: &response_headers_policy::Spec) -> ResponseHeaders {
    let set: BTreeMap<_, _> = spec.set.iter().map(|(name, value)| (name.clone(), Attr::Known(value.clone()))).collect();
    ResponseHeaders {
        policy: Attr::Null,
        set: Some(set).filter(|set| !set.is_empty()).into(),
        remove: list(spec.remove.clone()),
    }
}
