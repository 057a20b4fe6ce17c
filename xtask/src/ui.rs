//! Output on the terminal: one line per step, with its duration.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::Outcome;

/// The width of a step's title, in columns.
const TITLE: usize = 44;

/// Prints the title of a run.
pub(crate) fn headline(text: &str) {
    println!("\n{}\n", bold(text));
}

/// Awaits `work`, showing progress, then prints its duration and what `summarize` returns.
pub(crate) async fn step<T>(
    title: &str,
    work: impl Future<Output = Outcome<T>>,
    summarize: impl FnOnce(&T) -> String,
) -> Outcome<T> {
    if io::stdout().is_terminal() {
        let begun = Instant::now();
        report(title, watched(title, begun, work), summarize).await
    } else {
        report(title, work, summarize).await
    }
}

/// Like [`step`], without progress: for steps that run at the same time.
pub(crate) async fn report<T>(
    title: &str,
    work: impl Future<Output = Outcome<T>>,
    summarize: impl FnOnce(&T) -> String,
) -> Outcome<T> {
    let begun = Instant::now();
    let outcome = work.await;
    match &outcome {
        Ok(value) => done(title, begun.elapsed(), &summarize(value)),
        Err(_) => println!("  {} {title:TITLE$} {:>8}", red("✗"), duration(begun.elapsed())),
    }
    outcome
}

/// Prints the line of a step that succeeded.
pub(crate) fn done(title: &str, time: Duration, summary: &str) {
    println!("  {} {title:TITLE$} {:>8}   {}", green("✓"), duration(time), dim(summary));
}

/// Awaits `work` with an animated line, and erases the line at the end.
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
                // A closed terminal does not stop the work.
                let _ = io::stdout().flush();
            }
        }
    }
}

/// Prints a line below a step.
pub(crate) fn detail(text: &str) {
    println!("      {text}");
}

/// Prints a remark between steps.
pub(crate) fn note(text: &str) {
    println!("  {}", dim(text));
}

/// Prints the last line of a successful run.
pub(crate) fn success(text: &str) {
    println!("\n  {}\n", green(text));
}

/// Prints an error with all its causes.
pub(crate) fn failure(error: &dyn std::error::Error) {
    eprintln!("\n{}", red(&error.to_string()));
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  Caused by: {cause}");
        source = cause.source();
    }
}

/// A duration in milliseconds, seconds or minutes, whichever reads best.
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

/// Colors `text`, if the output is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
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
