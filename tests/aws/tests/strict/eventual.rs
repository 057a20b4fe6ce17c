//! Replies that lie, for a while after a write.

use aws_sdk_route53::types::ChangeAction;
use strict_aws::{Eventual, Options};

use crate::build::alias;
use crate::cloudfront::{READS, config, create};
use crate::world::{LONG, World, refusal};

const NO_CACHE: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const TRIES: usize = 40;

async fn world(seed: u64) -> World {
    let consistency = Some(Eventual { seed, window: LONG });
    World::start(Options { consistency, ..Options::immediate() }).await
}

/// Whether the role is seen, many times in a row.
async fn sightings(world: &World) -> Vec<bool> {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        seen.push(world.iam().get_role().role_name("giraffe").send().await.is_ok());
    }
    seen
}

#[tokio::test]
async fn reads_lag_behind_and_the_truth_wins() {
    let world = world(1).await;
    let role = world.role().await;
    let seen = sightings(&world).await;
    assert!(seen.contains(&true) && seen.contains(&false), "{seen:?}");
    // Once seen is not seen for ever.
    assert!(seen.iter().skip_while(|seen| !**seen).any(|seen| !seen), "{seen:?}");
    let mut listed = Vec::new();
    for _ in 0..TRIES {
        listed.push(world.iam().list_roles().send().await.unwrap().roles.len());
    }
    assert!(listed.contains(&0) && listed.contains(&1), "{listed:?}");

    assert_eq!(world.aws.inventory().await.unwrap().keys(), ["global/iam/role/giraffe"]);
    for _ in 0..TRIES {
        let again = world.iam().create_role().role_name("giraffe").assume_role_policy_document("{\"Statement\":[]}");
        assert_eq!(refusal!(again.send().await).0, "EntityAlreadyExists");
    }
    world.function(&role).await.unwrap();

    world.wait();
    assert_eq!(sightings(&world).await, [true; TRIES]);
    world.lambda().delete_function().function_name("giraffe").send().await.unwrap();
    world.iam().delete_role().role_name("giraffe").send().await.unwrap();
    assert!(sightings(&world).await.contains(&true), "what is gone is still told of");
    world.aws.set_consistency(None);
    assert_eq!(sightings(&world).await, [false; TRIES]);
}

#[tokio::test]
async fn the_same_seed_tells_the_same() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let world = world(seed).await;
        world.role().await;
        let snapshot = world.aws.snapshot().unwrap();
        runs.push(sightings(&world).await);
        world.aws.restore(&snapshot).unwrap();
        assert_eq!(Some(&sightings(&world).await), runs.last());
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_read_of_one_region_knows_nothing_of_anothers_writes() {
    let mut world = world(1).await;
    let role = world.role().await;
    world.function(&role).await.unwrap();
    world.wait();
    world.go_to("us-west-2");
    world.function(&role).await.unwrap();
    world.go_to("us-east-1");
    for _ in 0..TRIES {
        world.lambda().get_function().function_name("giraffe").send().await.unwrap();
    }
}

#[tokio::test]
async fn records_are_told_as_they_are() {
    let world = world(1).await;
    let zone = world.zone().await;
    world.wait();
    let set = alias("api.a.com", "d-1.execute-api.us-east-1.amazonaws.com").build().unwrap();
    let change = world.change(&zone, ChangeAction::Create, vec![set.clone()]).await.unwrap();
    for _ in 0..TRIES {
        let found = world.route53().list_resource_record_sets().hosted_zone_id(&zone).send().await.unwrap();
        assert_eq!(found.resource_record_sets.len(), 3);
        world.route53().get_change().id(&change.id).send().await.unwrap();
        let again = world.change(&zone, ChangeAction::Create, vec![set.clone()]).await;
        assert_eq!(refusal!(again).0, "InvalidChangeBatch");
    }
}

#[tokio::test]
async fn an_old_etag_changes_nothing() {
    let world = world(1).await;
    let config = || config(&["a.com"], "a.com", NO_CACHE, READS);
    let (made, first) = create(&world, config()).await.unwrap();
    let client = world.cloudfront();
    let update = |e_tag: &str| {
        let config = config().enabled(false).build().unwrap();
        client.update_distribution().id(&made.id).distribution_config(config).if_match(e_tag).send()
    };
    let second = update(&first).await.unwrap().e_tag.unwrap();
    let mut told = Vec::new();
    for _ in 0..TRIES {
        match client.get_distribution_config().id(&made.id).send().await {
            Ok(found) => told.extend(found.e_tag),
            error => assert_eq!(refusal!(error).0, "NoSuchDistribution"),
        }
    }
    assert!(told.contains(&first) && told.contains(&second), "{told:?}");
    assert_eq!(refusal!(update(&first).await).0, "PreconditionFailed");
}

#[tokio::test]
async fn the_name_of_what_is_gone_may_be_held() {
    let mut held = Vec::new();
    for seed in 0..8 {
        let world = world(seed).await;
        let role = world.role().await;
        world.function(&role).await.unwrap();
        world.lambda().delete_function().function_name("giraffe").send().await.unwrap();
        let again = world.function(&role).await;
        held.push(again.is_err());
        if again.is_err() {
            let (code, message) = refusal!(again);
            assert_eq!((code.as_str(), message.contains("already exist")), ("ResourceConflictException", true));
            world.wait();
            world.function(&role).await.unwrap();
        }
    }
    assert!(held.contains(&true) && held.contains(&false), "{held:?}");
}
