//! Names, content and script of the function.

use std::path::Path;
use std::process::Command;

use super::*;

fn settings(hosts: &[&str]) -> Settings {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    Settings { name: "origin.api.example.com".to_owned(), hosts, sign: false }
}

#[test]
fn the_digest_covers_code_and_settings() {
    let (one, two) = (settings(&["a.example.com", "b.example.com"]), settings(&["b.example.com", "a.example.com"]));
    assert_eq!(one.digest(), one.clone().digest());
    assert_ne!(one.digest(), two.digest(), "the order of the regions counts");
    assert_eq!(one.digest().len(), 32);
    let signing = Settings { sign: true, ..one.clone() };
    assert_ne!(one.digest(), signing.digest());
    assert_eq!(signing.files("{}").1, "sign.handler");
}

#[test]
fn the_package_is_the_same_on_every_machine() {
    let package = || package::of_texts(&[("index.js", SCRIPT), ("settings.json", "{}")]).unwrap();
    assert_eq!(package(), package());
    // Lambda@Edge accepts 50 MB for origin requests; small packages start fast.
    assert!(package().len() < 4096, "{}", package().len());
}

#[test]
fn only_versions_of_this_kind_are_recognized() {
    let arn = |resource: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{resource}");
    for (resource, expected) in [
        ("shop_edge_0123456789abcdef:1", true),
        ("shop_edge_0123456789abcdef", true),
        ("shop_edge_0123456789abcde:1", false),
        ("shop_edge_0123456789abcdeg:1", false),
        ("shop:7", false),
    ] {
        assert_eq!(is_version(&arn(resource)), expected, "{resource}");
    }
    assert!(!is_version("arn:aws:s3:::shop_edge_0123456789abcdef"));
}

#[test]
fn only_the_refusal_because_of_replicas_is_deferred() {
    let refused = |code: &str, message: &str| CallError::Refused {
        operation: "lambda:DeleteFunction",
        region: REGION.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: "1".to_owned(),
    };
    let message = "Lambda was unable to delete arn:aws:lambda:us-east-1:123456789012:function:a:1 because it is a \
                   replicated function.";
    assert!(is_replicated(&refused("InvalidParameterValueException", message)));
    assert!(!is_replicated(&refused("InvalidParameterValueException", "The role cannot be assumed.")));
    assert!(!is_replicated(&refused("ResourceConflictException", message)));
}

/// `index.test.js` and `sign.test.js` execute the scripts.
#[test]
fn the_scripts_pass_their_tests_on_node() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("provider/components/lambda/edge_function");
    let node = strict_aws::node::find().unwrap();
    let run =
        Command::new(node).args(["--test", "index.test.js", "sign.test.js"]).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}
