//! What a person sees: one line per step, with the time that it took.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Columns of a step's title.
const TITLE: usize = 44;

/// Says what this run is about.
pub(crate) fn headline(text: &str) {
    println!("\n{}\n", bold(text));
}

/// Awaits `work`, showing that it goes on, and then how long it took and what `tell` says of it.
pub(crate) async fn step<T>(
    title: &str,
    work: impl Future<Output = Outcome<T>>,
    tell: impl FnOnce(&T) -> String,
) -> Outcome<T> {
    let begun = Instant::now();
    let outcome = if io::stdout().is_terminal() { watched(title, begun, work).await } else { work.await };
    let time = duration(begun.elapsed());
    match &outcome {
        Ok(value) => println!("  {} {title:TITLE$} {time:>8}   {}", green("✓"), dim(&tell(value))),
        Err(_) => println!("  {} {title:TITLE$} {time:>8}", red("✗")),
    }
    outcome
}

/// Awaits `work` with a line that moves, and takes the line away again.
async fn watched<T>(title: &str, begun: Instant, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"].iter().cycle();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            value = &mut work => {
                print!("\r\x1b[2K");
                return value;
            }
            _ = ticks.tick() => {
                let frame = frames.next().unwrap_or(&"");
                let time = duration(begun.elapsed());
                print!("\r  {} {title:TITLE$} {}", dim(frame), dim(&format!("{time:>8}")));
                // A terminal that is gone is no reason to stop.
                let _ = io::stdout().flush();
            }
        }
    }
}

/// A line under a step.
pub(crate) fn detail(text: &str) {
    println!("      {text}");
}

/// A line about something that is done outside of steps.
pub(crate) fn note(text: &str) {
    println!("  {}", dim(text));
}

/// The last line of a run that went well.
pub(crate) fn success(text: &str) {
    println!("\n  {}\n", green(text));
}

/// Why the run ends here, with all causes.
pub(crate) fn failure(error: &dyn std::error::Error) {
    eprintln!("\n{}", red(&error.to_string()));
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}

/// A time as a person would say it.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 if time < Duration::from_millis(100) => format!("{} ms", time.as_millis()),
        0..=99 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

pub(crate) fn bold(text: &str) -> String {
    paint("1", text)
}

pub(crate) fn dim(text: &str) -> String {
    paint("2", text)
}

pub(crate) fn green(text: &str) -> String {
    paint("32", text)
}

pub(crate) fn red(text: &str) -> String {
    paint("31", text)
}

/// Colour, where a person looks at it and has not said otherwise (<https://no-color.org>).
fn paint(code: &str, text: &str) -> String {
    let plain = text.is_empty() || !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    if plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (millis, text) in [(7, "7 ms"), (340, "0.3 s"), (61_500, "61.5 s"), (222_000, "3 min 42 s")] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }
}
