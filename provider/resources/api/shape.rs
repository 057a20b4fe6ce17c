//! The shape of an API: the settings that decide which AWS objects there are.
//!
//! A shape exists only when all of these settings are known. Other settings may be unknown: they decide how an object is
//! configured, not whether it exists.

mod functions;

use std::collections::{BTreeMap, BTreeSet};

use self::functions::functions;
use super::config::{
    AccessLog, ApiKey, Authorizer, Cdn, CheckProtocol, Config, Cors, Domain, Gateway, HealthAlarm, HealthCheck,
    IpAddressType, Policy, Protocol, Region, Rest, Rollout,
};
use super::edge::Edge;
use super::names::Names;
use crate::components::route53::{cidr, geography, record};
use crate::desired::Input;
use crate::resources::shared::function::{self, Code, RegionFunction, Throttle, code};
use crate::resources::shared::inputs::{input, maybe, texts};
use crate::schema::{Attr, Texts, Unknown};

/// An API whose objects are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// The API's name.
    pub(super) name: String,
    /// The regions by name.
    pub(super) regions: BTreeMap<String, Place>,
    /// The functions: the one of `function` first, then those of `functions` by name.
    pub(super) functions: Vec<Code>,
    /// The API Gateway.
    pub(super) gateway: Front,
    /// The names of an API with a domain.
    pub(super) names: Option<Names>,
    /// How Route 53 chooses a region.
    pub(super) policy: Policy,
    /// Whether the health of API Gateway in a region counts.
    pub(super) evaluate_target_health: bool,
    /// The health check of every region.
    pub(super) health_check: Option<Check>,
    /// How long resolvers may cache an answer, in seconds.
    pub(super) drain_seconds: u64,
    /// CloudFront in front of the regions.
    pub(super) cdn: Option<Edge>,
    /// How a change reaches the regions.
    pub(super) rollout: Option<Rollout>,
    /// Whether log groups stay in AWS when they are no longer desired.
    pub(super) retain_logs: bool,
}

/// A region of an API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Whether it is the primary region.
    pub(super) primary: bool,
    /// Whether it receives traffic.
    pub(super) serving: bool,
    /// The settings of its functions, by their names in the configuration.
    pub(super) functions: BTreeMap<Option<String>, RegionFunction>,
    /// The locations of its clients, with geolocation routing.
    pub(super) locations: BTreeSet<String>,
    /// The blocks of its clients' addresses, with IP-based routing; `*` stands for all others.
    pub(super) cidrs: BTreeSet<String>,
    /// What decides whether it is healthy, instead of the health check of every region.
    pub(super) health: Option<Health>,
    /// Its other settings.
    pub(super) config: Region,
}

impl Place {
    /// The place of one function in this region, which is `region`.
    pub(super) fn of<'a>(&'a self, region: &'a str, code: &Code) -> function::Place<'a> {
        let own = self.functions.get(&code.name).cloned().unwrap_or_default();
        function::Place { region, environment: self.config.environment(), vpc: self.config.vpc(), own }
    }
}

/// What decides whether one region is healthy.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Health {
    /// A CloudWatch alarm.
    Alarm(HealthAlarm),
    /// An existing health check with this id.
    Check(Input<String>),
    /// An ARC routing control with this ARN.
    RoutingControl(Input<String>),
}

/// The API Gateway of every region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Front {
    /// The kind of API.
    pub(super) protocol: Protocol,
    /// The settings of a REST API.
    pub(super) rest: Rest,
    /// The API keys, by name.
    pub(super) api_keys: BTreeMap<String, ApiKey>,
    /// The authorizers, by name.
    pub(super) authorizers: BTreeMap<String, Authorizer>,
    /// Cross-origin resource sharing.
    pub(super) cors: Option<Sharing>,
    /// The limit of requests.
    pub(super) throttle: Option<Throttle>,
    /// The access log.
    pub(super) access_log: Option<RequestLog>,
    /// Whether the default endpoint is disabled.
    pub(super) disabled: bool,
    /// Whether clients reach the API and its custom domain names over IPv6, too.
    pub(super) dual_stack: bool,
    /// Its other settings.
    pub(super) config: Gateway,
}

/// Cross-origin resource sharing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sharing {
    /// Whether browsers may send cookies.
    pub(super) allow_credentials: bool,
    /// Its other settings.
    pub(super) config: Cors,
}

/// An access log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestLog {
    /// The days after which lines are deleted; 0 keeps them forever.
    pub(super) retention_days: i64,
    /// Its other settings.
    pub(super) config: AccessLog,
}

/// A health check.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Check {
    /// What the checkers send.
    pub(super) protocol: CheckProtocol,
    /// Whether Route 53 measures latency.
    pub(super) measure_latency: bool,
    /// The number of healthy regions from which on the health check over all of them is healthy.
    pub(super) calculated: Option<Input<i64>>,
    /// Its other settings.
    pub(super) config: HealthCheck,
}

