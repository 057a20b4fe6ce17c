//! How every remote call ends: with a response that carries diagnostics, never with a gRPC status, not even after a panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use futures::Stream;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use tracing::Instrument;

use super::diagnostic::to_protocol;
use super::protocol::*;
use crate::wire::{self, Diagnostics, Path};

/// The result of a call with one response. It is always `Ok`.
pub(super) type RpcResult<R> = Result<Response<R>, Status>;

/// The messages of a call that streams its response.
pub(super) type RpcStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// How many messages of a stream may wait for the host.
const STREAM_BUFFER: usize = 16;

/// A response that can carry diagnostics.
pub(super) trait HasDiagnostics: Default + Send + 'static {
    /// Adds `diagnostics` to the response.
    fn extend(&mut self, diagnostics: &Diagnostics);
}

/// The number of calls in progress.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Counts one call in [`RUNNING`] until it is dropped.
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

/// Waits until no call is in progress, including calls that the host has given up on.
pub(crate) async fn idle() {
    // The sender is never dropped.
    let _ = RUNNING.subscribe().wait_for(|calls| *calls == 0).await;
}

/// Runs `work` and responds with its result. If it fails or panics, responds with `otherwise` and the diagnostics.
pub(super) async fn respond<R, F>(rpc: &'static str, mut otherwise: R, work: F) -> RpcResult<R>
where
    R: HasDiagnostics,
    F: Future<Output = Result<R, Diagnostics>> + Send + 'static,
{
    let response = run(rpc, work).await.unwrap_or_else(|diagnostics| {
        otherwise.extend(&diagnostics);
        otherwise
    });
    Ok(Response::new(response))
}

/// Runs `work` and streams the messages that it sends. If it fails or panics, the last message carries the diagnostics.
pub(super) fn respond_with_stream<T, W, F>(rpc: &'static str, work: W) -> RpcResult<RpcStream<T>>
where
    T: HasDiagnostics,
    W: FnOnce(mpsc::Sender<T>) -> F,
    F: Future<Output = Result<(), Diagnostics>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER);
    let work = work(sender.clone());
    tokio::spawn(async move {
        if let Err(diagnostics) = run(rpc, work).await {
            let mut last = T::default();
            last.extend(&diagnostics);
            // Fails only when the host no longer reads the stream.
            let _ = sender.send(last).await;
        }
    });
    Ok(Response::new(Box::pin(ReceiverStream::new(receiver).map(Ok))))
}

/// Runs the work of one call to its end, even if the host gives up on the call: an apply must not stop half-way.
async fn run<T, F>(rpc: &'static str, work: F) -> Result<T, Diagnostics>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Diagnostics>> + Send + 'static,
{
    // At the highest level, so that a line of any level carries the name of the call.
    let span = tracing::error_span!("call", tf_rpc = rpc);
    let running = Running::begin();
    let work = async move {
        let _running = running;
        work.await
    };
    tokio::spawn(work.instrument(span)).await.unwrap_or_else(|_| Err(vec![crashed(rpc)]))
}

fn crashed(rpc: &str) -> wire::Diagnostic {
    wire::Diagnostic::error(
        Path::root(),
        "Provider crashed",
        format!(
            "{rpc} failed with an internal error, and its outcome is unknown. Run the command again. If it fails again, \
             please report it with the log lines that follow \"panic:\" (TF_LOG=error)."
        ),
    )
}

/// Diagnostics as one text, for the two responses that have no field for diagnostics.
fn as_text(diagnostics: &Diagnostics) -> String {
    let texts: Vec<_> = diagnostics.iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect();
    texts.join("\n")
}

macro_rules! has_diagnostics {
    ($($response:ty),* $(,)?) => {
        $(impl HasDiagnostics for $response {
            fn extend(&mut self, diagnostics: &Diagnostics) {
                self.diagnostics.extend(to_protocol(diagnostics));
            }
        })*
    };
}

has_diagnostics! {
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

impl HasDiagnostics for list_resource::Event {
    fn extend(&mut self, diagnostics: &Diagnostics) {
        self.diagnostic.extend(to_protocol(diagnostics));
    }
}

impl HasDiagnostics for invoke_action::Event {
    fn extend(&mut self, diagnostics: &Diagnostics) {
        let completed = invoke_action::event::Completed { diagnostics: to_protocol(diagnostics) };
        self.r#type = Some(invoke_action::event::Type::Completed(completed));
    }
}

impl HasDiagnostics for call_function::Response {
    fn extend(&mut self, diagnostics: &Diagnostics) {
        self.error = Some(FunctionError { text: as_text(diagnostics), function_argument: None });
    }
}

impl HasDiagnostics for stop_provider::Response {
    fn extend(&mut self, diagnostics: &Diagnostics) {
        self.error = as_text(diagnostics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_diagnostic_and_keeps_the_rest_of_the_response() {
        let otherwise = read_resource::Response { private: b"kept".to_vec(), ..Default::default() };
        let response = respond("ReadResource", otherwise, async { panic!("broken") }).await.unwrap().into_inner();
        assert_eq!(response.private, b"kept");
        assert_eq!(response.diagnostics[0].summary, "Provider crashed");
        let response = respond("CallFunction", call_function::Response::default(), async { panic!("broken") }).await;
        assert!(response.unwrap().into_inner().error.unwrap().text.starts_with("Provider crashed: CallFunction"));
    }

    fn progress(message: &str) -> invoke_action::Event {
        let progress = invoke_action::event::Progress { message: message.to_owned() };
        invoke_action::Event { r#type: Some(invoke_action::event::Type::Progress(progress)) }
    }

    async fn events(stream: RpcResult<RpcStream<invoke_action::Event>>) -> Vec<invoke_action::Event> {
        stream.unwrap().into_inner().map(Result::unwrap).collect().await
    }

    #[tokio::test]
    async fn a_stream_carries_many_messages_and_then_the_diagnostics() {
        // More messages than the buffer holds.
        let sent: Vec<_> = (0..3 * STREAM_BUFFER).map(|number| progress(&number.to_string())).collect();
        let messages = sent.clone();
        let work = |sender: mpsc::Sender<_>| async move {
            for message in messages {
                sender.send(message).await.unwrap();
            }
            panic!("broken")
        };
        let mut received = events(respond_with_stream("InvokeAction", work)).await;
        let last = received.pop().unwrap();
        assert_eq!(received, sent);
        let Some(invoke_action::event::Type::Completed(completed)) = last.r#type else { panic!("{last:?}") };
        assert_eq!(completed.diagnostics[0].summary, "Provider crashed");
    }

    #[tokio::test]
    async fn a_stream_that_succeeds_ends_with_its_last_message() {
        let work = |sender: mpsc::Sender<_>| async move {
            sender.send(progress("done")).await.unwrap();
            Ok(())
        };
        assert_eq!(events(respond_with_stream("InvokeAction", work)).await, [progress("done")]);
    }
}
