//! Lambda@Edge: which functions CloudFront accepts, what it does with their results, and when Lambda deletes them.

use std::io::{Cursor, Write};

use aws_sdk_cloudfront::types::{EventType, LambdaFunctionAssociation, LambdaFunctionAssociations};
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, Environment, FunctionCode, Runtime};
use aws_sdk_route53::types::{ChangeAction, ResourceRecord, ResourceRecordSet, RrType};

use crate::cloudfront::{READS, config, create};
use crate::edge::{NO_CACHE, get, regions, seen};
use crate::world::{World, error_of};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","edgelambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;

/// Sends a request to the host of the CNAME record `next.a.com`.
const REDIRECTS: &str = "
    const { Resolver } = require('node:dns').promises;
    exports.handler = async (event) => {
      const { request } = event.Records[0].cf;
      const [host] = await new Resolver().resolveCname('next.a.com');
      request.origin.custom.domainName = host;
      request.headers.host = [{ key: 'Host', value: host }];
      return request;
    };";

fn zip(code: &str) -> FunctionCode {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("index.js", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(code.as_bytes()).unwrap();
    FunctionCode::builder().zip_file(Blob::new(zip.finish().unwrap().into_inner())).build()
}

async fn edge_role(world: &World) -> String {
    let created = world.iam().create_role().role_name("edge").assume_role_policy_document(TRUST).send().await;
    created.unwrap().role.unwrap().arn
}

/// A function that may run at the edge.
fn function(world: &World, name: &str, role: &str, code: &str) -> CreateFunctionFluentBuilder {
    let function = world.lambda().create_function().function_name(name).role(role).code(zip(code)).publish(true);
    function.runtime(Runtime::from("nodejs24.x")).handler("index.handler").timeout(5)
}

fn version(world: &World, name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:{}:function:{name}:1", world.aws.account_id())
}

/// Functions at origin requests.
fn at_origin_requests(arns: &[&str]) -> LambdaFunctionAssociations {
    let items = arns.iter().map(|arn| {
        let item = LambdaFunctionAssociation::builder().lambda_function_arn(*arn).event_type(EventType::OriginRequest);
        item.build().unwrap()
    });
    let all = LambdaFunctionAssociations::builder().quantity(arns.len() as i32).set_items(Some(items.collect()));
    all.build().unwrap()
}

/// Creates a distribution in front of `host` with functions; returns its id, its host and its ETag.
async fn distribution(world: &World, host: &str, arns: &[&str]) -> Result<(String, String, String), (String, String)> {
    let config = config(&[host], host, NO_CACHE, READS).caller_reference(arns.join(","));
    let mut behavior = config.get_default_cache_behavior().clone().unwrap();
    behavior.lambda_function_associations = Some(at_origin_requests(arns));
    match create(world, config.default_cache_behavior(behavior)).await {
        Ok((created, tag)) => Ok((created.id, created.domain_name, tag)),
        Err(error) => Err(error_of!(Err::<(), _>(error))),
    }
}

#[tokio::test]
async fn functions_outside_the_rules_are_rejected() {
    let world = World::immediate().await;
    let (role, regional_role) = (edge_role(&world).await, world.role().await);
    let variables = Environment::builder().variables("A", "b").build();
    let create = |name: &str| function(&world, name, &role, REDIRECTS);
    for (function, reason) in [
        (create("variables").environment(variables), "environment variables"),
        (create("arm").architectures(Architecture::Arm64), "x86_64"),
        (create("slow").timeout(31), "timeout is larger"),
        (create("trust").role(&regional_role), "edgelambda.amazonaws.com"),
        (create("java").runtime(Runtime::Java21), "unsupported runtime"),
    ] {
        let created = function.send().await.unwrap();
        let arn = version(&world, created.function_name.as_deref().unwrap());
        let (code, message) = distribution(&world, "a.com", &[&arn]).await.unwrap_err();
        assert_eq!(code, "InvalidLambdaFunctionAssociation", "{reason}");
        assert!(message.contains(reason), "{message}");
    }
    create("good").send().await.unwrap();
    let good = version(&world, "good");
    let latest = good.trim_end_matches('1').to_owned() + "$LATEST";
    let west = good.replace("us-east-1", "us-west-2");
    let unpublished = good.trim_end_matches('1').to_owned() + "2";
    for (arns, reason) in [
        (vec![latest.as_str()], "specific function version"),
        (vec![good.trim_end_matches(":1")], "specific function version"),
        (vec![west.as_str()], "us-east-1"),
        (vec![unpublished.as_str()], "does not exist"),
        (vec![good.as_str(), good.as_str()], "more than one function"),
    ] {
        let (code, message) = distribution(&world, "a.com", &arns).await.unwrap_err();
        assert_eq!(code, "InvalidLambdaFunctionAssociation", "{reason}");
        assert!(message.contains(reason), "{message}");
    }
    distribution(&world, "a.com", &[&good]).await.unwrap();
}

#[tokio::test]
async fn a_function_changes_the_origin_of_each_request() {
    let mut world = World::immediate().await;
    let hosts = regions(&mut world).await;
    let zone = world.zone().await;
    let role = edge_role(&world).await;
    let lead = async |host: &str| {
        let value = ResourceRecord::builder().value(host).build().unwrap();
        let set = ResourceRecordSet::builder().name("next.a.com").r#type(RrType::Cname).ttl(30).resource_records(value);
        world.change(&zone, ChangeAction::Upsert, vec![set.build().unwrap()]).await.unwrap();
    };
    lead(&hosts[1]).await;
    function(&world, "redirects", &role, REDIRECTS).send().await.unwrap();
    let (_, host, _) = distribution(&world, &hosts[0], &[&version(&world, "redirects")]).await.unwrap();
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(200, "Miss", "us-west-2"));
    lead(&hosts[0]).await;
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(200, "Miss", "us-east-1"));

    for (name, body, status) in [
        ("throws", "throw new Error('broken')", 503),
        ("endless", "for (;;) {}", 503),
        ("method", "event.Records[0].cf.request.method = 'PUT'; return event.Records[0].cf.request", 502),
        ("nothing", "return {}", 502),
        ("answers", "return { status: '418' }", 418),
    ] {
        let code = format!("exports.handler = async (event) => {{ {body} }};");
        function(&world, name, &role, &code).timeout(1).send().await.unwrap();
        let (_, host, _) = distribution(&world, &hosts[0], &[&version(&world, name)]).await.unwrap();
        assert_eq!(get(&world, &host, "/a", &[]).await.0, status, "{name}");
    }
}

