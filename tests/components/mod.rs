//! Every kind of AWS object against the strict AWS: made, read back, changed, deleted.
#![expect(clippy::unwrap_used, reason = "a test that unwraps tells at once what it did not expect")]

mod cdn;
mod connect;
mod dns;
mod edge;
mod edge_import;
mod function;
mod probe;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use multiregion::apply::Engine;
use multiregion::aws::{Aws, CancellationToken, Config, Lease, Regional, Run, StaticCredentials, SystemClock, chain};
use multiregion::components::{AnyComponent, AnyFound, Catalog, REGISTRY};
use multiregion::desired::{Address, Owner, OwnerId};
use multiregion::lifecycle;
use serde_json::{Value as Json, json};
use strict_aws::{Backend, LocalAws, Options};

/// The resource that owns everything here.
pub(crate) const OWNER: &str = "giraffe";
/// A region that is not the home region.
pub(crate) const REGION: &str = "eu-central-1";

/// An AWS, and a run in it.
pub(crate) struct Bench {
    pub(crate) local: LocalAws,
    aws: Arc<Aws>,
    run: Arc<Run>,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with_endpoints(BTreeMap::new()).await
    }

    /// With other endpoints for some services.
    pub(crate) async fn with_endpoints(endpoints: BTreeMap<String, String>) -> Self {
        let local = LocalAws::start(Options { backend: Backend::InMemory, ..Options::default() }).await.unwrap();
        let config = Config {
            region: Some("us-east-1".to_owned()),
            credentials: Some(StaticCredentials {
                access_key: local.account_id().to_owned(),
                secret_key: "test".to_owned(),
                token: None,
            }),
            endpoint_url: Some(local.endpoint()),
            endpoints,
            ..Config::default()
        };
        let aws = Arc::new(lifecycle::connect(config, Arc::new(SystemClock)).await.unwrap());
        Self { local, aws, run: Arc::new(run()) }
    }

    /// An engine that looks for everything of the owner's.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.aws.clone(), run(), Catalog::new(REGISTRY))
    }

    pub(crate) fn at(&self, address: &str) -> (Regional, &'static dyn AnyComponent) {
        let address: Address = address.parse().unwrap();
        let component = REGISTRY.iter().find(|component| component.meta().name == address.kind).unwrap();
        // A claim is created by a run that holds a lease.
        let run = if address.kind == "claim" { Arc::new(leased(&self.run)) } else { self.run.clone() };
        (Regional::new(self.aws.clone(), run, address), *component)
    }

    /// The same for another run, with another owner id.
    pub(crate) fn rival(&self, address: &str) -> Regional {
        let run = leased(&run()).identified(OwnerId::mint("us-east-1", 8));
        Regional::new(self.aws.clone(), Arc::new(run), address.parse().unwrap())
    }

    /// Makes it, twice, and finds it again as it was wanted.
    pub(crate) async fn make(&self, address: &str, spec: &Json) -> Json {
        let (aws, component) = self.at(address);
        assert!(component.find(&aws, spec).await.unwrap().is_none(), "{address} exists before it is made");
        let outputs = component.create(&aws, spec).await.unwrap_or_else(|error| panic!("{address}: {}", chain(&error)));
        self.expect(address, spec, &outputs).await;
        outputs
    }

    /// What AWS reports is what is wanted.
    pub(crate) async fn expect(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        let (seen, again) = component.read(&aws, spec, outputs).await.unwrap().expect(address);
        assert_eq!(&seen, spec, "{address}");
        assert_eq!(&again, outputs, "{address}");
    }

    /// A second create takes over what the first one made.
    pub(crate) async fn make_again(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        assert!(matches!(component.find(&aws, spec).await.unwrap(), Some(AnyFound::Ours(found)) if found == *outputs));
        assert_eq!(&component.create(&aws, spec).await.unwrap(), outputs, "{address}");
        self.expect(address, spec, outputs).await;
    }

    pub(crate) async fn change(&self, address: &str, outputs: &Json, from: &Json, to: &Json) {
        let (aws, component) = self.at(address);
        let again = component.update(&aws, outputs, from, to).await;
        assert_eq!(&again.unwrap_or_else(|error| panic!("{address}: {}", chain(&error))), outputs, "{address}");
        self.expect(address, to, outputs).await;
    }

    /// What AWS is asked when the engine repeats an update whose end it does not know, and all is done already.
    pub(crate) async fn calls_of_a_repeated_update(&self, address: &str, outputs: &Json, spec: &Json) -> Vec<String> {
        let (aws, component) = self.at(address);
        self.local.clear_calls();
        component.update(&aws, outputs, spec, spec).await.unwrap();
        self.local.calls().iter().map(|call| call.name()).collect()
    }

    /// Deletes it, twice.
    pub(crate) async fn unmake(&self, address: &str, spec: &Json, outputs: &Json) {
        let (aws, component) = self.at(address);
        component.delete(&aws, spec, outputs).await.unwrap_or_else(|error| panic!("{address}: {}", chain(&error)));
        component.delete(&aws, spec, outputs).await.unwrap();
        if component.meta().visible {
            assert!(component.read(&aws, spec, outputs).await.unwrap().is_none(), "{address} is still there");
        }
    }
}

fn run() -> Run {
    let deadline = Instant::now() + Duration::from_secs(120);
    Run::new(owner(), "us-east-1", deadline, CancellationToken::new(), Arc::new(SystemClock)).identified(owner_id())
}

fn leased(run: &Run) -> Run {
    run.under(&Arc::new(Lease::new(run.deadline)))
}

fn owner() -> Owner {
    Owner::new("multiregion_api", OWNER)
}

fn owner_id() -> OwnerId {
    OwnerId::mint("us-east-1", 7)
}

/// The claim of the owner, which lives in `regions`.
pub(crate) fn claim(regions: &[&str]) -> Json {
    json!({ "name": owner().claim_name(), "regions": regions, "tags": tags("global/claim", "zoo") })
}

/// Tags of the object at `address`, with one of the user's.
pub(crate) fn tags(address: &str, team: &str) -> Json {
    json!({
        "multiregion:owner": owner().to_string(),
        "multiregion:owner-id": owner_id().to_string(),
        "multiregion:address": address,
        "team": team,
    })
}

/// `spec` with other values.
pub(crate) fn with(spec: &Json, values: Json) -> Json {
    let mut spec = spec.clone();
    for (key, value) in values.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}
