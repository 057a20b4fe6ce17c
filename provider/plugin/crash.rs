//! Reports panics in the form that hosts show to users.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;

use super::{NAME, VERSION};

/// Installs a panic hook. The host shows everything from a line that starts with `panic: ` on as a crash of the provider.
pub fn install() {
    std::panic::set_hook(Box::new(|panic| {
        // One write, because other threads write log lines at the same time.
        let _ = std::io::stderr().lock().write_all(report(panic).as_bytes());
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("no message");
    let mut report = format!("panic: {message}\n\n");
    if let Some(place) = panic.location() {
        let thread = std::thread::current();
        let _ = writeln!(report, "in thread {} at {place}", thread.name().unwrap_or("without name"));
    }
    let _ = writeln!(report, "{NAME} {VERSION}");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = writeln!(report, "{backtrace}");
    }
    report
}
