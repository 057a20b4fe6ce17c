//! A claim in an AWS in memory, for unit tests.

use std::sync::Arc;
use std::time::Duration;

use strict_aws::{LocalAws, Options};

use crate::apply::Engine;
use crate::aws::{Aws, CancellationToken, Clock, Config, OwnerContext, Run, StaticCredentials, SystemClock};
use crate::components::{Catalog, OWNER_ID_TAG, OWNER_TAG, ownership as claim};
use crate::desired::{ClaimRecord, Owner, OwnerId};

/// Starts an AWS.
pub(super) async fn start() -> LocalAws {
    LocalAws::start(Options::in_memory()).await.unwrap()
}

/// An engine for the resource `name`, whose claim was created without a heartbeat.
pub(super) async fn engine_with_claim(local: &LocalAws, name: &str, clock: Arc<dyn Clock>) -> Engine {
    let credentials =
        StaticCredentials { access_key: local.account_id().to_owned(), secret_key: "secret".to_owned(), token: None };
    let config = Config {
        region: Some("us-east-1".to_owned()),
        credentials: Some(credentials),
        endpoint_url: Some(local.endpoint()),
        ..Config::default()
    };
    let aws = Arc::new(Aws::connect(config, [], Arc::new(SystemClock)).await.unwrap());
    let owner = Owner::new("multiregion_test", name);
    let deadline = clock.now() + Duration::from_secs(3600);
    let run = Run::new(deadline, CancellationToken::new(), clock);
    let owner_id = OwnerId::mint("us-east-1", 1);
    let tags = [
        (OWNER_TAG, owner.to_string()),
        (OWNER_ID_TAG, owner_id.to_string()),
        ("multiregion:phase", "creating".to_owned()),
    ];
    let engine =
        Engine::new(aws, run, OwnerContext::new(owner.clone(), "us-east-1"), Catalog::default()).identified(owner_id);
    let logs = engine.regional(&claim::address()).logs();
    let create = logs.create_log_group().log_group_name(claim::log_group_of(&owner));
    let create = tags.into_iter().fold(create, |create, (key, value)| create.tags(key, value));
    create.send().await.unwrap();
    engine
}

/// The claim of the engine's resource.
pub(super) async fn record(engine: &Engine) -> ClaimRecord {
    claim::record(&engine.regional(&claim::address()).privileged()).await.unwrap().unwrap()
}
