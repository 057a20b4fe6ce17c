//! The shape of an API: everything that decides which AWS objects there are, with defaults filled in.
//!
//! It exists only when all of that is known. What is left in [`Attr`]s may be unknown: it decides what an object is
//! like, not whether there is one.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Cdn, Certificate, Config, Cors, Domain, Function, Gateway, HealthCheck, Region, Routing};
use super::config::{Texts, Throttle};
use super::names::Names;
use crate::schema::Attr;

/// An API whose objects can be named.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Its name.
    pub(super) name: String,
    /// Its regions by name.
    pub(super) regions: BTreeMap<String, Place>,
    /// What runs.
    pub(super) function: Code,
    /// What takes the requests.
    pub(super) gateway: Front,
    /// The names it is reached by.
    pub(super) names: Option<Names>,
    /// Who is answered by which region.
    pub(super) policy: Policy,
    /// What takes a region out, and how.
    pub(super) health_check: Option<Check>,
    /// How long resolvers may keep an answer, in seconds.
    pub(super) drain_seconds: u64,
    /// CloudFront in front of it.
    pub(super) cdn: Option<Edge>,
}

/// One of its regions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Whether it is the one that comes first.
    pub(super) primary: bool,
    /// Whether it gets traffic.
    pub(super) serving: bool,
    /// The rest of it.
    pub(super) config: Region,
}

/// What runs in every region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Code {
    /// Where it comes from.
    pub(super) source: Source,
    /// `x86_64` or `arm64`.
    pub(super) architecture: String,
    /// Whether X-Ray traces every request.
    pub(super) tracing: bool,
    /// Days after which its log is deleted; 0 keeps it.
    pub(super) log_retention_days: i64,
    /// What to leave out of a directory; `None` while that is not known.
    pub(super) exclude: Option<Vec<String>>,
    /// The rest of it.
    pub(super) config: Function,
}

/// Where the code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A directory or a zip file on this machine.
    Local,
    /// A zip in each region's bucket.
    S3,
    /// An image in each region's registry.
    Image,
}

/// What takes the requests in every region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Front {
    /// Its route keys.
    pub(super) routes: BTreeSet<String>,
    /// Cross-origin resource sharing, with whether credentials are let through.
    pub(super) cors: Option<(Cors, bool)>,
    /// Throttling.
    pub(super) throttle: Option<Throttle>,
    /// The access log: its format, and the days after which it is deleted.
    pub(super) access_log: Option<(Attr<String>, i64)>,
    /// Whether only custom domain names answer.
    pub(super) disabled: bool,
    /// How long the function may take, in milliseconds.
    pub(super) timeout_ms: Attr<i64>,
}

/// Who is answered by which region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// By the nearest.
    Latency,
    /// By the primary as long as it is healthy.
    Failover,
    /// By each in proportion to its weight.
    Weighted,
}

/// A health check.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Check {
    /// Whether latency is measured.
    pub(super) measure_latency: bool,
    /// The rest of it.
    pub(super) config: HealthCheck,
}

/// CloudFront in front of the regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// Whether it asks an origin group of two regions; otherwise the name that Route 53 routes.
    pub(super) group: bool,
    /// The statuses on which the second of a group is asked.
    pub(super) failover_status_codes: Vec<i32>,
    /// The paths whose requests go to the group, without writes.
    pub(super) read_paths: Vec<String>,
    /// Where CloudFront answers from.
    pub(super) price_class: String,
}

impl Shape {
    /// The shape of a configuration; `None` while something that decides it is unknown.
    ///
    /// A single value that is unknown counts as given: a role's ARN that only apply will bring means that there is no
    /// role of ours. What is wrong with the configuration is not looked at.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let cdn: Option<Cdn> = optional(&config.cdn)?;
        let routing: Routing = plain(&config.routing, Routing::default())?;
        let domain: Option<Domain> = optional(&config.domain)?;
        let edge = match &cdn {
            Some(cdn) => Some(Edge::of(cdn)?),
            None => None,
        };
        let names = match domain {
            Some(domain) => Some(names(&domain, cdn.as_ref(), edge.as_ref())?),
            None => None,
        };
        Some(Self {
            name: plain(&config.name, String::new())?,
            regions: regions(config)?,
            function: Code::of(config)?,
            gateway: Front::of(&plain(&config.gateway, Gateway::default())?)?,
            names,
            policy: Policy::of(&plain(&routing.policy, "latency".to_owned())?),
            health_check: match optional(&routing.health_check)? {
                Some(check) => Some(Check { measure_latency: plain(&check.measure_latency, false)?, config: check }),
                None => None,
            },
            drain_seconds: u64::try_from(plain(&routing.drain_seconds, 60)?).unwrap_or_default(),
            cdn: edge,
        })
    }

    /// The regions that get traffic, the first one first: the primary, then by name.
    pub(super) fn serving(&self) -> Vec<&str> {
        let mut serving: Vec<_> = self.regions.iter().filter(|(_, place)| place.serving).collect();
        serving.sort_by_key(|(name, place)| (!place.primary, *name));
        serving.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The regions of CloudFront's origin group, the one that is asked first first.
    pub(super) fn group(&self) -> Option<(&str, &str)> {
        match self.serving().as_slice() {
            [first, second, ..] if self.cdn.as_ref().is_some_and(|cdn| cdn.group) => Some((first, second)),
            _ => None,
        }
    }

    /// Whether requests are sent to `region`.
    pub(super) fn routes_to(&self, region: &str) -> bool {
        match self.group() {
            Some((first, second)) => region == first || region == second,
            None => self.regions.get(region).is_some_and(|place| place.serving),
        }
    }

    /// The name of the function. An image's is another one, for a function cannot turn from one into the other.
    pub(super) fn function_name(&self) -> String {
        match self.function.source {
            Source::Image => format!("{}-image", self.name),
            Source::Local | Source::S3 => self.name.clone(),
        }
    }
}

