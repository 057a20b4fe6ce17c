//! APIs with many functions, and functions that are attached to an API of another configuration.

use std::collections::BTreeSet;

use super::configs::Config;
use super::rows;
use super::stage::{Changes, Stage};

rows! {
    an_api_goes_from_one_function_to_many_and_back,
    functions_are_attached_to_an_api_of_another_configuration,
    an_api_and_its_attached_function_are_created_in_one_apply,
}

/// The arguments of a function that greets with its own name.
fn function(greeting: &str) -> String {
    format!(
        r#"source_dir = "${{path.module}}/src", handler = "app.handler", runtime = "python3.12", environment = {{ GREETING = "{greeting}" }}"#
    )
}

/// The greeting of the function that answers `path`, which all regions must agree on.
async fn greeting(stage: &Stage, path: &str) -> String {
    let answers = stage.ask_regions(path).await;
    let greetings: BTreeSet<String> =
        answers.values().map(|answer| answer["greeting"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(greetings.len(), 1, "{path}: {answers:?}");
    greetings.into_iter().next().unwrap()
}

fn of_function(addresses: &BTreeSet<String>, name: &str) -> usize {
    addresses.iter().filter(|address| address.ends_with(&format!("/{name}"))).count()
}

async fn an_api_goes_from_one_function_to_many_and_back(stage: Stage) {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    stage.apply(&config.hcl()).await;
    assert_eq!(greeting(&stage, "/orders").await, "Hello");

    let orders = function("orders");
    let reports = function("reports");
    let many = format!(
        r#"  functions = {{
    orders  = {{ {orders}, routes = ["ANY /orders", "ANY /orders/{{id}}"], throttle = {{ rate = 100, burst = 50 }} }}
    reports = {{ {reports}, routes = ["GET /reports"], payload_format = "2.0" }}
  }}
"#
    );
    config.extra = many.leak();
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.removed.is_empty() && changes.changed.is_empty(), "{changes:?}");
    // Log group, function, version, alias, permission, integration in each region, and one role for each function.
    assert_eq!(
        (of_function(&changes.added, "orders"), of_function(&changes.added, "reports")),
        (13 + 2 + 2, 13 + 2),
        "{changes:#?}"
    );
    stage.apply(&config.hcl()).await;
    for (path, expected) in [("/orders", "orders"), ("/orders/7", "orders"), ("/reports", "reports"), ("/", "Hello")] {
        assert_eq!(greeting(&stage, path).await, expected, "{path}");
    }

    // The functions take the routes of the single function over, which is then deleted.
    let mut named = Config::bare(&["us-east-1", "us-west-2"]);
    let orders = function("all");
    let all = format!("  functions = {{ all = {{ {orders}, routes = [\"$default\"] }} }}\n");
    named.extra = all.leak();
    let without = |config: &Config| {
        let hcl = config.hcl();
        let (before, after) = hcl.split_once("  function = {").unwrap();
        format!("{before}{}", after.split_once("  }\n").unwrap().1)
    };
    let changes = stage.changes(&without(&named)).await;
    assert!(changes.changed.contains("us-east-1/route/$default"), "{changes:?}");
    assert!(changes.removed.contains("us-west-2/function/orders") && changes.removed.contains("us-west-2/function"));
    stage.apply(&without(&named)).await;
    assert_eq!(greeting(&stage, "/orders").await, "all");

    config.extra = "";
    stage.apply(&config.hcl()).await;
    assert_eq!(greeting(&stage, "/orders").await, "Hello");
    stage.destroy().await;
}

/// An API without a function of its own.
fn base(regions: &[&str]) -> String {
    let regions: String = regions.iter().map(|region| format!("    \"{region}\" = {{}}\n")).collect();
    format!("resource \"multiregion_api\" \"this\" {{\n  name = \"ipgiraffe\"\n  regions = {{\n{regions}  }}\n}}\n")
}

