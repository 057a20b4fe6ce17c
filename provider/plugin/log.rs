//! Writes the log as JSON lines to standard error, in the format that hosts parse (hclog).

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

/// With any other number of fraction digits the host does not parse the line, and shows it raw at level DEBUG.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The longest value of a field, in bytes. The host splits lines at 64 KiB, and then parses neither half.
const MAX_FIELD: usize = 8 * 1024;

/// The longest line, in bytes.
const MAX_LINE: usize = 60 * 1024;

/// Level of the log, by the names of `TF_LOG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// No log.
    Off,
    /// Errors.
    Error,
    /// Warnings, and errors.
    Warn,
    /// The progress of operations, and the above.
    Info,
    /// The calls of operations, and the above.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The level of this name, in upper or lower case. An unknown name means TRACE, as it does for the host.
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

/// Writes the log to standard error from now on. Only the first call has an effect.
pub fn install(level: Level) {
    let _ = tracing_subscriber::registry().with(Json(std::io::stderr).with_filter(targets(level))).try_init();
}

/// The provider logs at `level`, and its dependencies at most at WARN. Below WARN the AWS SDK logs whole requests and
/// responses, which contain credentials and the environment of functions.
fn targets(level: Level) -> Targets {
    Targets::new()
        .with_default(level.filter().min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level.filter())
}

/// Writes every event as one line, with the fields of the spans around it.
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
        if text.len() > MAX_LINE {
            // Without its fields, the line is short enough.
            text = Value::Object(head).to_string();
        }
        text.push('\n');
        // One write, so that lines of other threads do not interleave. There is no place to report its failure.
        let _ = (self.0)().write_all(text.as_bytes());
    }
}

/// The fields of a span or an event.
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
    if text.len() <= MAX_FIELD {
        return text.to_owned();
    }
    let (beginning, _) = text.split_at(text.floor_char_boundary(MAX_FIELD));
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
    fn a_line_has_the_keys_that_hosts_parse_and_the_fields_of_its_spans() {
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
    fn dependencies_log_at_warn_and_above_only() {
        let lines = lines(Level::Trace, || {
            for target in ["aws_smithy_runtime::client", "hyper::proto", "h2::codec", "rustls::server"] {
                // A target is a constant of its call site, so each needs a macro call of its own.
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
    fn level_names_are_those_of_the_host() {
        assert_eq!(Level::named("warn"), Level::Warn);
        assert_eq!(Level::named("JSON"), Level::Trace);
        assert_eq!(Level::named("nonsense"), Level::Trace);
    }
}
