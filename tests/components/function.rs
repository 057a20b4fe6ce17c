//! The function and what hangs on it.

use std::path::Path;

use multiregion::aws::CallError;
use multiregion::components::{Found, Holder, REGISTRY};
use multiregion::desired::{PackageSource, Packages};
use multiregion::package::{self, DiskPackages};
use serde_json::{Value as Json, json};

use super::{Bench, OWNER, REGION, claim, tags, with};

fn at(kind: &str) -> String {
    format!("{REGION}/{kind}")
}

#[tokio::test]
async fn a_claim_is_created_completed_and_deleted() {
    let bench = Bench::start().await;
    let claim = claim(&[REGION, "us-west-2"]);
    let outputs = bench.make("global/claim", &claim).await;
    let (aws, component) = bench.at("global/claim");
    assert_eq!(component.find(&aws, &claim).await.unwrap(), Some(Found::Ours(outputs.clone())));
    // Another owner id is another resource, also when it planned before the claim was created.
    let rival = bench.rival("global/claim");
    assert!(matches!(component.create(&rival, &claim).await, Err(CallError::Foreign { .. })));
    let is_foreign = |found: Option<Found<Json>>, says: &str| match found {
        Some(Found::Foreign(whose)) => whose.contains(says),
        _ => false,
    };
    assert!(is_foreign(component.find(&rival, &claim).await.unwrap(), "owner id us-east-1/0000000000000007"));
    assert!(matches!(component.holder(&rival, &claim, &outputs).await.unwrap(), Holder::Stranger(_)));
    assert_eq!(component.holder(&aws, &claim, &outputs).await.unwrap(), Holder::Ours);

    // A region that is left stays in the claim until the completion marker removes it: until then there may be something in it.
    let moved = with(&claim, json!({ "regions": [REGION, "eu-west-1"], "tags": tags("global/claim", "farm") }));
    let all = with(&moved, json!({ "regions": [REGION, "eu-west-1", "us-west-2"] }));
    component.update(&aws, &outputs, &claim, &moved).await.unwrap();
    bench.expect("global/claim", &all, &outputs).await;

    let marker = json!({ "claim_arn": outputs["arn"], "regions": [REGION, "eu-west-1"] });
    let marked = bench.make("global/completion_marker", &marker).await;
    bench.expect("global/claim", &moved, &outputs).await;
    assert!(is_foreign(component.find(&rival, &moved).await.unwrap(), "import"), "a finished one is somebody's");

    bench.unmake("global/completion_marker", &marker, &marked).await;
    assert!(is_foreign(component.find(&rival, &moved).await.unwrap(), "import"), "so is one that is being deleted");
    bench.unmake("global/claim", &moved, &outputs).await;
}

