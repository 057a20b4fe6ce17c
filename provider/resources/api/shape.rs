//! The shape of an API: the settings that decide which AWS objects there are.
//!
//! A shape exists only when all of these settings are known. Other settings may be unknown: they decide how an object is
//! configured, not whether it exists.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{
    AccessLog, Architecture, Cdn, Config, Cors, Domain, Function, Gateway, HealthCheck, Policy, Protocol, Region,
    Throttle, Traffic,
};
use super::edge::Edge;
use super::names::Names;
use crate::desired::PackageSource;
use crate::resources::shared::inputs::texts;
use crate::schema::Unknown;

/// An API whose objects are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// The API's name.
    pub(super) name: String,
    /// The regions by name.
    pub(super) regions: BTreeMap<String, Place>,
    /// The function.
    pub(super) function: Code,
    /// The API Gateway.
    pub(super) gateway: Front,
    /// The names of an API with a domain.
    pub(super) names: Option<Names>,
    /// How Route 53 chooses a region.
    pub(super) policy: Policy,
    /// The health check of every region.
    pub(super) health_check: Option<Check>,
    /// How long resolvers may cache an answer, in seconds.
    pub(super) drain_seconds: u64,
    /// CloudFront in front of the regions.
    pub(super) cdn: Option<Edge>,
}

/// A region of an API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Whether it is the primary region.
    pub(super) primary: bool,
    /// Whether it receives traffic.
    pub(super) serving: bool,
    /// Its other settings.
    pub(super) config: Region,
}

/// The function of every region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Code {
    /// Where the code comes from.
    pub(super) source: Source,
    /// The instruction set.
    pub(super) architecture: Architecture,
    /// Whether X-Ray traces requests.
    pub(super) tracing: bool,
    /// The days after which log events are deleted; 0 keeps them forever.
    pub(super) log_retention_days: i64,
    /// Its other settings.
    pub(super) config: Function,
}

/// Where the code of a function comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A directory or a zip file on this machine.
    Local,
    /// A zip file in an S3 bucket of each region.
    S3,
    /// A container image in an Amazon ECR repository of each region.
    Image,
}

/// The API Gateway of every region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Front {
    /// The route keys.
    pub(super) routes: BTreeSet<String>,
    /// Cross-origin resource sharing.
    pub(super) cors: Option<Sharing>,
    /// The limit of requests.
    pub(super) throttle: Option<Throttle>,
    /// The access log.
    pub(super) access_log: Option<RequestLog>,
    /// Whether the default endpoint is disabled.
    pub(super) disabled: bool,
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
    /// Whether Route 53 measures latency.
    pub(super) measure_latency: bool,
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
        Ok(Self {
            name: config.name()?.clone(),
            regions: regions(config)?,
            function: Code::of(config)?,
            gateway: Front::of(config.gateway()?)?,
            names,
            policy: routing.policy()?,
            health_check: routing.health_check().decided()?.map(Check::of).transpose()?,
            drain_seconds: u64::try_from(routing.drain_seconds()?).unwrap_or_default(),
            cdn: edge,
        })
    }

    /// The serving regions in the order in which CloudFront uses them: the primary, then the others by name.
    pub(super) fn serving(&self) -> Vec<&str> {
        let mut serving: Vec<_> = self.regions.iter().filter(|(_, place)| place.serving).collect();
        serving.sort_by_key(|(name, place)| (!place.primary, *name));
        serving.into_iter().map(|(name, _)| name.as_str()).collect()
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

    /// The name of the function. A container image has another one, because Lambda cannot turn a function with a zip file
    /// into a function with an image.
    pub(super) fn function_name(&self) -> String {
        match self.function.source {
            Source::Image => format!("{}-image", self.name),
            Source::Local | Source::S3 => self.name.clone(),
        }
    }
}

