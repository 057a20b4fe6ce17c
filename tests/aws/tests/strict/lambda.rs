//! Lambda and the roles it assumes.

use aws_sdk_lambda::types::{LastUpdateStatus, State};

use crate::fixtures::package;
use crate::world::{World, error_of};

#[tokio::test]
async fn a_new_role_cannot_be_assumed_immediately() {
    let world = World::slow().await;
    let role = world.role().await;
    let (code, message) = error_of!(world.function(&role).await);
    assert_eq!(code, "InvalidParameterValueException");
    assert_eq!(message, "The role defined for the function cannot be assumed by Lambda.");
    world.wait();
    world.function(&role).await.unwrap();
}

#[tokio::test]
async fn a_missing_role_cannot_be_assumed() {
    let world = World::immediate().await;
    let role = format!("arn:aws:iam::{}:role/nobody", world.aws.account_id());
    assert_eq!(error_of!(world.function(&role).await).0, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_function_can_be_changed_once_it_is_active() {
    let world = World::slow().await;
    let role = world.role().await;
    world.wait();
    let created = world.function(&role).await.unwrap();
    assert_eq!((created.state, created.last_update_status), (Some(State::Pending), Some(LastUpdateStatus::InProgress)));
    let update = || world.lambda().update_function_code().function_name("giraffe").zip_file(package()).send();
    let publish = || world.lambda().publish_version().function_name("giraffe").send();
    assert_eq!(error_of!(update().await).0, "ResourceConflictException");
    assert_eq!(error_of!(publish().await).0, "ResourceConflictException");

    world.wait();
    let get = || world.lambda().get_function_configuration().function_name("giraffe").send();
    let found = get().await.unwrap();
    assert_eq!((found.state, found.last_update_status), (Some(State::Active), Some(LastUpdateStatus::Successful)));

    let updated = update().await.unwrap();
    assert_eq!((updated.state, updated.last_update_status), (Some(State::Active), Some(LastUpdateStatus::InProgress)));
    let (code, message) = error_of!(publish().await);
    assert_eq!(code, "ResourceConflictException");
    assert!(message.contains("An update is in progress"), "{message}");
    world.wait();
    let version = publish().await.unwrap();
    assert_eq!((version.version.as_deref(), version.state), (Some("1"), Some(State::Active)));
}