impl Shape {
    /// The shape of a configuration, which may contain mistakes.
    ///
    /// An optional value that is unknown counts as set: with a role's ARN that is known only after apply, the provider
    /// creates no role.
    ///
    /// # Errors
    /// [`Unknown`] while a setting that decides which objects there are is unknown.
    pub(super) fn of(config: &Config) -> Result<Self, Unknown> {
        let cdn = config.cdn().decided()?;
        let edge = cdn.map(Edge::of).transpose()?;
        let names = config.domain().decided()?.map(|domain| names(domain, cdn, edge.as_ref())).transpose()?;
        let routing = config.routing()?;
        let functions = functions(config)?;
        Ok(Self {
            name: config.name()?.clone(),
            regions: regions(config, &functions, routing.health_check().is_null())?,
            functions,
            gateway: Front::of(config.gateway()?)?,
            names,
            policy: routing.policy()?,
            evaluate_target_health: routing.evaluate_target_health()?,
            health_check: routing.health_check().decided()?.map(Check::of).transpose()?,
            drain_seconds: u64::try_from(routing.drain_seconds()?).unwrap_or_default(),
            cdn: edge,
            rollout: rollout(config)?,
            retain_logs: config.retain_logs()?,
        })
    }

    /// The serving regions in the order in which CloudFront uses them: the primary, then the others by name.
    pub(super) fn serving(&self) -> Vec<&str> {
        let mut serving: Vec<_> = self.regions.iter().filter(|(_, place)| place.serving).collect();
        serving.sort_by_key(|(name, place)| (!place.primary, *name));
        serving.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The primary region, or the first one by name; drained regions count.
    pub(super) fn first(&self) -> Option<&str> {
        self.regions.iter().min_by_key(|(name, place)| (!place.primary, *name)).map(|(name, _)| name.as_str())
    }

    /// The serving secondary regions of failover with more than two regions: a record of their own routes among them by
    /// latency. A drained region counts, so that draining one changes no names.
    pub(super) fn secondaries(&self) -> Vec<&str> {
        if self.policy != Policy::Failover || self.regions.len() <= 2 {
            return Vec::new();
        }
        let is_secondary = |region: &&str| self.regions.get(*region).is_some_and(|place| !place.primary);
        self.serving().into_iter().filter(is_secondary).collect()
    }

    /// Whether the provider creates a health check.
    pub(super) fn has_own_health_checks(&self) -> bool {
        let is_own = |place: &Place| !matches!(place.health, None | Some(Health::Check(_)));
        self.health_check.is_some() || self.regions.values().any(is_own)
    }

    /// The two regions of CloudFront's origin group, in order.
    pub(super) fn group(&self) -> Option<(&str, &str)> {
        let edge = self.cdn.as_ref().filter(|edge| edge.is_group())?;
        let serving = self.serving();
        let order = edge.group_order.as_deref().map(|order| order.iter().map(String::as_str).collect());
        match order.unwrap_or(serving).as_slice() {
            [first, second, ..] => Some((first, second)),
            _ => None,
        }
    }

    /// Whether `region` receives requests.
    pub(super) fn routes_to(&self, region: &str) -> bool {
        match self.group() {
            Some((first, second)) => {
                region == first || region == second || self.cdn.as_ref().is_some_and(|edge| edge.names(region))
            }
            None => self.regions.get(region).is_some_and(|place| place.serving),
        }
    }

    /// Whether API Gateway answers only clients with a certificate: the default endpoints are disabled, and mutual TLS is on.
    pub(super) fn needs_client_certificate(&self) -> bool {
        self.gateway.disabled && self.names.as_ref().is_some_and(|names| names.mutual_tls.is_some())
    }

    /// The route keys of all functions.
    pub(super) fn routes(&self) -> impl Iterator<Item = &String> + Clone {
        self.functions.iter().flat_map(|function| &function.routes)
    }
}

impl Front {
    fn of(gateway: Gateway) -> Result<Self, Unknown> {
        let keys = gateway.api_keys().decided()?.into_iter().flatten();
        let api_keys = keys.map(|(name, key)| Ok((name.clone(), key.or(ApiKey::default)?)));
        let authorizers = gateway.authorizers().decided()?.into_iter().flatten().map(|(name, one)| {
            let one = one.or(Authorizer::default)?;
            one.kind()?;
            one.payload_format().decided()?;
            one.simple_responses()?;
            Ok((name.clone(), one))
        });
        Ok(Self {
            protocol: gateway.protocol()?,
            rest: gateway.rest().decided()?.cloned().unwrap_or_default(),
            api_keys: api_keys.collect::<Result<_, Unknown>>()?,
            authorizers: authorizers.collect::<Result<_, Unknown>>()?,
            cors: gateway.cors().decided()?.map(Sharing::of).transpose()?,
            throttle: gateway.throttle().decided()?.cloned(),
            access_log: gateway.access_log().decided()?.map(RequestLog::of).transpose()?,
            disabled: gateway.disable_execute_api_endpoint()?,
            dual_stack: gateway.ip_address_type()? == IpAddressType::Dualstack,
            config: gateway,
        })
    }
}

impl Sharing {
    fn of(cors: &Cors) -> Result<Self, Unknown> {
        Ok(Self { allow_credentials: cors.allow_credentials()?, config: cors.clone() })
    }
}

/// The format of an access log without the newline at its end.
pub(super) fn log_line(format: &str) -> &str {
    let line = format.strip_suffix('\n').unwrap_or(format);
    line.strip_suffix('\r').unwrap_or(line)
}

impl RequestLog {
    fn of(log: &AccessLog) -> Result<Self, Unknown> {
        Ok(Self { retention_days: log.retention_days()?, config: log.clone() })
    }

