//! Snapshots of the in-memory AWS.

use std::time::Duration;

use crate::world::World;

#[tokio::test]
async fn a_snapshot_restores_everything() {
    let world = World::slow().await;
    let role = world.role().await;
    let before = world.aws.snapshot().unwrap();
    let inventory = world.aws.inventory().await.unwrap();

    world.wait();
    world.function(&role).await.unwrap();
    world.logs().create_log_group().log_group_name("one").send().await.unwrap();
    world.iam().delete_role().role_name("giraffe").send().await.unwrap();
    let after = world.aws.snapshot().unwrap();

    world.aws.restore(&before).unwrap();
    assert_eq!(world.aws.inventory().await.unwrap(), inventory);
    // The clock was restored too: the role is new again.
    world.function(&role).await.unwrap_err();

    let other = World::slow().await;
    other.aws.restore(&after).unwrap();
    let found = other.logs().describe_log_groups().send().await.unwrap();
    assert_eq!(found.log_groups().len(), 1);
    other.lambda().get_function().function_name("giraffe").send().await.unwrap();
}

#[tokio::test]
async fn runs_after_a_restore_have_the_same_ids() {
    let world = World::immediate().await;
    let before = world.aws.snapshot().unwrap();
    let role = world.role().await;
    let first = world.api(&role).await;
    world.aws.restore(&before).unwrap();
    world.role().await;
    assert_eq!(world.api(&role).await, first);
}

#[tokio::test]
async fn a_snapshot_is_cheap() {
    let world = World::immediate().await;
    let role = world.role().await;
    world.api(&role).await;
    let started = std::time::Instant::now();
    for _ in 0..100 {
        let snapshot = world.aws.snapshot().unwrap();
        world.aws.restore(&snapshot).unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
