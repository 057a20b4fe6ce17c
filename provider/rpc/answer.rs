//! How every call ends: with a response, never with a gRPC status, and not even with a panic.

use std::future::Future;
use std::sync::LazyLock;

use tokio::sync::watch;
use tonic::{Response, Status};
use tracing::Instrument;

use super::diagnostic::to_protocol;
use super::protocol::{self, *};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// What a call gives to the generated code.
pub(super) type Answered<R> = Result<Response<R>, Status>;

/// A response that can say what is wrong.
pub(super) trait Answer: Default + Send + 'static {
    /// Adds diagnostics.
    fn tell(&mut self, diagnostics: Vec<protocol::Diagnostic>);
}

/// How many calls are being worked on.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// A call that is being worked on, until this is dropped.
struct Running;

impl Running {
    fn begin() -> Self {
        RUNNING.send_modify(|calls| *calls += 1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.send_modify(|calls| *calls -= 1);
    }
}

/// Waits until no call is being worked on, also none whose host no longer waits for it.
pub(crate) async fn idle() {
    // The sender is never dropped.
    let _ = RUNNING.subscribe().wait_for(|calls| *calls == 0).await;
}

/// Does the work of one call.
///
/// The work runs on even when the host no longer waits for it: half an apply is worse than an apply nobody hears of.
pub(super) async fn answer<R, F>(call: &'static str, work: F) -> Answered<R>
where
    R: Answer,
    F: Future<Output = Result<R, Diagnostics>> + Send + 'static,
{
    answer_or(call, R::default(), work).await
}

/// As [`answer`]; the diagnostics of work that failed come with the rest of `otherwise`.
pub(super) async fn answer_or<R, F>(call: &'static str, mut otherwise: R, work: F) -> Answered<R>
where
    R: Answer,
    F: Future<Output = Result<R, Diagnostics>> + Send + 'static,
{
    // At the highest level, so that a line at any level carries the call's name.
    let span = tracing::error_span!("call", tf_rpc = call);
    let running = Running::begin();
    let work = async move {
        let _running = running;
        work.await
    };
    let diagnostics = match tokio::spawn(work.instrument(span)).await {
        Ok(Ok(response)) => return Ok(Response::new(response)),
        Ok(Err(diagnostics)) => diagnostics,
        Err(_) => vec![crashed(call)],
    };
    otherwise.tell(to_protocol(&diagnostics));
    Ok(Response::new(otherwise))
}

fn crashed(call: &str) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "The provider is broken",
        format!(
            "{call} ended in a mistake of the provider's own, so that its outcome is not known. Run the same again; \
             when it fails again, report it with the lines after \"panic:\" in the log (TF_LOG=error)."
        ),
    )
}

/// That none of the provider's things has this name: for calls of kinds that it has none of.
pub(super) async fn none_of<R: Answer>(call: &'static str, summary: &'static str, name: String) -> Answered<R> {
    answer(call, async move { Err(super::server::unknown(summary, &name, &[])) }).await
}

macro_rules! answers {
    ($($response:ty),* $(,)?) => {
        $(impl Answer for $response {
            fn tell(&mut self, diagnostics: Vec<protocol::Diagnostic>) {
                self.diagnostics.extend(diagnostics);
            }
        })*
    };
}

answers! {
    apply_resource_change::Response,
    close_ephemeral_resource::Response,
    configure_provider::Response,
    configure_state_store::Response,
    delete_state::Response,
    generate_resource_config::Response,
    get_functions::Response,
    get_metadata::Response,
    get_provider_schema::Response,
    get_resource_identity_schemas::Response,
    get_states::Response,
    import_resource_state::Response,
    lock_state::Response,
    move_resource_state::Response,
    open_ephemeral_resource::Response,
    plan_action::Response,
    plan_resource_change::Response,
    read_data_source::Response,
    read_resource::Response,
    read_state_bytes::ResponseChunk,
    renew_ephemeral_resource::Response,
    unlock_state::Response,
    upgrade_resource_identity::Response,
    upgrade_resource_state::Response,
    validate_action_config::Response,
    validate_data_resource_config::Response,
    validate_ephemeral_resource_config::Response,
    validate_list_resource_config::Response,
    validate_provider_config::Response,
    validate_resource_config::Response,
    validate_state_store_config::Response,
    write_state_bytes::Response,
}

impl Answer for list_resource::Event {
    fn tell(&mut self, diagnostics: Vec<protocol::Diagnostic>) {
        self.diagnostic.extend(diagnostics);
    }
}

impl Answer for invoke_action::event::Completed {
    fn tell(&mut self, diagnostics: Vec<protocol::Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_diagnostic_beside_what_was_there() {
        let otherwise = read_resource::Response { private: b"kept".to_vec(), ..Default::default() };
        let response = answer_or("ReadResource", otherwise, async { panic!("broken") }).await.unwrap().into_inner();
        assert_eq!(response.private, b"kept");
        assert_eq!(response.diagnostics[0].summary, "The provider is broken");
    }
}
