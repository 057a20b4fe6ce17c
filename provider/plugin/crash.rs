//! What is said when the provider itself is broken.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;

use super::{NAME, VERSION};

/// Makes every panic speak the one form in which the host shows it to the user as a crash: from a line that starts with
/// `panic: ` on.
pub fn install() {
    std::panic::set_hook(Box::new(|panic| {
        // One write: the host reads by line, and other threads write logs at the same time.
        let _ = std::io::stderr().lock().write_all(report(panic).as_bytes());
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("the reason is not a text");
    let mut report = format!("panic: {message}\n\n");
    if let Some(place) = panic.location() {
        let thread = std::thread::current();
        let _ = writeln!(report, "in thread {} at {place}", thread.name().unwrap_or("without a name"));
    }
    let _ = writeln!(report, "{NAME} {VERSION}");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = writeln!(report, "{backtrace}");
    }
    report
}