fn attached(name: &str, api: &str, routes: &str, more: &str) -> String {
    let arguments = function(name);
    format!(
        "resource \"multiregion_function\" \"{name}\" {{\n  name = \"{name}\"\n  api = {api}\n  function = {{ {arguments}, routes = {routes}{more} }}\n}}\n"
    )
}

async fn functions_are_attached_to_an_api_of_another_configuration(stage: Stage) {
    stage.apply(&base(&["us-east-1", "us-west-2"])).await;
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!(api["status"], "ready");
    let host = |api: &serde_json::Value, region: &str| {
        api["endpoints"][region]["execute_api_url"].as_str().unwrap().split("://").last().unwrap().to_owned()
    };
    assert_eq!(stage.get(&host(&api, "us-east-1"), "/reports").await.status, 404, "there is no route yet");

    let team = stage.beside(stage.workspace.cli());
    let missing = team.refused(&attached("reports", "\"nothing\"", "[\"GET /reports\"]", "")).await;
    assert!(missing.contains("API not found"), "{missing}");
    let reports = attached("reports", "\"ipgiraffe\"", "[\"GET /reports\"]", ", throttle = { rate = 50, burst = 20 }");
    team.apply(&reports).await;
    for region in ["us-east-1", "us-west-2"] {
        let answer = stage.get(&host(&api, region), "/reports").await;
        assert!(answer.status == 200 && answer.body.contains("reports"), "{answer:?}");
    }
    // The API neither sees nor removes the routes of the function.
    stage.assert_nothing_to_do().await;

    let taken = stage.beside(stage.workspace.cli());
    let refused = taken.refused(&attached("other", "\"ipgiraffe\"", "[\"GET /reports\"]", "")).await;
    assert!(refused.contains("multiregion_function/reports"), "{refused}");

    let destroy = stage.workspace.destroy().await.unwrap();
    assert!(!destroy.success());
    let errors = destroy.errors().join("\n");
    assert!(errors.contains("AWS objects are in use") && errors.contains("multiregion_function/reports"), "{errors}");
    stage.assert_nothing_to_do().await;

    // The function follows the regions of the API.
    stage.apply(&base(&["us-east-1", "us-west-2", "eu-central-1"])).await;
    let Changes { added, changed, removed } = team.changes(&reports).await;
    assert!(added.iter().all(|address| address.starts_with("eu-central-1/")) && added.len() >= 8, "{added:?}");
    assert!(removed.is_empty() && changed.iter().all(|address| address.starts_with("global/")), "{changed:?}");
    team.apply(&reports).await;
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!(stage.get(&host(&api, "eu-central-1"), "/reports").await.status, 200);
    stage.apply(&base(&["us-east-1", "eu-central-1"])).await;
    let changes = team.changes(&reports).await;
    assert!(changes.removed.iter().all(|address| address.starts_with("us-west-2/")), "{changes:?}");
    team.apply(&reports).await;

    // A lost state is imported by the name of the function.
    team.ok(team.workspace.run(&["state", "rm", "multiregion_function.reports"]).await.unwrap());
    team.ok(team.workspace.run(&["import", "-no-color", "multiregion_function.reports", "reports"]).await.unwrap());
    team.assert_nothing_to_do().await;

    team.ok(team.workspace.destroy().await.unwrap());
    assert_eq!(stage.get(&host(&api, "us-east-1"), "/reports").await.status, 404);
    stage.destroy().await;
}

async fn an_api_and_its_attached_function_are_created_in_one_apply(stage: Stage) {
    let both = format!(
        "{}{}",
        base(&["us-east-1", "us-west-2"]),
        attached("orders", "multiregion_api.this.id", "[\"ANY /orders/{path+}\", \"$default\"]", "")
    );
    stage.apply(&both).await;
    assert_eq!(greeting(&stage, "/orders/7").await, "orders");
    assert_eq!(greeting(&stage, "/").await, "orders");
    stage.destroy().await;
}
