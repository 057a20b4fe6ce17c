//! Whether health checks and records are healthy.

use super::{MAX_HOPS, Model, Record, Target};

/// A Route 53 health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it checks.
    pub kind: CheckKind,
    /// Whether its status is inverted.
    pub inverted: bool,
    /// Whether it is disabled.
    pub disabled: bool,
}

/// What a health check checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// An endpoint with this host name; `None` for one with an IP address only, which belongs to no region.
    Endpoint(Option<String>),
    /// Other health checks: healthy when at least `threshold` of them are.
    Calculated {
        /// The ids of the child health checks.
        children: Vec<String>,
        /// The smallest number of healthy children.
        threshold: usize,
    },
    /// A CloudWatch alarm.
    Alarm {
        /// The region of the alarm.
        region: String,
        /// Whether the health check is unhealthy while the alarm has insufficient data.
        fails_without_data: bool,
    },
    /// A routing control of Application Recovery Controller.
    RoutingControl,
}

/// Why a record is unhealthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its health check, by id.
    Check(String),
    /// The target of its alias.
    Target(String),
}

impl<'a> Model<'a> {
    /// Whether a health check is healthy.
    ///
    /// # Sources
    /// - Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy".
    /// - Route 53 API Reference, `HealthCheckConfig`: `Disabled`, `Inverted`, `HealthThreshold`,
    ///   `InsufficientDataHealthStatus`. A disabled health check counts as healthy, which `Inverted` turns into unhealthy.
    pub fn is_check_healthy(&self, id: &str) -> bool {
        self.check(id, 0)
    }

    fn check(&self, id: &str, hops: usize) -> bool {
        if self.assume.failing_checks.contains(id) {
            return false;
        }
        // Route 53 keeps the last status of a deleted health check, which is taken to be healthy.
        let Some(check) = self.world.checks.get(id) else { return true };
        let passes = check.disabled
            || match &check.kind {
                CheckKind::Endpoint(host) => host.as_deref().is_none_or(|host| !self.is_down(host)),
                CheckKind::Calculated { children, threshold } => {
                    let healthy = children.iter().filter(|child| hops < MAX_HOPS && self.check(child, hops + 1));
                    healthy.count() >= *threshold
                }
                CheckKind::Alarm { region, fails_without_data } => {
                    !fails_without_data || !self.assume.down.contains(region)
                }
                CheckKind::RoutingControl => true,
            };
        passes != check.inverted
    }

    /// Whether every region to which a host name leads is down.
    fn is_down(&self, host: &str) -> bool {
        let regions = self.regions_of(host);
        !regions.is_empty() && regions.is_subset(&self.assume.down)
    }

    /// Why a record is unhealthy; `None` for a healthy one.
    ///
    /// # Sources
    /// - Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is configured": a record without
    ///   a health check is always healthy.
    /// - Route 53 Developer Guide, "How health checks work in complex Amazon Route 53 configurations": an alias that evaluates
    ///   the health of its target is healthy while one of the records of the target is.
    /// - Route 53 API Reference, `AliasTarget`, `EvaluateTargetHealth`: the health of an API Gateway API is that of the
    ///   service, not that of the API, so it is not affected by a region that is assumed to be down.
    pub(super) fn unhealthy(&self, record: &Record) -> Option<Cause> {
        self.unhealthy_within(record, 0)
    }

    fn unhealthy_within(&self, record: &Record, hops: usize) -> Option<Cause> {
        if let Some(check) = record.health_check.as_ref().filter(|check| !self.is_check_healthy(check)) {
            return Some(Cause::Check(check.clone()));
        }
        let Target::Alias { host, evaluate_health: true } = &record.target else { return None };
        let (_, targets) = self.group(host, &record.kind)?;
        let mut targets = targets.into_iter();
        let is_healthy = hops < MAX_HOPS && targets.any(|target| self.unhealthy_within(target, hops + 1).is_none());
        (!is_healthy).then(|| Cause::Target(host.clone()))
    }
}
