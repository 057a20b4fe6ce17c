//! The way from the provider to the strict AWS within this process, where replies are lost and processes are killed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use strict_aws::{Call, LocalAws, Reply};

use super::clock::{SimulatedClock, Surroundings};
use super::traffic::Watch;

/// What every process of one world is connected to. Clones are the same.
#[derive(Clone)]
pub(super) struct Network(Arc<Inner>);

struct Inner {
    aws: Arc<LocalAws>,
    clock: SimulatedClock,
    /// Requests that are being served at the moment.
    served: AtomicUsize,
    /// How many more AWS calls are done until the process is killed; 0 when nobody kills it.
    kill_in: AtomicUsize,
    killed: AtomicBool,
    calls: Mutex<Vec<Call>>,
    watch: Mutex<Option<Watch>>,
}

impl Network {
    pub(super) fn new(aws: Arc<LocalAws>, clock: SimulatedClock) -> Self {
        Self(Arc::new(Inner {
            aws,
            clock,
            served: AtomicUsize::new(0),
            kill_in: AtomicUsize::new(0),
            killed: AtomicBool::new(false),
            calls: Mutex::default(),
            watch: Mutex::default(),
        }))
    }

    /// As the SDK wants it.
    pub(super) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    /// Kills the process when the nth AWS call from now on has been done, before its reply arrives.
    pub(super) fn kill_after(&self, calls: usize) {
        self.0.kill_in.store(calls, Ordering::SeqCst);
    }

    /// Nobody is killed any more, and whoever was is no more: a new process begins.
    pub(super) fn revive(&self) {
        self.0.kill_in.store(0, Ordering::SeqCst);
        self.0.killed.store(false, Ordering::SeqCst);
    }

    /// The AWS calls since they were last taken.
    pub(super) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many AWS calls there have been since they were last taken.
    pub(super) fn count_calls(&self) -> usize {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// From now on, somebody looks after every change whether users are answered; gives back who looked before.
    pub(super) fn watch(&self, watch: Option<Watch>) -> Option<Watch> {
        std::mem::replace(&mut *self.0.watch.lock().unwrap_or_else(PoisonError::into_inner), watch)
    }

    async fn serve(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let inner = &self.0;
        let served = Served::begin(inner);
        let request = request.try_into_http1x().map_err(|error| ConnectorError::other(error.into(), None))?;
        let (parts, body) = request.into_parts();
        let body = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
        let handled = inner.aws.handle(http::Request::from_parts(parts, body.into_bytes())).await;
        if let Some(call) = handled.call {
            self.look(&call).await;
            inner.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            if inner.kill_in.load(Ordering::SeqCst) > 0 && inner.kill_in.fetch_sub(1, Ordering::SeqCst) == 1 {
                inner.killed.store(true, Ordering::SeqCst);
            }
        }
        drop(served);
        if inner.killed.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        match handled.reply {
            Reply::Answer(response) => {
                let response = response.map(SdkBody::from);
                HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
            }
            Reply::Lost => Err(ConnectorError::io("the connection was reset".into())),
            Reply::Never => std::future::pending().await,
        }
    }

    async fn look(&self, call: &Call) {
        if !call.writes() {
            return;
        }
        // Taken out while it looks: what it asks is no call.
        if let Some(mut watch) = self.watch(None) {
            watch.look(&self.0.aws, self.0.clock.elapsed(), call).await;
            self.watch(Some(watch));
        }
    }
}

impl Surroundings for Network {
    fn is_busy(&self) -> bool {
        self.0.served.load(Ordering::SeqCst) > 0
    }

    fn is_killed(&self) -> bool {
        self.0.killed.load(Ordering::SeqCst)
    }

    fn passed(&self, by: Duration) {
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

/// One request that is being served; also when whoever waits for it goes away.
struct Served<'a>(&'a Inner);

impl<'a> Served<'a> {
    fn begin(inner: &'a Inner) -> Self {
        inner.served.fetch_add(1, Ordering::SeqCst);
        Self(inner)
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.served.fetch_sub(1, Ordering::SeqCst);
    }
}
