//! Start, forward, log, latency, faults, stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_route53::types::{HealthCheckConfig, HealthCheckType};
use strict_aws::{Effect, Fault};

use crate::world::{World, error_of};

#[tokio::test]
async fn health_checks_are_readable_by_the_sdk() {
    let world = World::immediate().await;
    let config = HealthCheckConfig::builder()
        .r#type(HealthCheckType::Https)
        .fully_qualified_domain_name("a.execute-api.us-east-1.amazonaws.com")
        .resource_path("/health")
        .port(443)
        .enable_sni(true)
        .measure_latency(false)
        .build()
        .unwrap();
    let created =
        world.route53().create_health_check().caller_reference("one").health_check_config(config).send().await;
    let config = created.unwrap().health_check.unwrap().health_check_config.unwrap();
    assert_eq!((config.enable_sni, config.measure_latency, config.regions), (Some(true), Some(false), None));
    assert_eq!(world.route53().list_health_checks().send().await.unwrap().health_checks.len(), 1);
}

#[tokio::test]
async fn calls_are_logged() {
    let mut world = World::immediate().await;
    world.set_region("eu-central-1");
    world.lambda().get_function().function_name("giraffe").send().await.unwrap_err();
    let calls = world.aws.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(call.name(), "lambda:GetFunction");
    assert_eq!((call.region.as_str(), call.account.as_str()), ("eu-central-1", world.aws.account_id()));
    assert_eq!((call.subject.as_str(), call.status), ("giraffe", 404));
    assert_eq!(call.error.as_deref(), Some("ResourceNotFoundException"));
    world.aws.clear_calls();
    assert!(world.aws.calls().is_empty());
}

#[tokio::test]
async fn latency_is_added_to_each_call() {
    let world = World::immediate().await;
    world.iam().list_roles().send().await.unwrap();
    world.aws.set_latency(Duration::from_millis(200));
    let before = Instant::now();
    world.iam().list_roles().send().await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_call_with_a_lost_reply_has_taken_effect() {
    let world = World::immediate().await;
    world.aws.inject(Fault::new(Effect::ReplyLost).operation("logs:CreateLogGroup").nth(1));
    let error = world.logs().create_log_group().log_group_name("one").send().await.unwrap_err();
    assert!(error.as_service_error().is_none(), "{error:?}");
    assert_eq!(world.logs().describe_log_groups().send().await.unwrap().log_groups().len(), 1);
}

#[tokio::test]
async fn throttled_and_rejected_calls_have_no_effect() {
    let world = World::immediate().await;
    let make = || world.logs().create_log_group().log_group_name("one").send();
    world.aws.inject(Fault::new(Effect::Throttled).nth(1));
    assert_eq!(error_of!(make().await).0, "ThrottlingException");
    world.aws.inject(Fault::new(Effect::AccessDenied).nth(1));
    assert_eq!(error_of!(make().await).0, "AccessDeniedException");
    world.aws.inject(Fault::new(Effect::ServerError).nth(1));
    assert_eq!(error_of!(make().await).0, "InternalFailure");
    make().await.unwrap();
}

#[tokio::test]
async fn a_hook_runs_after_the_call() {
    let world = World::immediate().await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let hook = Effect::Hook(Arc::new(move |call| sender.send((call.name(), call.status)).unwrap()));
    world.aws.inject(Fault::new(hook).operation("logs:CreateLogGroup"));
    world.logs().create_log_group().log_group_name("one").send().await.unwrap();
    assert_eq!(receiver.try_recv().unwrap(), ("logs:CreateLogGroup".to_owned(), 200));
}

#[tokio::test]
async fn a_hanging_call_has_no_effect() {
    let world = World::immediate().await;
    world.aws.inject(Fault::new(Effect::Hangs).nth(1));
    let logs = world.logs();
    let hung = logs.create_log_group().log_group_name("one").send();
    tokio::time::timeout(Duration::from_millis(300), hung).await.unwrap_err();
    assert!(logs.describe_log_groups().send().await.unwrap().log_groups().is_empty());
    assert_eq!(world.aws.calls()[0].status, 0);
}

#[tokio::test]
async fn the_local_aws_stops_when_it_is_dropped() {
    let world = World::immediate().await;
    let address = world.aws.endpoint();
    let port = address.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    drop(world);
    let ended = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap();
}