    /// The line as API Gateway accepts it. A heredoc ends with a newline.
    pub(super) fn format(&self) -> Result<String, Unknown> {
        self.config.format().map(|format| log_line(&format).to_owned())
    }
}

impl Check {
    fn of(check: &HealthCheck) -> Result<Self, Unknown> {
        Ok(Self {
            protocol: check.protocol()?,
            measure_latency: check.measure_latency()?,
            calculated: check.calculated().decided()?.map(|over| input(over.threshold().copied())),
            config: check.clone(),
        })
    }
}

/// The regions. Without a health check of every region, each may have its own.
fn regions(config: &Config, functions: &[Code], own_health: bool) -> Result<BTreeMap<String, Place>, Unknown> {
    let drained = config.drained().decided()?.map(|names| texts(&names.0)).transpose()?.unwrap_or_default();
    let place = |(name, region): (&String, &Attr<Region>)| {
        let region = region.or(Region::default)?;
        let in_region = |code: &Code| Ok((code.name.clone(), code::decided(region.of_function(code.key())?)?));
        let functions = functions.iter().map(in_region).collect::<Result<_, Unknown>>()?;
        let primary = region.primary()?;
        let each = |list: &Attr<Texts>, normal: fn(&str) -> String| {
            let texts = list.decided()?.map(texts).transpose()?.unwrap_or_default();
            Ok(texts.iter().map(|text| normal(text)).collect())
        };
        let place = Place {
            primary,
            serving: !drained.contains(name) && !region.was_drained(),
            functions,
            locations: each(region.locations(), geography::normal)?,
            cidrs: each(region.cidrs(), cidr::normal)?,
            health: if own_health { health(&region)? } else { None },
            config: region,
        };
        Ok((name.clone(), place))
    };
    config.regions()?.iter().map(place).collect()
}

/// The rollout, when it is known which requests a region must answer, and which regions have alarms.
fn rollout(config: &Config) -> Result<Option<Rollout>, Unknown> {
    let Some(rollout) = config.rollout().decided()? else { return Ok(None) };
    rollout.verify().decided()?;
    rollout.canary_percent().decided()?;
    rollout.alarms().decided()?;
    Ok(Some(rollout.clone()))
}

fn health(region: &Region) -> Result<Option<Health>, Unknown> {
    if let Some(alarm) = region.health_alarm().decided()? {
        return Ok(Some(Health::Alarm(alarm.clone())));
    }
    if let Some(id) = maybe(region.health_check_id()) {
        return Ok(Some(Health::Check(id)));
    }
    Ok(maybe(region.routing_control_arn()).map(Health::RoutingControl))
}

fn names(domain: &Domain, cdn: Option<&Cdn>, edge: Option<&Edge>) -> Result<Names, Unknown> {
    let name = domain.name()?.clone();
    let certificate = domain.certificate()?;
    let mut additional: Vec<String> = Vec::new();
    for other in domain.additional_names().decided()?.map(texts).transpose()?.unwrap_or_default() {
        if other != name && !additional.contains(&other) {
            additional.push(other);
        }
    }
    let aliases = match cdn {
        Some(cdn) => {
            let aliases = cdn.aliases().decided()?.map(texts).transpose()?.unwrap_or_default();
            let all = || std::iter::once(&name).chain(&additional).cloned().collect();
            if aliases.is_empty() { all() } else { aliases }
        }
        None => Vec::new(),
    };
    let by_cname = edge.is_some_and(Edge::has_function);
    let shared = match edge {
        Some(edge) if edge.is_group() || edge.is_steered() => None,
        // A CNAME record cannot stand at the apex of a zone, and nothing else beside it.
        Some(_) if by_cname => Some(record::cname_of(&name)),
        Some(_) if aliases.contains(&name) => Some(format!("origin.{name}")),
        _ => Some(name.clone()),
    };
    let regional = domain.regional_names()?;
    let implied = regional || shared.as_ref().is_some_and(|shared| *shared != name);
    Ok(Names {
        wildcard: certificate.wildcard().decided()?.copied().unwrap_or_default() || implied,
        arns: certificate.arns().decided()?.cloned(),
        validation: certificate.validation()?,
        zone_id: maybe(domain.zone_id()),
        mutual_tls: domain.mutual_tls().decided()?.cloned(),
        private_zone_id: maybe(domain.private_zone_id()),
        replaces: domain.replaces()?,
        base_path: domain.base_path().clone(),
        name,
        shared,
        by_cname,
        additional,
        regional,
        aliases,
    })
}
