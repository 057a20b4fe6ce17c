//! The test matrix: every topology, operation, call and fault, on one thread per processor, each with a world of its
//! own.

use std::collections::{BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::FutureExt;

use super::drift;
use super::fault::Fault;
use super::operations::{self, Operation};
use super::report::{DriftReport, Failure, Report};
use super::scenario::{Problems, Scenario};
use super::topologies::{self, Tests, Topology};
use super::world::{Sources, World};

/// A selection of runs.
pub(super) struct Selection {
    /// Parts of the names of runs.
    parts: Vec<String>,
    /// Whether faults are injected; otherwise there are only fault-free runs.
    inject_faults: bool,
}

impl Selection {
    /// Reads `MULTIREGION_FAULTS`: parts of the names of runs, as in `latency/create/17/killed`; `all` selects every
    /// run. If it is not set, only the fault-free runs are selected, which take seconds without optimization.
    ///
    /// # Panics
    /// When no run has such a part in its name.
    pub(super) fn from_env() -> Self {
        let Ok(wanted) = std::env::var("MULTIREGION_FAULTS") else {
            return Self { parts: Vec::new(), inject_faults: false };
        };
        let parts = wanted.split([' ', '/']).filter(|part| !["", "all"].contains(part));
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        for part in &parts {
            assert!(position(part).is_some(), "no run has {part:?} in its name");
        }
        Self { parts, inject_faults: true }
    }

    /// Whether everything is selected.
    pub(super) fn is_complete(&self) -> bool {
        self.inject_faults && self.parts.is_empty()
    }

    /// Whether calls or faults are selected: then no other restricts them.
    fn names_a_call(&self) -> bool {
        self.parts.iter().any(|part| position(part).is_some_and(|at| at >= 2))
    }

    /// Whether runs with these parts of a name are selected; an open part is empty. Several parts for one position are
    /// alternatives.
    fn includes(&self, parts: [&str; 4]) -> bool {
        (0..4).filter(|at| !parts[*at].is_empty()).all(|at| {
            let mut here = self.parts.iter().filter(|part| position(part) == Some(at)).peekable();
            here.peek().is_none() || here.any(|part| part == parts[at])
        })
    }
}

/// The position of a part in the name of a run.
fn position(part: &str) -> Option<usize> {
    if topologies::ALL.iter().any(|topology| topology.name == part) {
        return Some(0);
    }
    if operations::ALL.iter().any(|operation| operation.name == part) {
        return Some(1);
    }
    // Before the numbers, because one fault is named 500.
    if Fault::ALL.iter().any(|fault| fault.name() == part) {
        return Some(3);
    }
    part.parse::<usize>().is_ok().then_some(2)
}

/// The faults to inject at each call of a scenario: all of them, if calls or faults are selected.
fn faults(scenario: &Scenario, selection: &Selection) -> Vec<Vec<Fault>> {
    if selection.names_a_call() {
        return vec![Fault::ALL.to_vec(); scenario.calls.len()];
    }
    let number = operations::ALL.iter().position(|operation| operation.name == scenario.operation.name);
    let mut all = Fault::at_each(&scenario.calls, number.unwrap_or_default());
    if scenario.operation.name == "create-keep" {
        // It is like any other create unless it fails and its process goes on.
        all.iter_mut().for_each(|faults| faults.retain(|fault| !fault.is_retried() && *fault != Fault::Killed));
    }
    match scenario.topology.tests {
        Tests::All => {}
        Tests::Pairwise(_) => all.iter_mut().for_each(|faults| faults.truncate(1)),
    }
    all
}

enum Task {
    Start(&'static Topology, &'static Operation),
    WithFault(Arc<Scenario>, usize, Fault),
}

/// The remaining tasks and the results so far.
struct Queue {
    tasks: Mutex<VecDeque<Task>>,
    report: Mutex<Report>,
}

/// Performs the selected runs.
pub(super) fn run(selection: &Selection) -> Report {
    let pairs =
        topologies::ALL.iter().flat_map(|topology| operations::ALL.iter().map(move |operation| (topology, operation)));
    let tested = pairs.filter(|(topology, operation)| topology.has(operation.name));
    let wanted = tested.filter(|(topology, operation)| selection.includes([topology.name, operation.name, "", ""]));
    let tasks = wanted.map(|(topology, operation)| Task::Start(topology, operation)).collect();
    let queue = Queue { tasks: Mutex::new(tasks), report: Mutex::default() };
    let sources = Arc::new(Sources::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| runtime().block_on(work(&queue, selection, &sources)));
        }
    });
    queue.report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Tests the drift of every component of the selected topologies, one after the other.
