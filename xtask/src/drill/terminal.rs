//! The timeline in the terminal: one line per client, one character per interval.

use std::time::Duration;

use super::REGIONS;
use super::timeline::Timeline;
use crate::ui;

/// The number of characters of a line.
const WIDTH: usize = 72;
/// The characters of the regions. `×` is a failed request.
const LETTERS: [&str; 3] = ["E", "W", "C"];

/// Prints the timeline, its events and the number of failed requests.
pub(super) fn print(timeline: &Timeline) {
    let legend: Vec<String> =
        REGIONS.iter().zip(LETTERS).map(|(region, letter)| format!("{letter} {region}")).collect();
    ui::note(&format!(
        "Each line is a client, each character the region that responds: {}, × no success",
        legend.join(", ")
    ));
    for line in lines(timeline) {
        ui::detail(&line);
    }
    for (at, text) in &timeline.events {
        ui::detail(&ui::dim(&format!("{:>5.1} s  {text}", at.as_secs_f64())));
    }
    for (client, name) in timeline.clients.iter().enumerate() {
        let (failed, all) = (timeline.failures(client).count(), timeline.of(client).count());
        ui::detail(&format!("client near {name}: {failed} of {all} requests failed"));
    }
}

/// One line per client. An interval with several responses shows a failure, if there is one, and otherwise the last response.
fn lines(timeline: &Timeline) -> Vec<String> {
    let end = timeline.end.max(Duration::from_millis(1)).as_secs_f64();
    let line = |(client, name): (usize, &String)| {
        let mut cells = vec![" "; WIDTH];
        for sample in timeline.of(client) {
            let cell = ((sample.at.as_secs_f64() / end * WIDTH as f64) as usize).min(WIDTH - 1);
            let letter = REGIONS.iter().position(|region| *region == sample.region).map_or("?", |at| LETTERS[at]);
            if cells[cell] != "×" {
                cells[cell] = if sample.is_failure() { "×" } else { letter };
            }
        }
        format!("{name:14} {}", cells.concat())
    };
    timeline.clients.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::timeline;
    use super::*;

    #[test]
    fn a_line_shows_each_response() {
        let lines = lines(&timeline());
        assert_eq!(lines.len(), 3);
        assert!(lines[1].starts_with("us-west-2      W"), "{}", lines[1]);
        assert!(lines[1].contains('×') && lines[1].trim_end().ends_with('E'), "{}", lines[1]);
        assert!(!lines[0].contains('×'), "{}", lines[0]);
    }
}
