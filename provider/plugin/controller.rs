//! go-plugin's own services: the shutdown request, and the stream that a host keeps open while it runs.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use futures::stream::{StreamExt, pending};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Generated from `proto/controller.proto`.
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated code"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/server/plugin.rs"));
}

use super::host::Presence;
use crate::ownership::PendingAcks;
pub(super) use generated::grpc_controller_server::GrpcControllerServer;
pub(super) use generated::grpc_stdio_server::GrpcStdioServer;
use generated::{Empty, StdioData};

/// Handles the shutdown request.
pub(super) struct Controller {
    /// Released before the process ends, because a host that requests the shutdown has persisted its state.
    pub(super) pending_acks: PendingAcks,
    /// Cancelled to end the process.
    pub(super) end: CancellationToken,
}

#[tonic::async_trait]
impl generated::grpc_controller_server::GrpcController for Controller {
    async fn shutdown(self: Arc<Self>, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        // The host waits for this response without a limit, and only then kills the process.
        self.pending_acks.acknowledge_all().await;
        self.end.cancel();
        Ok(Response::new(Empty {}))
    }
}

/// Serves the stream of standard output, to which the provider writes nothing. A host keeps the stream open while it runs,
/// and with it a connection that would otherwise be closed when idle. So the stream shows that the host is running.
///
/// # Source
/// `grpc_stdio.go` of go-plugin; `idleTimeout` in `dialoptions.go` of grpc-go: 30 minutes without a call.
pub(super) struct Stdio {
    /// Records that the host keeps a connection.
    pub(super) presence: Presence,
    /// Ends the stream when cancelled.
    pub(super) end: CancellationToken,
}

#[tonic::async_trait]
impl generated::grpc_stdio_server::GrpcStdio for Stdio {
    type StreamStdioStream = Pin<Box<dyn Stream<Item = Result<StdioData, Status>> + Send>>;

    async fn stream_stdio(self: Arc<Self>, _: Request<Empty>) -> Result<Response<Self::StreamStdioStream>, Status> {
        self.presence.keeps_connection();
        Ok(Response::new(Box::pin(pending().take_until(self.end.clone().cancelled_owned()))))
    }
}
