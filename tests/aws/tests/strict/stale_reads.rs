//! Reads that are stale for a while after a write.

use aws_sdk_route53::types::ChangeAction;
use strict_aws::{EventualConsistency, Options};

use crate::cloudfront::{READS, config, create};
use crate::fixtures::alias;
use crate::world::{LONG, World, error_of};

const NO_CACHE: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const TRIES: usize = 40;

async fn world(seed: u64) -> World {
    let consistency = Some(EventualConsistency { seed, window: LONG });
    World::start(Options { consistency, ..Options::immediate() }).await
}

/// Whether each of many reads in a row returns the role.
async fn sightings(world: &World) -> Vec<bool> {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        seen.push(world.iam().get_role().role_name("giraffe").send().await.is_ok());
    }
    seen
}

#[tokio::test]
async fn reads_lag_behind_until_the_window_ends() {
    let world = world(1).await;
    let role = world.role().await;
    let seen = sightings(&world).await;
    assert!(seen.contains(&true) && seen.contains(&false), "{seen:?}");
    // A read that returns the role may be followed by one that does not.
    assert!(seen.iter().skip_while(|seen| !**seen).any(|seen| !seen), "{seen:?}");
    let mut listed = Vec::new();
    for _ in 0..TRIES {
        listed.push(world.iam().list_roles().send().await.unwrap().roles.len());
    }
    assert!(listed.contains(&0) && listed.contains(&1), "{listed:?}");

    assert_eq!(world.aws.inventory().await.unwrap().keys(), ["global/iam/role/giraffe"]);
    for _ in 0..TRIES {
        let again = world.iam().create_role().role_name("giraffe").assume_role_policy_document("{\"Statement\":[]}");
        assert_eq!(error_of!(again.send().await).0, "EntityAlreadyExists");
    }
    world.function(&role).await.unwrap();

    world.wait();
    assert_eq!(sightings(&world).await, [true; TRIES]);
    world.lambda().delete_function().function_name("giraffe").send().await.unwrap();
    world.iam().delete_role().role_name("giraffe").send().await.unwrap();
    assert!(sightings(&world).await.contains(&true), "reads may still return a deleted role");
    world.aws.set_consistency(None);
    assert_eq!(sightings(&world).await, [false; TRIES]);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_results() {
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
async fn writes_in_one_region_do_not_affect_reads_in_another() {
    let mut world = world(1).await;
    let role = world.role().await;
    world.function(&role).await.unwrap();
    world.wait();
    world.set_region("us-west-2");
    world.function(&role).await.unwrap();
    world.set_region("us-east-1");
    for _ in 0..TRIES {
        world.lambda().get_function().function_name("giraffe").send().await.unwrap();
    }
}

#[tokio::test]
async fn reads_of_records_are_current() {
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
        assert_eq!(error_of!(again).0, "InvalidChangeBatch");
    }
}

#[tokio::test]
async fn an_update_with_an_old_etag_is_rejected() {
    let world = world(1).await;
    let config = || config(&["a.com"], "a.com", NO_CACHE, READS);
    let (created, first) = create(&world, config()).await.unwrap();
    let client = world.cloudfront();
    let update = |e_tag: &str| {
        let config = config().enabled(false).build().unwrap();
        client.update_distribution().id(&created.id).distribution_config(config).if_match(e_tag).send()
    };
    let second = update(&first).await.unwrap().e_tag.unwrap();
    let mut reported = Vec::new();
    for _ in 0..TRIES {
        match client.get_distribution_config().id(&created.id).send().await {
            Ok(found) => reported.extend(found.e_tag),
            error => assert_eq!(error_of!(error).0, "NoSuchDistribution"),
        }
    }
    assert!(reported.contains(&first) && reported.contains(&second), "{reported:?}");
    assert_eq!(error_of!(update(&first).await).0, "PreconditionFailed");
}

#[tokio::test]
async fn the_name_of_a_deleted_function_may_be_reserved() {
    let mut reserved = Vec::new();
    for seed in 0..8 {
        let world = world(seed).await;
        let role = world.role().await;
        world.function(&role).await.unwrap();
        world.lambda().delete_function().function_name("giraffe").send().await.unwrap();
        let again = world.function(&role).await;
        reserved.push(again.is_err());
        if again.is_err() {
            let (code, message) = error_of!(again);
            assert_eq!((code.as_str(), message.contains("already exist")), ("ResourceConflictException", true));
            world.wait();
            world.function(&role).await.unwrap();
        }
    }
    assert!(reserved.contains(&true) && reserved.contains(&false), "{reserved:?}");
}
