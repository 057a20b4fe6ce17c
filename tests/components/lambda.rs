//! Lambda functions and their versions, aliases, permissions and provisioned concurrency.

use std::path::Path;

use multiregion::desired::{Links, PackageSource, Packages};
use multiregion::package::{self, DiskPackages};
use serde_json::{Value as Json, json};

use super::{Bench, OWNER, at, tags, with};

/// Writes an application that returns `answer` to `folder`.
pub(super) fn source(folder: &Path, answer: &str) -> PackageSource {
    let code = format!("def handler(event, context):\n    return {{'statusCode': 200, 'body': '{answer}'}}\n");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("app.py"), code).unwrap();
    PackageSource::Directory { path: folder.to_str().unwrap().to_owned(), exclude: Vec::new(), links: Links::default() }
}

/// The fields `code` and `source` of a function's spec.
pub(super) fn package(source: &PackageSource) -> (Json, Json) {
    let sha256 = DiskPackages.describe(source).unwrap().sha256;
    assert!(package::open(source, &sha256).is_ok());
    (json!({ "package": { "sha256": sha256 } }), serde_json::to_value(source).unwrap())
}

/// Creates a role and returns its ARN.
pub(super) async fn role(bench: &Bench) -> Json {
    let spec = json!({
        "name": OWNER, "services": ["lambda.amazonaws.com"], "policies": {}, "tags": tags("global/role", "zoo"),
    });
    bench.create("global/role", &spec).await["arn"].clone()
}

/// The spec of a function.
pub(super) fn function(role_arn: &Json, (code, source): (Json, Json)) -> Json {
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
async fn a_function_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let role = role(&bench).await;
    let first = function(&role, package(&source(&folder.path().join("one"), "one")));
    let address = at("function");
    let outputs = bench.create(&address, &first).await;
    bench.create_again(&address, &first, &outputs).await;

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
    bench.update(&address, &outputs, &first, &second).await;
    bench.local.clear_calls();
    let only_memory = with(&second, json!({ "memory_mb": 512 }));
    bench.update(&address, &outputs, &second, &only_memory).await;
    let writes: Vec<String> = bench.local.calls().iter().filter(|call| call.writes()).map(|call| call.name()).collect();
    assert_eq!(writes, ["lambda:UpdateFunctionConfiguration"]);
    bench.update(&address, &outputs, &only_memory, &first).await;
    bench.delete(&address, &first, &outputs).await;

    // Concurrency is reserved only once the function is active.
    let reserved = with(&first, json!({ "reserved_concurrency": 5 }));
    bench.local.clear_calls();
    let outputs = bench.create(&address, &reserved).await;
    let calls: Vec<String> = bench.local.calls().iter().map(|call| call.name()).collect();
    let position = |name: &str| calls.iter().position(|call| call == name).unwrap();
    let between = &calls[position("lambda:CreateFunction") + 1..position("lambda:PutFunctionConcurrency")];
    assert!(between.iter().any(|call| call == "lambda:GetFunction"), "{calls:?}");
    bench.delete(&address, &reserved, &outputs).await;
}

#[tokio::test]
async fn the_parts_of_a_function_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = function(&role(&bench).await, package(&source(&folder.path().join("one"), "one")));
    let created = bench.create(&at("function"), &first).await;

    let version = |fingerprint: &str| json!({ "function": OWNER, "fingerprint": fingerprint });
    let one = bench.create(&at("version"), &version("first")).await;
    bench.create_again(&at("version"), &version("first"), &one).await;
    // For unchanged code, Lambda returns the existing version, which has the fingerprint of its creation.
    bench.expect(&at("version"), &version("same code, another day"), &one).await;
    let (aws, component) = bench.at(&at("version"));
    let imported = component.read(&aws, &version(""), &one).await.unwrap();
    assert_eq!(imported, Some((version("first"), one.clone())));
    let (code, from) = package(&source(&folder.path().join("two"), "two"));
    let second = with(&first, json!({ "code": code, "source": from }));
    bench.update(&at("function"), &created, &first, &second).await;
    let two = bench.create(&at("version"), &version("second")).await;
    assert_ne!(one, two);

    let alias = |version: &Json| json!({ "function": OWNER, "name": "live", "version": version["number"] });
    let live = bench.create(&at("alias"), &alias(&one)).await;
    bench.create_again(&at("alias"), &alias(&one), &live).await;
    bench.update(&at("alias"), &live, &alias(&one), &alias(&two)).await;
    bench.delete(&at("version"), &version("first"), &one).await;

    let statement = format!("multiregion-{OWNER}");
    let permission =
        |api: &str| json!({ "function": OWNER, "alias": "live", "statement_id": statement, "api_id": api });
    let allowed = bench.create(&at("permission"), &permission("abc")).await;
    bench.create_again(&at("permission"), &permission("abc"), &allowed).await;
    // A replacement is created first; deleting its predecessor must not delete it.
    let successor = bench.create(&at("permission"), &permission("def")).await;
    let (aws, component) = bench.at(&at("permission"));
    component.delete(&aws, &permission("abc"), &allowed).await.unwrap();
    bench.expect(&at("permission"), &permission("def"), &successor).await;

    let warm = |instances: i64| json!({ "function": OWNER, "alias": "live", "instances": instances });
    let provisioned = bench.create(&at("provisioned_concurrency"), &warm(1)).await;
    bench.update(&at("provisioned_concurrency"), &provisioned, &warm(1), &warm(2)).await;
    bench.delete(&at("provisioned_concurrency"), &warm(2), &provisioned).await;
    bench.delete(&at("permission"), &permission("def"), &successor).await;
    bench.delete(&at("alias"), &alias(&two), &live).await;
    bench.delete(&at("version"), &version("second"), &two).await;
    bench.delete(&at("function"), &second, &created).await;
}

#[tokio::test]
async fn a_version_must_answer_when_it_is_invoked() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let good = function(&role(&bench).await, package(&source(folder.path(), "one")));
    let created = bench.create(&at("function"), &good).await;
    let one = bench.create(&at("version"), &json!({ "function": OWNER, "fingerprint": "first" })).await;
    let bad = with(&good, json!({ "environment": { "FAILS": "initialization" } }));
    bench.update(&at("function"), &created, &good, &bad).await;
    let two = bench.create(&at("version"), &json!({ "function": OWNER, "fingerprint": "second" })).await;

    let check =
        |version: &Json, request: Json| json!({ "function": OWNER, "version": version["number"], "request": request });
    let request = |format: &str| json!({ "path": "/", "route": "$default", "format": format, "authenticated": false });
    let (aws, component) = bench.at(&at("version_check"));
    for format in ["1.0", "2.0"] {
        let passed = component.create(&aws, &check(&one, request(format))).await.unwrap();
        assert_eq!(passed, json!({ "function": OWNER }));
        let failed = component.create(&aws, &check(&two, request(format))).await.unwrap_err().to_string();
        assert!(failed.contains("Runtime.ImportModuleError") && failed.contains("[ERROR]"), "{failed}");
    }
    // Without a request that has no effect, a version is not invoked.
    assert!(component.create(&aws, &check(&two, Json::Null)).await.is_ok());
}
