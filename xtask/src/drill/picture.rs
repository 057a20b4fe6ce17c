//! The timeline as SVG. The same timeline gives the same text.

use std::fmt::Write;
use std::time::Duration;

use super::REGIONS;
use super::timeline::Timeline;
use super::traffic::PERIOD;
use crate::failover::SPEED;

/// The width of the picture, in pixels.
const WIDTH: f64 = 960.0;
/// The left edge of the lanes.
const LEFT: f64 = 150.0;
/// The right edge of the lanes.
const RIGHT: f64 = 940.0;
/// The top of the first lane: the title and the events are above it.
const TOP: f64 = 110.0;
/// The height of a lane, and its distance from the next one.
const LANE: (f64, f64) = (26.0, 42.0);
/// The colors of the regions: distinct for color-blind readers, too.
///
/// Source: Paul Tol, "Colour schemes", bright.
const COLORS: [&str; 3] = ["#4477aa", "#ccbb44", "#228833"];
/// The color of a failed request.
const FAILED: &str = "#ee6677";

/// Draws a lane for each client, in which each request has the color of the region that responded.
pub(super) fn draw(timeline: &Timeline) -> String {
    let seconds = timeline.end.as_secs_f64().max(0.001);
    let x = |at: Duration| LEFT + at.as_secs_f64() / seconds * (RIGHT - LEFT);
    let bottom = TOP + LANE.1 * timeline.clients.len() as f64;
    let height = bottom + 72.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>Which region responds to each client during a failover and a drain</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, (20.0, 26.0), "start", "16", "The region that responds to each client");
    events(&mut svg, timeline, &x, bottom);
    for (client, name) in timeline.clients.iter().enumerate() {
        let y = TOP + LANE.1 * client as f64;
        text(&mut svg, (20.0, y + 12.0), "start", "12", &format!("near {name}"));
        let (failed, all) = (timeline.failures(client).count(), timeline.of(client).count());
        text(&mut svg, (20.0, y + 26.0), "start", "10", &format!("{failed} of {all} requests failed"));
        let width = (PERIOD.as_secs_f64() / seconds * (RIGHT - LEFT)).max(1.0);
        for sample in timeline.of(client) {
            let region = REGIONS.iter().position(|region| *region == sample.region);
            let color = if sample.is_failure() { FAILED } else { region.map_or("#bbbbbb", |at| COLORS[at]) };
            let width = width.min(RIGHT - x(sample.at)).max(0.0);
            rectangle(&mut svg, (x(sample.at), y, width, LANE.0), color);
        }
    }
    axis(&mut svg, seconds, bottom);
    legend(&mut svg, bottom + 52.0);
    svg.push_str("</svg>\n");
    svg
}

/// A line for each event, with its text above the lanes. The texts of neighbours have different heights.
fn events(svg: &mut String, timeline: &Timeline, x: &impl Fn(Duration) -> f64, bottom: f64) {
    for (number, (at, event)) in timeline.events.iter().enumerate() {
        let (x, y) = (x(*at), 52.0 + 16.0 * (number % 3) as f64);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {:.1}V{bottom:.1}\" stroke=\"#555555\" stroke-dasharray=\"3 3\"/>",
            y + 4.0
        );
        let anchor = if x > (LEFT + RIGHT) * 0.7 { "end" } else { "start" };
        text(svg, (x, y), anchor, "12", event);
    }
}

/// Marks on the axis of the time, at a distance that gives at most ten of them.
fn axis(svg: &mut String, seconds: f64, bottom: f64) {
    let step =
        [1.0, 2.0, 5.0, 10.0, 20.0, 60.0].into_iter().find(|step| seconds / step <= 10.0).unwrap_or(seconds / 10.0);
    let mut mark = 0.0;
    while mark <= seconds {
        let x = LEFT + mark / seconds * (RIGHT - LEFT);
        text(svg, (x, bottom + 8.0), "middle", "11", &format!("{mark} s"));
        mark += step;
    }
    let note =
        format!("Health checks and DNS caches are {SPEED} times as fast as in AWS. The apply takes its real time.");
    text(svg, (LEFT, bottom + 28.0), "start", "11", &note);
}

fn legend(svg: &mut String, y: f64) {
    let entries = REGIONS.iter().copied().zip(COLORS).chain([("request failed", FAILED)]);
    for (number, (name, color)) in entries.enumerate() {
        let x = LEFT + 150.0 * number as f64;
        rectangle(svg, (x, y - 10.0, 12.0, 12.0), color);
        text(svg, (x + 18.0, y), "start", "12", name);
    }
}

fn rectangle(svg: &mut String, (x, y, width, height): (f64, f64, f64, f64), color: &str) {
    let _ =
        writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{color}\"/>");
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, size: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"#222222\">{text}</text>"
    );
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::timeline::Sample;
    use super::*;

    /// Three clients for two seconds; the second one fails over from us-west-2 to us-east-1.
    pub(in crate::drill) fn timeline() -> Timeline {
        let sample = |client: usize, tick: u64, region: &str, status: u16| Sample {
            client,
            at: Duration::from_millis(200 * tick),
            region: region.to_owned(),
            status,
        };
        let mut samples = Vec::new();
        for tick in 0..10 {
            samples.push(sample(0, tick, "us-east-1", 200));
            samples.push(match tick {
                0..=2 => sample(1, tick, "us-west-2", 200),
                3..=5 => sample(1, tick, "us-west-2", 503),
                _ => sample(1, tick, "us-east-1", 200),
            });
            samples.push(sample(2, tick, "eu-central-1", 200));
        }
        Timeline {
            clients: REGIONS.map(str::to_owned).to_vec(),
            samples,
            events: vec![(Duration::from_millis(600), "us-west-2 <stops>".to_owned())],
            end: Duration::from_secs(2),
        }
    }

    #[test]
    fn a_picture_has_a_mark_for_every_request() {
        let svg = draw(&timeline());
        assert_eq!(svg, draw(&timeline()), "the same timeline gives the same picture");
        let marks = |color: &str| svg.lines().filter(|line| line.contains(color)).count();
        // One more is in the legend.
        assert_eq!([marks(COLORS[0]), marks(COLORS[1]), marks(COLORS[2]), marks(FAILED)], [15, 4, 11, 4]);
        assert!(svg.contains("us-west-2 &lt;stops>") && svg.contains("3 of 10 requests failed"));
        let first = "<rect x=\"150.0\" y=\"110.0\" width=\"79.0\" height=\"26.0\" fill=\"#4477aa\"/>";
        assert!(svg.contains(first), "{svg}");
        assert!(svg.lines().all(|line| !line.contains("NaN")));
    }
}