#[tokio::test]
async fn a_function_is_deleted_some_time_after_its_last_association() {
    let world = World::slow().await;
    let role = edge_role(&world).await;
    world.wait();
    let arn = version(&world, "edge");
    function(&world, "edge", &role, REDIRECTS).send().await.unwrap();
    let (code, message) = distribution(&world, "a.com", &[&arn]).await.unwrap_err();
    assert_eq!(code, "InvalidLambdaFunctionAssociation");
    assert!(message.contains("Pending"), "{message}");
    world.wait();
    let (id, _, tag) = distribution(&world, "a.com", &[&arn]).await.unwrap();
    world.wait();

    let delete = async || world.lambda().delete_function().function_name("edge").send().await;
    let is_replicated = |(code, message): (String, String)| {
        assert_eq!(code, "InvalidParameterValueException");
        assert!(message.contains("because it is a replicated function"), "{message}");
    };
    is_replicated(error_of!(delete().await));
    let found = world.cloudfront().get_distribution_config().id(&id).send().await.unwrap();
    let mut config = found.distribution_config.unwrap();
    config.default_cache_behavior.as_mut().unwrap().lambda_function_associations = Some(at_origin_requests(&[]));
    let update = world.cloudfront().update_distribution().id(&id).if_match(tag).distribution_config(config);
    update.send().await.unwrap();
    is_replicated(error_of!(delete().await));
    world.wait();
    delete().await.unwrap();
}