#[tokio::test]
async fn a_claim_stays_in_its_region_when_the_home_region_moves() {
    let bench = Bench::start().await;
    let claim = claim(&[REGION]);
    let made = bench.make("global/claim", &claim).await;
    let marker = json!({ "claim_arn": made["arn"], "regions": [REGION] });
    let marked = bench.make("global/completion_marker", &marker).await;

    let ((aws, of_claim), (_, of_marker)) = (bench.at("global/claim"), bench.at("global/completion_marker"));
    let moved = aws.at("us-west-2");
    let seen = of_claim.read(&moved, &claim, &made).await.unwrap();
    assert_eq!(seen, Some((claim.clone(), made.clone())));
    assert!(of_marker.read(&moved, &marker, &marked).await.unwrap().is_some());
    let wider = with(&claim, json!({ "regions": [REGION, "us-west-2"] }));
    of_claim.update(&moved, &made, &claim, &wider).await.unwrap();
    bench.expect("global/claim", &wider, &made).await;
    of_marker.update(&moved, &marked, &marker, &marker).await.unwrap();
    of_marker.delete(&moved, &marker, &marked).await.unwrap();
    assert!(of_marker.find(&aws, &marker).await.unwrap().is_none());
    of_claim.delete(&moved, &wider, &made).await.unwrap();
    assert!(of_claim.find(&aws, &wider).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_no_foreign_claim() {
    let bench = Bench::start().await;
    let claim = claim(&[]);
    let fault = strict_aws::Fault::new(strict_aws::Effect::ReplyLost).operation("logs:CreateLogGroup").nth(1);
    bench.local.inject(fault);
    bench.make("global/claim", &claim).await;
    let creates = bench.local.calls().iter().filter(|call| call.name() == "logs:CreateLogGroup").count();
    assert_eq!(creates, 2);
}

#[tokio::test]
async fn a_role_follows_its_spec() {
    let bench = Bench::start().await;
    let policy = |action: &str| {
        let statement = json!({ "Effect": "Allow", "Action": [action], "Resource": "*" });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let first = json!({
        "name": OWNER, "services": ["lambda.amazonaws.com"],
        "policies": { "logs": policy("logs:PutLogEvents"), "own": policy("s3:GetObject") },
        "tags": tags("global/role", "zoo"),
    });
    let second = with(
        &first,
        json!({
            "services": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"],
            "policies": { "logs": policy("logs:*"), "more": policy("s3:ListBucket") },
            "tags": tags("global/role", "farm"),
        }),
    );
    let outputs = bench.make("global/role", &first).await;
    bench.make_again("global/role", &first, &outputs).await;
    bench.change("global/role", &outputs, &first, &second).await;
    // From a spec to the same spec: what differs is what AWS has.
    let (aws, component) = bench.at("global/role");
    component.update(&aws, &outputs, &first, &first).await.unwrap();
    bench.expect("global/role", &first, &outputs).await;
    let foreign = bench.at("global/claim").0;
    assert!(matches!(component.find(&foreign, &first).await.unwrap(), Some(Found::Foreign(_))));
    bench.unmake("global/role", &first, &outputs).await;
}

#[tokio::test]
async fn log_groups_follow_their_spec() {
    let bench = Bench::start().await;
    for address in [at("log_group"), at("log_group/access")] {
        let name = format!("/aws/lambda/{OWNER}-{}", address.len());
        let first = json!({ "name": name, "retention_days": 14, "tags": tags(&address, "zoo") });
        let second = with(&first, json!({ "retention_days": 0, "tags": tags(&address, "farm") }));
        let outputs = bench.make(&address, &first).await;
        bench.make_again(&address, &first, &outputs).await;
        bench.change(&address, &outputs, &first, &second).await;
        bench.change(&address, &outputs, &second, &first).await;
        bench.unmake(&address, &first, &outputs).await;
    }
}

fn source(folder: &Path, answer: &str) -> PackageSource {
    let code = format!("def handler(event, context):\n    return {{'statusCode': 200, 'body': '{answer}'}}\n");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("app.py"), code).unwrap();
    PackageSource::Directory { path: folder.to_str().unwrap().to_owned(), exclude: Vec::new() }
}

fn package(source: &PackageSource) -> (Json, Json) {
    let sha256 = DiskPackages.describe(source).unwrap().sha256;
    assert!(package::open(source, &sha256).is_ok());
    (json!({ "package": { "sha256": sha256 } }), serde_json::to_value(source).unwrap())
}

async fn role(bench: &Bench) -> Json {
    let spec = json!({
        "name": OWNER, "services": ["lambda.amazonaws.com"], "policies": {}, "tags": tags("global/role", "zoo"),
    });
    bench.make("global/role", &spec).await["arn"].clone()
}

fn function(role_arn: &Json, (code, source): (Json, Json)) -> Json {
    json!({
        "name": OWNER, "role_arn": role_arn, "code": code, "source": source,
        "handler": "app.handler", "runtime": "python3.12", "architecture": "x86_64",
        "memory_mb": 128, "timeout_seconds": 10, "ephemeral_storage_mb": 512,
        "environment": { "GREETING": "hello" }, "layers": [], "tracing": false,
        "reserved_concurrency": null, "vpc": null, "log_group": format!("/aws/lambda/{OWNER}"),
        "tags": tags(&at("function"), "zoo"),
    })
}

#[tokio::test]
async fn a_function_follows_its_spec() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let role = role(&bench).await;
    let first = function(&role, package(&source(&folder.path().join("one"), "one")));
    let address = at("function");
    let outputs = bench.make(&address, &first).await;
    bench.make_again(&address, &first, &outputs).await;

    let (code, from) = package(&source(&folder.path().join("two"), "two"));
    let second = with(
        &first,
        json!({
            "code": code, "source": from, "architecture": "arm64", "memory_mb": 256, "timeout_seconds": 20,
            "ephemeral_storage_mb": 1024, "environment": {}, "tracing": true, "reserved_concurrency": 5,
            "log_group": "/aws/lambda/other", "tags": tags(&address, "farm"),
            "vpc": { "subnet_ids": ["subnet-2", "subnet-1"], "security_group_ids": ["sg-1"] },
        }),
    );
    bench.change(&address, &outputs, &first, &second).await;
    bench.local.clear_calls();
    let only_memory = with(&second, json!({ "memory_mb": 512 }));
    bench.change(&address, &outputs, &second, &only_memory).await;
    let writes: Vec<String> = bench.local.calls().iter().filter(|call| call.writes()).map(|call| call.name()).collect();
    assert_eq!(writes, ["lambda:UpdateFunctionConfiguration"]);
    bench.change(&address, &outputs, &only_memory, &first).await;
    bench.unmake(&address, &first, &outputs).await;

    // Concurrency is set aside for a function that is ready.
    let reserved = with(&first, json!({ "reserved_concurrency": 5 }));
    bench.local.clear_calls();
    let outputs = bench.make(&address, &reserved).await;
    let calls: Vec<String> = bench.local.calls().iter().map(|call| call.name()).collect();
    let position = |name: &str| calls.iter().position(|call| call == name).unwrap();
    let between = &calls[position("lambda:CreateFunction") + 1..position("lambda:PutFunctionConcurrency")];
    assert!(between.iter().any(|call| call == "lambda:GetFunction"), "{calls:?}");
    bench.unmake(&address, &reserved, &outputs).await;
}

#[tokio::test]
async fn what_hangs_on_a_function_follows_its_spec() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = function(&role(&bench).await, package(&source(&folder.path().join("one"), "one")));
    let made = bench.make(&at("function"), &first).await;

    let version = |fingerprint: &str| json!({ "function": OWNER, "fingerprint": fingerprint });
    let one = bench.make(&at("version"), &version("first")).await;
    bench.make_again(&at("version"), &version("first"), &one).await;
    // Lambda gives back the version that it has of the same code, with the fingerprint of then.
    bench.expect(&at("version"), &version("same code, another day"), &one).await;
    let (aws, component) = bench.at(&at("version"));
    let imported = component.read(&aws, &version(""), &one).await.unwrap();
    assert_eq!(imported, Some((version("first"), one.clone())));
    let (code, from) = package(&source(&folder.path().join("two"), "two"));
    let second = with(&first, json!({ "code": code, "source": from }));
    bench.change(&at("function"), &made, &first, &second).await;
    let two = bench.make(&at("version"), &version("second")).await;
    assert_ne!(one, two);

    let alias = |version: &Json| json!({ "function": OWNER, "name": "live", "version": version["number"] });
    let live = bench.make(&at("alias"), &alias(&one)).await;
    bench.make_again(&at("alias"), &alias(&one), &live).await;
    bench.change(&at("alias"), &live, &alias(&one), &alias(&two)).await;
    bench.unmake(&at("version"), &version("first"), &one).await;

    let permission = |api: &str| json!({ "function": OWNER, "alias": "live", "statement_id": format!("multiregion-{OWNER}"), "api_id": api });
    let allowed = bench.make(&at("permission"), &permission("abc")).await;
    bench.make_again(&at("permission"), &permission("abc"), &allowed).await;
    // The successor comes first, and the predecessor's end is not its own.
    let successor = bench.make(&at("permission"), &permission("def")).await;
    let (aws, component) = bench.at(&at("permission"));
    component.delete(&aws, &permission("abc"), &allowed).await.unwrap();
    bench.expect(&at("permission"), &permission("def"), &successor).await;

    let warm = |instances: i64| json!({ "function": OWNER, "alias": "live", "instances": instances });
    let provisioned = bench.make(&at("provisioned_concurrency"), &warm(1)).await;
    bench.change(&at("provisioned_concurrency"), &provisioned, &warm(1), &warm(2)).await;
    bench.unmake(&at("provisioned_concurrency"), &warm(2), &provisioned).await;
    bench.unmake(&at("permission"), &permission("def"), &successor).await;
    bench.unmake(&at("alias"), &alias(&two), &live).await;
    bench.unmake(&at("version"), &version("second"), &two).await;
    bench.unmake(&at("function"), &second, &made).await;
}

