//! Every topology, every operation, every call, every fault: on as many threads as there are processors, each with a world
//! of its own.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::FutureExt;

use super::case::{Problems, Row};
use super::drift;
use super::fault::Fault;
use super::operations::{self, Operation};
use super::report::{DriftReport, Failure, Report};
use super::topologies::{self, Topology};
use super::world::{Sources, World};

/// Which runs are wanted.
pub(super) struct Selection {
    /// Parts of runs' names.
    parts: Vec<String>,
    /// Whether calls are disturbed; else only the undisturbed runs are done.
    disturbed: bool,
}

impl Selection {
    /// By `MULTIREGION_FAULTS`: parts of runs' names, as in `latency/create/17/killed`; `all` is every run. When it is not
    /// set, only what takes seconds without optimisation: every operation undisturbed.
    ///
    /// # Panics
    /// When nothing is called like that.
    pub(super) fn from_env() -> Self {
        let Ok(wanted) = std::env::var("MULTIREGION_FAULTS") else {
            return Self { parts: Vec::new(), disturbed: false };
        };
        let parts = wanted.split([' ', '/']).filter(|part| !["", "all"].contains(part));
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        for part in &parts {
            assert!(place(part).is_some(), "no run has a part {part:?} in its name");
        }
        Self { parts, disturbed: true }
    }

    /// Whether it was asked for everything.
    pub(super) fn is_of_everything(&self) -> bool {
        self.disturbed && self.parts.is_empty()
    }

    /// Whether a run with these parts of its name is wanted; a part that is open is empty. Of two parts for one place,
    /// either will do.
    fn wants(&self, parts: [&str; 4]) -> bool {
        (0..4).filter(|at| !parts[*at].is_empty()).all(|at| {
            let mut here = self.parts.iter().filter(|part| place(part) == Some(at)).peekable();
            here.peek().is_none() || here.any(|part| part == parts[at])
        })
    }
}

/// Which part of a run's name this is.
fn place(part: &str) -> Option<usize> {
    if topologies::ALL.iter().any(|topology| topology.name == part) {
        return Some(0);
    }
    if operations::ALL.iter().any(|operation| operation.name == part) {
        return Some(1);
    }
    // Before the numbers: one fault is called 500.
    if Fault::ALL.iter().any(|fault| fault.name() == part) {
        return Some(3);
    }
    part.parse::<usize>().is_ok().then_some(2)
}

enum Task {
    Begin(&'static Topology, &'static Operation),
    Disturb(Arc<Row>, usize, Fault),
}

/// What is still to be done, and what came of the rest.
struct Board {
    tasks: Mutex<VecDeque<Task>>,
    report: Mutex<Report>,
}

/// Runs what is wanted.
pub(super) fn run(selection: &Selection) -> Report {
    let pairs =
        topologies::ALL.iter().flat_map(|topology| operations::ALL.iter().map(move |operation| (topology, operation)));
    let wanted = pairs.filter(|(topology, operation)| selection.wants([topology.name, operation.name, "", ""]));
    let tasks = wanted.map(|(topology, operation)| Task::Begin(topology, operation)).collect();
    let board = Board { tasks: Mutex::new(tasks), report: Mutex::default() };
    let sources = Arc::new(Sources::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| runtime().block_on(work(&board, selection, &sources)));
        }
    });
    board.report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Lets everything drift in every wanted topology, one after the other.
pub(super) fn drift(selection: &Selection) -> DriftReport {
    let sources = Arc::new(Sources::new());
    let mut report = DriftReport::default();
    let wanted = topologies::ALL.iter().filter(|topology| selection.wants([topology.name, "", "", ""]));
    // The first is the smallest.
    for topology in wanted.take(if selection.disturbed { usize::MAX } else { 1 }) {
        let healings = runtime().block_on(async { drift::of(&World::start(&sources).await, topology).await });
        healings.into_iter().for_each(|(name, healing)| report.count(topology.name, name, healing));
    }
    report
}

/// Of its threads one reads files, and nobody uses the other: all that a world does is done by the one who drives it.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(1).enable_all().build().expect("a runtime starts")
}

async fn work(board: &Board, selection: &Selection, sources: &Arc<Sources>) {
    let mut world = World::start(sources).await;
    loop {
        // A row that begins brings more tasks; who finds none waiting leaves the rest to the others.
        let Some(task) = board.tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { return };
        let done = AssertUnwindSafe(perform(&world, &task, board, selection)).catch_unwind().await;
        if let Err(panic) = done {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            board.count(&task, Problems(vec![format!("it panics: {}", why.unwrap_or("in an unknown way"))]));
            world = World::start(sources).await;
        }
    }
}

async fn perform(world: &World, task: &Task, board: &Board, selection: &Selection) {
    match task {
        Task::Begin(topology, operation) => match Row::begin(world, topology, operation).await {
            Ok(None) => {}
            Ok(Some(row)) => {
                board.count(task, Problems::default());
                board.add(&Arc::new(row), selection);
            }
            Err(problems) => board.count(task, problems),
        },
        Task::Disturb(row, k, fault) => board.count(task, row.disturbed(world, *k, *fault).await),
    }
}

impl Board {
    /// Disturbs every call of a row. Rows that have begun come first, so that no thread runs out of tasks early.
    fn add(&self, row: &Arc<Row>, selection: &Selection) {
        if !selection.disturbed {
            return;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for k in 1..=row.calls.len() {
            for fault in Fault::ALL {
                if selection.wants([row.topology.name, row.operation.name, &k.to_string(), fault.name()]) {
                    tasks.push_back(Task::Disturb(Arc::clone(row), k, fault));
                }
            }
        }
    }

    fn count(&self, task: &Task, problems: Problems) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let (topology, operation, rest, call) = match task {
            Task::Begin(topology, operation) => (topology, operation, "undisturbed".to_owned(), String::new()),
            Task::Disturb(row, k, fault) => {
                let call = &row.calls[k - 1];
                let call = format!("{} in {} ({})", call.name(), call.region, call.subject);
                (&row.topology, &row.operation, format!("{k}/{}", fault.name()), call)
            }
        };
        report.count(topology.name, operation.name, problems.0.is_empty(), problems.leak());
        if !problems.0.is_empty() {
            let name = format!("{}/{}/{rest}", topology.name, operation.name);
            report.fail(Failure { name, call, why: problems.0 });
        }
    }
}
