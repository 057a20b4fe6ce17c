//! The host's request to end, by go-plugin's own protocol.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Generated from `proto/controller.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/server/plugin.rs"));
}

use crate::ownership::PendingAcks;
use generated::Empty;
pub(super) use generated::grpc_controller_server::GrpcControllerServer;

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
