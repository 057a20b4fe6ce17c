//! Log lines in the one form that the host takes apart: JSON on standard error.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The host shows a line with any other number of fraction digits raw, at DEBUG.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The longest text that one field of a line may have. The host splits lines at 64 KiB, and then takes neither half apart.
const LONGEST: usize = 8 * 1024;

/// The longest line, in bytes.
const LONGEST_LINE: usize = 60 * 1024;

/// What is logged, by the names that the host's users know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// What went wrong.
    Error,
    /// What looks wrong.
    Warn,
    /// What is done.
    Info,
    /// How it is done.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The level of this name, in any case. A name that is none means everything, as it does for the host.
    pub(super) fn named(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "OFF" => Self::Off,
            "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "INFO" => Self::Info,
            "DEBUG" => Self::Debug,
            _ => Self::Trace,
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// Sends log lines to standard error from now on. Only the first call counts.
pub fn install(level: Level) {
    let _ = tracing_subscriber::registry().with(Json(std::io::stderr).with_filter(targets(level))).try_init();
}

/// Ours at the level asked for; everybody else's at WARN at most. Below that the AWS SDK logs whole requests and answers,
/// with credentials and the environment of functions in them.
fn targets(level: Level) -> Targets {
    Targets::new()
        .with_default(level.filter().min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level.filter())
}

/// Writes every event, with the fields of the spans that it stands in, as one line.
struct Json<W>(W);

impl<S, W, O> Layer<S> for Json<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        let message = line.0.remove("message").unwrap_or_else(|| "".into());
        let metadata = event.metadata();
        let head = [
            ("@level", metadata.level().as_str().to_ascii_lowercase().into()),
            ("@message", message),
            ("@module", metadata.target().into()),
            ("@timestamp", OffsetDateTime::now_utc().format(TIMESTAMP).unwrap_or_default().into()),
        ];
        let head: Map<String, Value> = head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        line.0.extend(head.clone());
        let mut text = Value::Object(line.0).to_string();
        if text.len() > LONGEST_LINE {
            // Many long fields: the message alone still fits.
            text = Value::Object(head).to_string();
        }
        text.push('\n');
        // One write: lines of other threads must not get in between. Nobody can be told that nobody can be told.
        let _ = (self.0)().write_all(text.as_bytes());
    }
}

/// Named values of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, shortened(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, shortened(&format!("{value:?}")));
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let (beginning, _) = text.split_at(text.floor_char_boundary(LONGEST));
    format!("{beginning}… ({} bytes)", text.len())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(level: Level, log: impl FnOnce()) -> Vec<Value> {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = Json(move || writer.clone()).with_filter(targets(level));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_holds_what_the_host_looks_for_and_the_fields_of_its_spans() {
        let lines = lines(Level::Info, || {
            let _span = tracing::info_span!("apply", resource = "giraffe").entered();
            tracing::info!(region = "us-east-1", attempt = 2, "waiting for {}", "the role");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line["@level"], "info");
        assert_eq!(line["@message"], "waiting for the role");
        assert_eq!(line["resource"], "giraffe");
        assert_eq!(line["region"], "us-east-1");
        assert_eq!(line["attempt"], 2);
        let timestamp = line["@timestamp"].as_str().unwrap();
        assert_eq!(timestamp.len(), "2026-11-21T10:20:30.123456Z".len());
        assert!(timestamp.ends_with('Z'));
    }

    #[test]
    fn others_are_heard_from_warn_up_only() {
        let lines = lines(Level::Trace, || {
            for target in ["aws_smithy_runtime::client", "hyper::proto", "h2::codec", "rustls::server"] {
                // Targets are constants of the call site, so one macro call for each.
                match target {
                    "hyper::proto" => tracing::debug!(target: "hyper::proto", "secret"),
                    "h2::codec" => tracing::trace!(target: "h2::codec", "secret"),
                    "rustls::server" => tracing::info!(target: "rustls::server", "secret"),
                    _ => tracing::debug!(target: "aws_smithy_runtime::client", "secret"),
                }
            }
            tracing::warn!(target: "hyper::proto", "loud");
            tracing::trace!("ours");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["@message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["loud", "ours"]);
    }

    #[test]
    fn long_lines_are_cut_before_the_host_splits_them() {
        let long = "é".repeat(100_000);
        let lines = lines(Level::Info, || {
            tracing::info!(long, "one long field");
            tracing::info!(
                a = long,
                b = long,
                c = long,
                d = long,
                e = long,
                f = long,
                g = long,
                h = long,
                "many long fields"
            );
        });
        assert!(lines.iter().all(|line| line.to_string().len() < 64 * 1024));
        assert_eq!(lines[0]["long"].as_str().unwrap().len() / 1024, 8);
        assert_eq!(lines[1]["@message"], "many long fields");
    }

    #[test]
    fn levels_are_named_as_the_host_names_them() {
        assert_eq!(Level::named("warn"), Level::Warn);
        assert_eq!(Level::named("JSON"), Level::Trace);
        assert_eq!(Level::named("nonsense"), Level::Trace);
    }
}
