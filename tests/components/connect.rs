//! How the provider connects to AWS: from its arguments to an account.

use std::sync::Arc;

use multiregion::aws::{AssumeRole, Aws, Config, ConnectError, StaticCredentials, SystemClock, chain};
use multiregion::lifecycle;
use strict_aws::{Effect, Fault, LocalAws, Options};

use super::probe::serve;

async fn local() -> (LocalAws, Config) {
    let local = LocalAws::start(Options::default()).await.unwrap();
    let config = Config {
        credentials: Some(StaticCredentials {
            access_key: local.account_id().to_owned(),
            secret_key: "test".to_owned(),
            token: None,
        }),
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(local.endpoint()),
        ..Config::default()
    };
    (local, config)
}

async fn connect(config: &Config) -> Result<Aws, ConnectError> {
    lifecycle::connect(config.clone(), Arc::new(SystemClock)).await
}

#[tokio::test]
async fn the_account_is_that_of_the_assumed_role() {
    let (local, mut config) = local().await;
    let aws = connect(&config).await.unwrap();
    assert_eq!((aws.account_id(), aws.partition(), aws.home_region()), (local.account_id(), "aws", "eu-west-1"));

    config.assume_role = Some(AssumeRole {
        role_arn: "arn:aws:iam::210987654321:role/deployer".to_owned(),
        session_name: None,
        external_id: Some("zoo".to_owned()),
        duration_seconds: Some(900),
    });
    assert_eq!(connect(&config).await.unwrap().account_id(), "210987654321");
    config.forbidden_account_ids = vec!["210987654321".to_owned()];
    assert!(matches!(connect(&config).await, Err(ConnectError::WrongAccount { forbidden: true, .. })));
}

#[tokio::test]
async fn an_endpoint_that_is_not_aws_is_named_in_the_error() {
    let (_local, mut config) = local().await;
    let (endpoint, _) = serve(&[(200, "<html>welcome</html>")]).await;
    config.endpoints.insert("sts".to_owned(), endpoint.clone());
    let error = connect(&config).await.err().unwrap();
    assert_eq!(error.to_string(), format!("could not reach AWS at {endpoint}"));
    assert!(chain(&error).contains("HTTP 200"), "{}", chain(&error));
}

#[tokio::test]
async fn another_region_names_the_account_if_the_home_region_does_not_respond() {
    let (local, config) = local().await;
    for effect in [Effect::Refused, Effect::Hangs, Effect::ServerError] {
        local.clear_calls();
        local.inject(Fault::new(effect).operation("sts:GetCallerIdentity").region("eu-west-1"));
        let aws = connect(&config).await.unwrap();
        assert_eq!((aws.account_id(), aws.home_region()), (local.account_id(), "eu-west-1"));
        assert!(local.calls().iter().any(|call| call.region == "us-east-1"), "{:#?}", local.calls());
        local.clear_faults();
    }
    local.inject(Fault::new(Effect::Refused).operation("sts:GetCallerIdentity"));
    let error = connect(&config).await.err().unwrap();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn the_enabled_regions_are_listed_once() {
    let (local, config) = local().await;
    let aws = connect(&config).await.unwrap();
    let regions = aws.enabled_regions().await;
    assert!(regions.is_none_or(|regions| regions.contains(&"us-east-1".to_owned())));
    aws.enabled_regions().await;
    assert_eq!(local.calls().iter().filter(|call| call.operation == "ListRegions").count(), 1);
}
