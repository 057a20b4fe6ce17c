//! The in-process connection between the provider and the strict AWS, in which replies are lost and processes are
//! killed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use strict_aws::{Call, LocalAws, Reply};

use super::clock::{Environment, SimulatedClock};
use super::traffic::TrafficMonitor;

/// The network of a world's processes. Clones share it.
#[derive(Clone)]
pub(super) struct Network(Arc<Inner>);

struct Inner {
    aws: Arc<LocalAws>,
    clock: SimulatedClock,
    /// Requests in progress.
    in_flight: AtomicUsize,
    /// How many more AWS calls complete until the process is killed; 0 for never.
    kills_in: AtomicUsize,
    killed: AtomicBool,
    calls: Mutex<Vec<Call>>,
    monitor: Mutex<Option<TrafficMonitor>>,
}

impl Network {
    pub(super) fn new(aws: Arc<LocalAws>, clock: SimulatedClock) -> Self {
        Self(Arc::new(Inner {
            aws,
            clock,
            in_flight: AtomicUsize::new(0),
            kills_in: AtomicUsize::new(0),
            killed: AtomicBool::new(false),
            calls: Mutex::default(),
            monitor: Mutex::default(),
        }))
    }

    /// The network as an HTTP client for the SDK.
    pub(super) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    /// Kills the process after the nth AWS call from now on, before its reply arrives.
    pub(super) fn kill_after(&self, calls: usize) {
        self.0.kills_in.store(calls, Ordering::SeqCst);
    }

    /// Starts a new process that is not going to be killed.
    pub(super) fn restart(&self) {
        self.0.kills_in.store(0, Ordering::SeqCst);
        self.0.killed.store(false, Ordering::SeqCst);
    }

    /// Takes the AWS calls since this was last called.
    pub(super) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of AWS calls since they were last taken.
    pub(super) fn count_calls(&self) -> usize {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Sets the monitor that checks traffic after every change; returns the previous one.
    pub(super) fn monitor(&self, monitor: Option<TrafficMonitor>) -> Option<TrafficMonitor> {
        std::mem::replace(&mut *self.0.monitor.lock().unwrap_or_else(PoisonError::into_inner), monitor)
    }

    async fn serve(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let inner = &self.0;
        let in_flight = InFlight::begin(inner);
        let request = request.try_into_http1x().map_err(|error| ConnectorError::other(error.into(), None))?;
        let (parts, body) = request.into_parts();
        let body = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
        let handled = inner.aws.handle(http::Request::from_parts(parts, body.into_bytes())).await;
        if let Some(call) = handled.call {
            self.check(&call).await;
            inner.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            if inner.kills_in.load(Ordering::SeqCst) > 0 && inner.kills_in.fetch_sub(1, Ordering::SeqCst) == 1 {
                inner.killed.store(true, Ordering::SeqCst);
            }
        }
        drop(in_flight);
        if inner.killed.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        match handled.reply {
            Reply::Response(response) => {
                let response = response.map(SdkBody::from);
                HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
            }
            Reply::Lost => Err(ConnectorError::io("the connection was reset".into())),
            Reply::Never => std::future::pending().await,
        }
    }

    async fn check(&self, call: &Call) {
        if !call.writes() {
            return;
        }
        // Removed during the check, whose own requests must not be checked.
        if let Some(mut monitor) = self.monitor(None) {
            monitor.check(&self.0.aws, self.0.clock.elapsed(), call).await;
            self.monitor(Some(monitor));
        }
    }
}

impl Environment for Network {
    fn is_busy(&self) -> bool {
        self.0.in_flight.load(Ordering::SeqCst) > 0
    }

    fn is_killed(&self) -> bool {
        self.0.killed.load(Ordering::SeqCst)
    }

    fn advance(&self, by: Duration) {
        self.0.aws.advance(by);
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network(..)")
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().serve(request))
    }
}

/// A request in progress, until this is dropped, even if the caller stops waiting.
struct InFlight<'a>(&'a Inner);

impl<'a> InFlight<'a> {
    fn begin(inner: &'a Inner) -> Self {
        inner.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(inner)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