pub(super) fn drift(selection: &Selection) -> DriftReport {
    let sources = Arc::new(Sources::new());
    let mut report = DriftReport::default();
    let wanted = topologies::ALL.iter().filter(|topology| selection.includes([topology.name, "", "", ""]));
    let mut tested = BTreeSet::new();
    // The first topology is the smallest.
    for topology in wanted.take(if selection.inject_faults { usize::MAX } else { 1 }) {
        let known = if topology.has_all_operations() { BTreeSet::new() } else { tested.clone() };
        let results = runtime()
            .block_on(async { drift::run(&World::start(&sources).await, topology, &known, &mut tested).await });
        results.into_iter().for_each(|(name, result)| report.count(topology.name, name, result));
    }
    report
}

/// A runtime whose blocking thread reads files. The worker thread stays unused, because the driving thread does all
/// other work.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(1).enable_all().build().expect("a runtime starts")
}

async fn work(queue: &Queue, selection: &Selection, sources: &Arc<Sources>) {
    let mut world = World::start(sources).await;
    loop {
        // Scenarios that start add tasks; a thread that finds none leaves them to the others.
        let Some(task) = queue.tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { return };
        let done = AssertUnwindSafe(perform(&world, &task, queue, selection)).catch_unwind().await;
        if let Err(panic) = done {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            queue.count(&task, Problems(vec![format!("panic: {}", why.unwrap_or("unknown"))]));
            world = World::start(sources).await;
        }
    }
}

async fn perform(world: &World, task: &Task, queue: &Queue, selection: &Selection) {
    match task {
        Task::Start(topology, operation) => match Scenario::start(world, topology, operation).await {
            Ok(None) => {}
            Ok(Some(scenario)) => {
                queue.count(task, Problems::default());
                queue.add(&Arc::new(scenario), selection);
            }
            Err(problems) => queue.count(task, problems),
        },
        Task::WithFault(scenario, k, fault) => queue.count(task, scenario.with_fault(world, *k, *fault).await),
    }
}

impl Queue {
    /// Adds a task for every call and fault of a scenario. Tasks of earlier scenarios come first, so that no thread
    /// runs out of work early.
    fn add(&self, scenario: &Arc<Scenario>, selection: &Selection) {
        if !selection.inject_faults {
            return;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for (k, faults) in (1..).zip(faults(scenario, selection)) {
            for fault in faults {
                if selection.includes([scenario.topology.name, scenario.operation.name, &k.to_string(), fault.name()]) {
                    tasks.push_back(Task::WithFault(Arc::clone(scenario), k, fault));
                }
            }
        }
    }

    fn count(&self, task: &Task, problems: Problems) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let (topology, operation, rest, call) = match task {
            Task::Start(topology, operation) => (topology, operation, "no-fault".to_owned(), String::new()),
            Task::WithFault(scenario, k, fault) => {
                let call = &scenario.calls[k - 1];
                let call = format!("{} in {} ({})", call.name(), call.region, call.subject);
                (&scenario.topology, &scenario.operation, format!("{k}/{}", fault.name()), call)
            }
        };
        report.count(topology.name, operation.name, problems.0.is_empty(), problems.leak());
        if !problems.0.is_empty() {
            let name = format!("{}/{}/{rest}", topology.name, operation.name);
            report.fail(Failure { name, call, why: problems.0 });
        }
    }
}