impl Code {
    fn of(config: &Config) -> Option<Self> {
        let function = plain(&config.function, Function::default())?;
        let (mut s3, mut image) = (false, false);
        for (_, region) in config.known_regions() {
            s3 |= !region.s3.is_null();
            image |= !region.image_uri.is_null();
        }
        Some(Self {
            source: match (image, s3) {
                (true, _) => Source::Image,
                (false, true) => Source::S3,
                (false, false) => Source::Local,
            },
            architecture: plain(&function.architecture, "x86_64".to_owned())?,
            tracing: plain(&function.tracing, false)?,
            log_retention_days: plain(&function.log_retention_days, 14)?,
            exclude: plain_list(&function.exclude, &[]),
            config: function,
        })
    }
}

impl Front {
    fn of(gateway: &Gateway) -> Option<Self> {
        Some(Self {
            routes: plain_list(&gateway.routes, &["$default"])?.into_iter().collect(),
            cors: match optional(&gateway.cors)? {
                Some(cors) => Some((cors.clone(), plain(&cors.allow_credentials, false)?)),
                None => None,
            },
            throttle: optional(&gateway.throttle)?,
            access_log: match optional(&gateway.access_log)? {
                Some(log) => Some((log.format.clone(), plain(&log.retention_days, 14)?)),
                None => None,
            },
            disabled: plain(&gateway.disable_execute_api_endpoint, false)?,
            timeout_ms: gateway.timeout_ms.clone(),
        })
    }
}

impl Policy {
    fn of(text: &str) -> Self {
        match text {
            "failover" => Self::Failover,
            "weighted" => Self::Weighted,
            _ => Self::Latency,
        }
    }
}

impl Edge {
    fn of(cdn: &Cdn) -> Option<Self> {
        let codes = plain(&cdn.failover_status_codes, [502, 503, 504].map(Attr::Known).into())?;
        Some(Self {
            group: plain(&cdn.origin, String::new())? == "group",
            failover_status_codes: codes
                .iter()
                .map(|code| Some(i32::try_from(plain(code, 0)?).unwrap_or_default()))
                .collect::<Option<_>>()?,
            read_paths: plain_list(&cdn.read_paths, &[])?,
            price_class: plain(&cdn.price_class, "PriceClass_All".to_owned())?,
        })
    }

    /// Whether there is an origin group of any kind.
    pub(super) fn has_group(&self) -> bool {
        self.group || !self.read_paths.is_empty()
    }
}

fn regions(config: &Config) -> Option<BTreeMap<String, Place>> {
    let regions = plain(&config.regions, BTreeMap::new())?;
    regions
        .into_iter()
        .map(|(name, region)| {
            let region = plain(&region, Region::default())?;
            // A number that is only to be known later is there or is not: nobody can tell yet.
            if region.provisioned_concurrency.is_unknown() || region.s3.is_unknown() {
                return None;
            }
            let place = Place {
                primary: plain(&region.primary, false)?,
                serving: plain(&region.traffic, "serving".to_owned())? != "drained",
                config: region,
            };
            Some((name, place))
        })
        .collect()
}

fn names(domain: &Domain, cdn: Option<&Cdn>, edge: Option<&Edge>) -> Option<Names> {
    let name = plain(&domain.name, String::new())?;
    let certificate = plain(&domain.certificate, Certificate::default())?;
    let aliases = match cdn {
        Some(cdn) => {
            let aliases = plain_list(&cdn.aliases, &[])?;
            if aliases.is_empty() { vec![name.clone()] } else { aliases }
        }
        None => Vec::new(),
    };
    let shared = match edge {
        Some(edge) if edge.group => None,
        Some(_) if aliases.contains(&name) => Some(format!("origin.{name}")),
        _ => Some(name.clone()),
    };
    let regional = plain(&domain.regional_names, false)?;
    let implied = regional || shared.as_ref().is_some_and(|shared| *shared != name);
    Some(Names {
        wildcard: plain(&certificate.wildcard, false)? || implied,
        arns: optional(&certificate.arns)?,
        zone_id: domain.zone_id.clone(),
        base_path: domain.base_path.clone(),
        name,
        shared,
        regional,
        aliases,
    })
}

/// The value, or `default` when there is none; `None` while that is not known.
pub(super) fn plain<T: Clone>(attr: &Attr<T>, default: T) -> Option<T> {
    match attr {
        Attr::Known(value) => Some(value.clone()),
        Attr::Null => Some(default),
        Attr::Unknown => None,
    }
}

/// The value when there is one; the outer `None` while it is not known whether there is.
fn optional<T: Clone>(attr: &Attr<T>) -> Option<Option<T>> {
    match attr {
        Attr::Known(value) => Some(Some(value.clone())),
        Attr::Null => Some(None),
        Attr::Unknown => None,
    }
}

/// The texts of a list, or `default` when there is no list; `None` while one of them is not known.
pub(super) fn plain_list(texts: &Texts, default: &[&str]) -> Option<Vec<String>> {
    match texts {
        Attr::Known(texts) => texts.iter().map(|text| plain(text, String::new())).collect(),
        Attr::Null => Some(default.iter().map(|text| (*text).to_owned()).collect()),
        Attr::Unknown => None,
    }
}
