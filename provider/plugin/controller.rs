//! The host's request to end, and the stream that it keeps open for its life, by go-plugin's own protocol.

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

/// Answers the host and ends the process.
pub(super) struct Controller {
    /// What the host has kept by now.
    pub(super) pending_acks: PendingAcks,
    /// Cancelled when the process is to end.
    pub(super) end: CancellationToken,
}

#[tonic::async_trait]
impl generated::grpc_controller_server::GrpcController for Controller {
    async fn shutdown(self: Arc<Self>, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        // The host waits for the answer as long as it takes, and only then kills.
        self.pending_acks.acknowledge_all().await;
        self.end.cancel();
        Ok(Response::new(Empty {}))
    }
}

/// Answers the host's wish to hear what is written to standard output: nothing is. The stream shows that the host is there:
/// it stays open as long as the host lives, and keeps the connection from being closed when it is idle.
///
/// # Source
/// `grpc_stdio.go` of go-plugin; `idleTimeout` in `dialoptions.go` of grpc-go: 30 minutes without a call.
pub(super) struct Stdio {
    /// Where it is noted.
    pub(super) presence: Presence,
    /// Ends the stream.
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
