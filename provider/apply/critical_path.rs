//! The critical path of an apply: the chain of steps that determined how long it took.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use super::executor::{delay, verb};
use crate::aws::Run;
use crate::desired::Address;
use crate::plan::Step;

/// When a step ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// When all steps that it waits for had ended.
    pub(super) ready: Instant,
    /// When its work began: later than `ready` if a drain period or a bake time had to pass.
    pub(super) began: Instant,
    /// When it ended.
    pub(super) ended: Instant,
}

/// A step on the critical path.
#[derive(Debug)]
struct Link<'a> {
    step: &'a Step,
    /// The step for which it waited longest; `None` at the start of the apply.
    after: Option<&'a Step>,
    /// The rest of the drain period or bake time for which it waited.
    drain: Duration,
    /// How long its work took.
    took: Duration,
    /// What its work waited for longest in AWS, and how long.
    wait: Option<(String, Duration)>,
}

/// Logs what determined the time of an apply that began at `began`, how long it took, how many objects in how many regions it
/// worked on, and how many requests it sent.
pub(super) fn log(steps: &[Step], spans: &BTreeMap<usize, Span>, run: &Run, began: Instant) {
    let wait = |step: &Step| run.longest_wait(&step.address.to_string());
    for step in critical_path(steps, spans, wait) {
        tracing::info!(%step, "critical path");
    }
    let time = run.clock.now().saturating_duration_since(began);
    let (objects, regions) = extent(steps, spans);
    let (seconds, requests) = (format!("{:.1}", time.as_secs_f64()), run.requests());
    tracing::info!(seconds, objects, regions, requests, "end of the apply");
}

/// The numbers of objects that the steps that ran worked on, and of their regions.
fn extent(steps: &[Step], spans: &BTreeMap<usize, Span>) -> (usize, usize) {
    let addresses = spans.keys().filter_map(|at| Some(&steps.get(*at)?.address));
    let addresses: BTreeSet<&Address> = addresses.collect();
    let regions: BTreeSet<&str> = addresses.iter().filter_map(|address| address.scope.region()).collect();
    (addresses.len(), regions.len())
}

/// The critical path, from the start of the apply to its end. Steps without a span did not run.
fn critical_path<'a>(
    steps: &'a [Step],
    spans: &BTreeMap<usize, Span>,
    longest_wait: impl Fn(&Step) -> Option<(String, Duration)>,
) -> Vec<Link<'a>> {
    let last_of = |candidates: &mut dyn Iterator<Item = usize>| {
        let ended = candidates.filter_map(|at| Some((spans.get(&at)?.ended, at)));
        ended.max_by_key(|(ended, at)| (*ended, std::cmp::Reverse(*at))).map(|(_, at)| at)
    };
    let mut path = Vec::new();
    let mut next = last_of(&mut spans.keys().copied());
    while let Some((step, span)) = next.and_then(|at| Some((steps.get(at)?, spans.get(&at)?))) {
        next = last_of(&mut step.after.keys().chain(&step.waits_for).copied());
        path.push(Link {
            step,
            after: next.and_then(|at| steps.get(at)),
            drain: span.began.saturating_duration_since(span.ready),
            took: span.ended.saturating_duration_since(span.began),
            wait: longest_wait(step),
        });
    }
    path.reverse();
    path
}

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |step: &Step| format!("{} {}", verb(&step.action), step.address);
        write!(f, "{}: {:.1} s", name(self.step), self.took.as_secs_f64())?;
        if let Some((what, time)) = &self.wait {
            write!(f, ", of which {:.1} s for {what}", time.as_secs_f64())?;
        }
        match self.after {
            Some(after) => write!(f, ", after {}", name(after))?,
            None => f.write_str(", at the start")?,
        }
        if !self.drain.is_zero() {
            write!(f, " and {:.1} s of {}", self.drain.as_secs_f64(), delay(&self.step.action))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;

    fn step(kind: &str, action: Action, after: &[(usize, u64)], waits_for: &[usize]) -> Step {
        Step {
            address: Address::global(kind),
            action,
            after: after.iter().map(|(at, drain)| (*at, Duration::from_secs(*drain))).collect(),
            waits_for: waits_for.iter().copied().collect::<BTreeSet<_>>(),
            not_before: None,
        }
    }

    /// The path of steps that became ready, began and ended at these seconds.
    fn path(steps: &[Step], times: &[(u64, u64, u64)]) -> Vec<String> {
        let start = Instant::now();
        let time = |seconds: u64| start + Duration::from_secs(seconds);
        let spans = times.iter().enumerate().map(|(at, (ready, began, ended))| {
            (at, Span { ready: time(*ready), began: time(*began), ended: time(*ended) })
        });
        let wait = |step: &Step| {
            let waits = step.address.kind == "certificate";
            waits.then(|| ("the certificate to be issued".to_owned(), Duration::from_millis(7_500)))
        };
        critical_path(steps, &spans.collect(), wait).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_path_leads_through_the_steps_that_ended_last() {
        let steps = [
            step("claim", Action::Create, &[], &[]),
            step("role", Action::Create, &[(0, 0)], &[]),
            step("certificate", Action::Create, &[(0, 0)], &[]),
            step("record", Action::Create, &[(1, 0), (2, 0)], &[]),
            step("domain", Action::Delete, &[(3, 60)], &[1]),
        ];
        let times = [(0, 0, 1), (1, 1, 5), (1, 1, 9), (9, 9, 10), (10, 70, 72)];
        assert_eq!(
            path(&steps, &times),
            [
                "create global/claim: 1.0 s, at the start",
                "create global/certificate: 8.0 s, of which 7.5 s for the certificate to be issued, after create global/claim",
                "create global/record: 1.0 s, after create global/certificate",
                "delete global/domain: 2.0 s, after create global/record and 60.0 s of the drain period",
            ]
        );
    }

    #[test]
    fn a_path_also_leads_through_steps_that_only_must_have_ended() {
        let steps = [
            step("role", Action::Create, &[], &[]),
            step("probe", Action::Create, &[], &[]),
            step("record", Action::Create, &[(0, 0)], &[1]),
        ];
        assert_eq!(
            path(&steps, &[(0, 0, 2), (0, 0, 4), (4, 4, 5)]),
            ["create global/probe: 4.0 s, at the start", "create global/record: 1.0 s, after create global/probe"]
        );
        // Steps that did not run are on no path.
        assert_eq!(path(&steps, &[(0, 0, 2)]), ["create global/role: 2.0 s, at the start"]);
        assert!(path(&[], &[]).is_empty());
    }

    #[test]
    fn an_object_that_is_replaced_counts_once() {
        let at =
            |address: &str, action: Action| Step { address: address.parse().unwrap(), ..step("", action, &[], &[]) };
        let steps = [
            at("us-east-1/domain", Action::Delete),
            at("us-east-1/domain", Action::Create),
            at("us-west-2/domain", Action::Create),
            at("global/record/a", Action::Create),
            at("eu-west-1/domain", Action::Create),
        ];
        let now = Instant::now();
        // The last one did not run.
        let spans = (0..4).map(|at| (at, Span { ready: now, began: now, ended: now })).collect();
        assert_eq!(extent(&steps, &spans), (3, 2));
    }
}
