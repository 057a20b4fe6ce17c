//! CloudWatch alarms that stop a rollout.

use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::StateValue;
use multiregion::wire::Diagnostics;
use serde_json::{Value as Json, json};

use super::bad_version::{Api, OK, REGIONS, details, regions_of, restored};
use super::world::World;

const ALARM: &str = "errors";

/// Creates an alarm in every region.
async fn create_alarms(world: &World) {
    for region in REGIONS {
        let client = world.by_hand(region).cloudwatch();
        client.put_metric_alarm().alarm_name(ALARM).send().await.expect("the alarm is created");
    }
}

/// An API with an alarm in every region, which changes in these waves.
async fn start(waves: &Json, bake_seconds: u64, more: &Json) -> Api {
    let world = World::fast().await;
    create_alarms(&world).await;
    let alarms = json!({ REGIONS[0]: [ALARM], REGIONS[1]: [ALARM] });
    let mut rollout = json!({ "waves": waves, "bake_seconds": bake_seconds, "alarms": alarms });
    rollout.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    Api::start_in(world, "http", json!({ "rollout": rollout })).await
}

/// Deploys new code. The alarm of `region` goes off when the new version there answers requests, all or a share.
async fn deploy_and_alarm(api: &mut Api, region: &str) -> Diagnostics {
    let hand = api.world.by_hand(region);
    let (lambda, cloudwatch) = (hand.lambda(), hand.cloudwatch());
    let goes_off = async {
        loop {
            let alias = lambda.get_alias().function_name("tested").name("live").send().await.expect("an alias");
            let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
            if alias.function_version.as_deref() != Some("1") || weights.is_some_and(|weights| !weights.is_empty()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let request = cloudwatch.set_alarm_state().alarm_name(ALARM).state_value(StateValue::Alarm);
        request.state_reason("5 errors in a minute").send().await.expect("the state is set");
    };
    let environment = json!({ "GREETING": "hello" });
    futures::join!(api.deploy_with(&environment), goes_off).0
}

fn check_named(diagnostics: &Diagnostics, region: &str) {
    let errors = details(diagnostics);
    let [error] = errors.as_slice() else { panic!("{diagnostics:#?}") };
    for part in [region, "\"errors\"", "5 errors in a minute"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_goes_off_after_the_change_returns_every_region() {
    let [first, second] = REGIONS;
    let mut api = start(&json!([[first], [second]]), 40, &Json::Null).await;
    let before = api.serving().await;
    let diagnostics = deploy_and_alarm(&mut api, second).await;
    check_named(&diagnostics, second);
    let warning = restored(&diagnostics).expect("a warning");
    assert!(REGIONS.iter().all(|region| warning.detail.contains(&format!("{region}/alias"))), "{warning}");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));

    // The alarm is still in ALARM: it does not block the fix, which the rollout of the first region precedes.
    regions_of("UpdateAlias", &api);
    let fixed = api.config(&json!({ "GREETING": "fixed" }));
    api.world.apply(&mut api.subject, &fixed).await;
    assert_eq!(regions_of("UpdateAlias", &api), REGIONS);
    api.repair().await;
}

/// Regions that change at the same time return at the same time, long before the bake time ends.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_ends_the_bake_time_of_all_regions() {
    // The bake time takes a minute here.
    let began = Instant::now();
    let mut api = start(&json!([]), 1_200, &Json::Null).await;
    api.more["tags"] = json!({ "team": "zoo" });
    let config = api.config(&json!({}));
    api.world.apply(&mut api.subject, &config).await;
    assert!(began.elapsed() < Duration::from_secs(40), "without a change, nothing is watched: {:?}", began.elapsed());
    let (before, began) = (api.serving().await, Instant::now());
    let diagnostics = deploy_and_alarm(&mut api, REGIONS[0]).await;
    check_named(&diagnostics, REGIONS[0]);
    assert!(restored(&diagnostics).is_some_and(|warning| warning.detail.contains(&format!("{}/alias", REGIONS[1]))));
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_watched_before_all_requests_reach_the_new_version() {
    let [first, second] = REGIONS;
    let more = json!({ "canary_percent": 25, "verify": { "requests": 4 } });
    let mut api = start(&json!([[first], [second]]), 20, &more).await;
    let before = api.serving().await;
    regions_of("UpdateAlias", &api);
    let diagnostics = deploy_and_alarm(&mut api, first).await;
    check_named(&diagnostics, first);
    assert_eq!(api.serving().await, before);
    assert_eq!(regions_of("UpdateAlias", &api), [first, first], "the shift and the return");
    assert!(api.weights(first).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_does_not_exist_is_an_error_of_the_plan() {
    let mut api = start(&json!([]), 20, &Json::Null).await;
    api.more["rollout"]["alarms"] = json!({ REGIONS[1]: [ALARM, "eror"] });
    let config = api.config(&json!({}));
    let (_, diagnostics) = api.world.plan(&mut api.subject, &config).await;
    let [error] = diagnostics.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(error.summary, "CloudWatch alarm not found");
    assert!(error.detail.contains("\"eror\"") && error.detail.contains(REGIONS[1]), "{error}");
}
