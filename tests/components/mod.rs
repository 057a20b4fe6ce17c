//! Every kind of AWS object against the strict AWS: created, read back, updated, deleted.

mod acm;
mod apigateway;
mod cloudfront;
mod connect;
mod discovery;
mod edge_function;
mod edge_routing;
mod iam;
mod lambda;
mod logs;
mod probe;
mod proxy;
mod rest;
mod route53;
mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use multiregion::apply::Engine;
use multiregion::aws::{
    Aws, CancellationToken, Config, Lease, OwnerContext, Regional, Run, StaticCredentials, SystemClock, chain,
};
use multiregion::components::{AnyComponent, AnyFound, Catalog, REGISTRY};
use multiregion::desired::{Address, Owner, OwnerId};
use multiregion::lifecycle;
use serde_json::{Value as Json, json};
use strict_aws::{Backend, LocalAws, Options};

/// The name of the API that owns the components.
pub(crate) const OWNER: &str = "giraffe";
/// A region that is not the home region.
pub(crate) const REGION: &str = "eu-central-1";

/// A strict AWS and a run in it.
pub(crate) struct Bench {
    pub(crate) local: LocalAws,
    aws: Arc<Aws>,
    run: Arc<Run>,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with_endpoints(BTreeMap::new()).await
    }

    /// With an endpoint of their own for some services.
    pub(crate) async fn with_endpoints(endpoints: BTreeMap<String, String>) -> Self {
        Self::configured(|config| config.endpoints = endpoints).await
    }

    /// With other arguments of the provider.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let local = LocalAws::start(Options { backend: Backend::InMemory, ..Options::default() }).await.unwrap();
        let mut config = Config {
            region: Some("us-east-1".to_owned()),
            credentials: Some(StaticCredentials {
                access_key: local.account_id().to_owned(),
                secret_key: "test".to_owned(),
                token: None,
            }),
            endpoint_url: Some(local.endpoint()),
            ..Config::default()
        };
        change(&mut config);
        let aws = Arc::new(lifecycle::connect(config, Arc::new(SystemClock)).await.unwrap());
        Self { local, aws, run: Arc::new(run()) }
    }

    /// The engine of a second run of the same owner.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.aws.clone(), run(), context(), Catalog::new(REGISTRY))
    }

    /// The kind at `address`, and AWS as that component calls it.
    pub(crate) fn at(&self, address: &str) -> (Regional, &'static dyn AnyComponent) {
        let address: Address = address.parse().unwrap();
        let component = REGISTRY.iter().find(|component| component.meta().name == address.kind).unwrap();
        // Only a run that holds a lease creates a claim.
        let run = if address.kind == "claim" { Arc::new(leased(&self.run)) } else { self.run.clone() };
        (Regional::new(self.aws.clone(), run, Arc::new(context()), address), *component)
    }

    /// AWS as the component at `address` calls it in a run with another owner id.
    pub(crate) fn rival(&self, address: &str) -> Regional {
        let context = context().identified(OwnerId::mint("us-east-1", 8));
        Regional::new(self.aws.clone(), Arc::new(leased(&run())), Arc::new(context), address.parse().unwrap())
    }

    /// Creates the component, which must not exist, and reads it back.
    pub(crate) async fn create(&self, address: &str, spec: &Json) -> Json {
        let (aws, component) = self.at(address);
        assert!(component.find(&aws, spec).await.unwrap().is_none(), "{address} exists already");
        let outputs = component.create(&aws, spec).await.unwrap_or_else(|error| panic!("{address}: {}", chain(&error)));
        self.expect(address, spec, &outputs).await;
        outputs
    }

    /// Checks that AWS reports `spec` and `outputs`.
    pub(crate) async fn expect(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        let (read_spec, read_outputs) = component.read(&aws, spec, outputs).await.unwrap().expect(address);
        assert_eq!(&read_spec, spec, "{address}");
        assert_eq!(&read_outputs, outputs, "{address}");
    }

    /// Checks that a repeated create adopts the existing object.
    pub(crate) async fn create_again(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        assert!(matches!(component.find(&aws, spec).await.unwrap(), Some(AnyFound::Ours(found)) if found == *outputs));
        assert_eq!(&component.create(&aws, spec).await.unwrap(), outputs, "{address}");
        self.expect(address, spec, outputs).await;
    }

    /// Updates the component and reads it back; the outputs must not change.
    pub(crate) async fn update(&self, address: &str, outputs: &Json, from: &Json, to: &Json) {
        let (aws, component) = self.at(address);
        let updated = component.update(&aws, outputs, from, to).await;
        assert_eq!(&updated.unwrap_or_else(|error| panic!("{address}: {}", chain(&error))), outputs, "{address}");
        self.expect(address, to, outputs).await;
    }

    /// The calls of an update that has already been done, as the engine repeats it when the result of the first one is
    /// unknown.
    pub(crate) async fn calls_of_a_repeated_update(&self, address: &str, outputs: &Json, spec: &Json) -> Vec<String> {
        let (aws, component) = self.at(address);
        self.local.clear_calls();
        component.update(&aws, outputs, spec, spec).await.unwrap();
        self.local.calls().iter().map(|call| call.name()).collect()
    }

    /// Deletes the component, twice; it must be gone then.
    pub(crate) async fn delete(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        component.delete(&aws, spec, outputs).await.unwrap_or_else(|error| panic!("{address}: {}", chain(&error)));
        component.delete(&aws, spec, outputs).await.unwrap();
        if component.meta().visible {
            assert!(component.read(&aws, spec, outputs).await.unwrap().is_none(), "{address} still exists");
        }
    }
}

fn run() -> Run {
    let deadline = Instant::now() + Duration::from_secs(120);
    Run::new(deadline, CancellationToken::new(), Arc::new(SystemClock))
}

fn context() -> OwnerContext {
    OwnerContext::new(owner(), "us-east-1").identified(owner_id())
}

/// The same run with a valid lease.
fn leased(run: &Run) -> Run {
    run.with_lease(&Arc::new(Lease::new(run.deadline)))
}

fn owner() -> Owner {
    Owner::new("multiregion_api", OWNER)
}

fn owner_id() -> OwnerId {
    OwnerId::mint("us-east-1", 7)
}

/// The address of an object of `kind` in [`REGION`].
pub(crate) fn at(kind: &str) -> String {
    format!("{REGION}/{kind}")
}

/// The spec of the owner's claim, with `regions` as the regions to search.
pub(crate) fn claim(regions: &[&str]) -> Json {
    json!({ "name": owner().claim_name(), "regions": regions, "tags": tags("global/claim", "zoo") })
}

/// The ownership tags of the component at `address`, and the user's tag `team`.
pub(crate) fn tags(address: &str, team: &str) -> Json {
    json!({
        "multiregion:owner": owner().to_string(),
        "multiregion:owner-id": owner_id().to_string(),
        "multiregion:address": address,
        "team": team,
    })
}

/// `spec` with some fields replaced.
pub(crate) fn with(spec: &Json, values: Json) -> Json {
    let mut spec = spec.clone();
    for (key, value) in values.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}