impl Code {
    fn of(config: &Config) -> Result<Self, Unknown> {
        let function = config.function()?.clone();
        let (mut s3, mut image) = (false, false);
        for (_, region) in config.known_regions() {
            s3 |= !region.s3().is_null();
            image |= !region.image_uri().is_null();
        }
        Ok(Self {
            source: match (image, s3) {
                (true, _) => Source::Image,
                (false, true) => Source::S3,
                (false, false) => Source::Local,
            },
            architecture: function.architecture()?,
            tracing: function.tracing()?,
            log_retention_days: function.log_retention_days()?,
            config: function,
        })
    }
}

/// Where the package of `function` is read from; `None` when it is not on this machine or its path is unknown.
pub(super) fn package_source(function: &Function) -> Option<PackageSource> {
    if let Some(path) = function.source_dir().known() {
        let exclude = function.exclude().decided().ok()?.map(texts).transpose().ok()?.unwrap_or_default();
        return Some(PackageSource::Directory { path: path.clone(), exclude });
    }
    function.filename().known().map(|path| PackageSource::File { path: path.clone() })
}

impl Front {
    fn of(gateway: Gateway) -> Result<Self, Unknown> {
        let Protocol::Http = gateway.protocol()?;
        Ok(Self {
            routes: texts(&gateway.routes()?)?.into_iter().collect(),
            cors: gateway.cors().decided()?.map(Sharing::of).transpose()?,
            throttle: gateway.throttle().decided()?.cloned(),
            access_log: gateway.access_log().decided()?.map(RequestLog::of).transpose()?,
            disabled: gateway.disable_execute_api_endpoint()?,
            config: gateway,
        })
    }
}

impl Sharing {
    fn of(cors: &Cors) -> Result<Self, Unknown> {
        Ok(Self { allow_credentials: cors.allow_credentials()?, config: cors.clone() })
    }
}

impl RequestLog {
    fn of(log: &AccessLog) -> Result<Self, Unknown> {
        Ok(Self { retention_days: log.retention_days()?, config: log.clone() })
    }
}

impl Check {
    fn of(check: &HealthCheck) -> Result<Self, Unknown> {
        Ok(Self { measure_latency: check.measure_latency()?, config: check.clone() })
    }
}

fn regions(config: &Config) -> Result<BTreeMap<String, Place>, Unknown> {
    let place = |(name, region): (&String, &crate::schema::Attr<Region>)| {
        let region = region.or(Region::default)?;
        // An unknown value may turn out to be null, and then there is no such object.
        if region.provisioned_concurrency().is_unknown() || region.s3().is_unknown() {
            return Err(Unknown);
        }
        let (primary, traffic) = (region.primary()?, region.traffic()?);
        Ok((name.clone(), Place { primary, serving: traffic == Traffic::Serving, config: region }))
    };
    config.regions()?.iter().map(place).collect()
}

fn names(domain: &Domain, cdn: Option<&Cdn>, edge: Option<&Edge>) -> Result<Names, Unknown> {
    let name = domain.name()?.clone();
    let certificate = domain.certificate()?;
    let aliases = match cdn {
        Some(cdn) => {
            let aliases = cdn.aliases().decided()?.map(texts).transpose()?.unwrap_or_default();
            if aliases.is_empty() { vec![name.clone()] } else { aliases }
        }
        None => Vec::new(),
    };
    let shared = match edge {
        Some(edge) if edge.is_group() => None,
        Some(_) if aliases.contains(&name) => Some(format!("origin.{name}")),
        _ => Some(name.clone()),
    };
    let regional = domain.regional_names()?;
    let implied = regional || shared.as_ref().is_some_and(|shared| *shared != name);
    Ok(Names {
        wildcard: certificate.wildcard().decided()?.copied().unwrap_or_default() || implied,
        arns: certificate.arns().decided()?.cloned(),
        zone_id: domain.zone_id().ok().cloned(),
        base_path: domain.base_path().clone(),
        name,
        shared,
        regional,
        aliases,
    })
}