#[tokio::test]
async fn everything_is_discovered_as_it_is() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let claim = claim(&[REGION]);
    let claimed = bench.make("global/claim", &claim).await;
    let spec = function(&role(&bench).await, package(&source(folder.path(), "one")));
    let group =
        json!({ "name": format!("/aws/lambda/{OWNER}"), "retention_days": 7, "tags": tags(&at("log_group"), "zoo") });
    let access = format!("/aws/vendedlogs/multiregion/{OWNER}/access");
    let access = json!({ "name": access, "retention_days": 7, "tags": tags(&at("log_group/access"), "zoo") });
    bench.make(&at("log_group"), &group).await;
    bench.make(&at("log_group/access"), &access).await;
    bench.make(&at("function"), &spec).await;
    let version = json!({ "function": OWNER, "fingerprint": "first" });
    let number = bench.make(&at("version"), &version).await["number"].clone();
    let alias = json!({ "function": OWNER, "name": "live", "version": number });
    bench.make(&at("alias"), &alias).await;
    let statement = format!("multiregion-{OWNER}");
    let permission = json!({ "function": OWNER, "alias": "live", "statement_id": statement, "api_id": "abc" });
    bench.make(&at("permission"), &permission).await;
    let warm = json!({ "function": OWNER, "alias": "live", "instances": 1 });
    bench.make(&at("provisioned_concurrency"), &warm).await;
    let marker = json!({ "claim_arn": claimed["arn"], "regions": [REGION] });
    bench.make("global/completion_marker", &marker).await;

    let kinds: Vec<&str> = REGISTRY.iter().map(|component| component.meta().name).collect();
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    let expected = [
        (at("alias"), alias),
        (at("function"), with(&spec, json!({ "source": null }))),
        (at("log_group"), group),
        (at("log_group/access"), access),
        (at("permission"), permission),
        (at("provisioned_concurrency"), warm),
        (at("version"), version),
        ("global/claim".to_owned(), claim),
        ("global/completion_marker".to_owned(), marker),
    ];
    for (address, spec) in &expected {
        let entry = ledger.entries.get(&address.parse().unwrap()).unwrap_or_else(|| panic!("{address} is not found"));
        assert_eq!(&entry.spec, spec, "{address}");
    }
    // These and the role.
    assert_eq!(ledger.entries.len(), expected.len() + 1);
}
