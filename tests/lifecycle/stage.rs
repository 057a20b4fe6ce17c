//! A local AWS and a workspace for one command-line tool, with the operations and checks of the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use strict_aws::tools::{Cli, Run, Workspace};
use strict_aws::{LocalAws, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The application of the functions: it answers every path with its region and its greeting.
pub(super) const APP: &str = r#"
import json, os

def handler(event, context):
    path = event.get("rawPath", "/")
    body = {"region": os.environ.get("AWS_REGION"), "greeting": os.environ.get("GREETING", "Hello"), "path": path}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
"#;

/// The beginning of every configuration.
const PREAMBLE: &str = r#"
terraform {
  required_providers {
    multiregion = { source = "multiregion/multiregion" }
  }
}

provider "multiregion" {
  rate_limits = "none"
}
"#;

/// A local AWS and a workspace for one command-line tool.
pub(super) struct Stage {
    pub(super) aws: Arc<LocalAws>,
    pub(super) workspace: Workspace,
}

/// An HTTP response.
#[derive(Debug)]
pub(super) struct HttpResponse {
    pub(super) status: u16,
    /// The status line and the headers.
    head: String,
    pub(super) body: String,
}

impl HttpResponse {
    /// The value of a header; empty when there is none.
    pub(super) fn header(&self, name: &str) -> String {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }
}

/// The addresses of the components that a plan adds, changes and removes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: BTreeSet<String>,
    pub(super) changed: BTreeSet<String>,
    pub(super) removed: BTreeSet<String>,
}

impl Stage {
    pub(super) async fn new(cli: &Cli) -> Self {
        Self::with(cli, Options::default()).await
    }

    pub(super) async fn with(cli: &Cli, options: Options) -> Self {
        let aws = Arc::new(LocalAws::start(options).await.expect("a local AWS starts"));
        Self { workspace: workspace(cli, &aws), aws }
    }

    /// A second workspace in the same AWS, with a configuration and a state of its own.
    pub(super) fn beside(&self, cli: &Cli) -> Self {
        Self { workspace: workspace(cli, &self.aws), aws: Arc::clone(&self.aws) }
    }

    /// Writes the configuration, and runs `init` the first time.
    pub(super) async fn configure(&self, hcl: &str) {
        let first = !self.workspace.dir().join("main.tf").exists();
        self.workspace.write("main.tf", &format!("{PREAMBLE}\n{hcl}")).expect("the configuration is written");
        if first {
            self.ok(self.workspace.init().await.expect("init runs"));
        }
    }

    /// Applies the configuration; the plan after it must be empty.
    pub(super) async fn apply(&self, hcl: &str) {
        self.configure(hcl).await;
        self.ok(self.workspace.apply().await.expect("apply runs"));
        self.assert_nothing_to_do().await;
    }

    pub(super) async fn assert_nothing_to_do(&self) {
        let plan = self.ok(self.workspace.plan().await.expect("plan runs"));
        if !plan.is_empty_plan() {
            let plan = self.workspace.show_plan().await.expect("the plan is shown");
            panic!("{}: the plan is not empty:\n{:#?}", self.cli(), differences(&plan));
        }
    }

    /// The changes of components that the plan of this configuration shows.
    pub(super) async fn changes(&self, hcl: &str) -> Changes {
        self.configure(hcl).await;
        self.ok(self.workspace.plan().await.expect("plan runs"));
        let plan = self.workspace.show_plan().await.expect("the plan is shown");
        let mut changes = Changes::default();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let change = &change["change"];
            let components = |side: &str| change[side]["components"].as_object().cloned().unwrap_or_default();
            let (before, after) = (components("before"), components("after"));
            for (address, then) in &before {
                match after.get(address) {
                    None => drop(changes.removed.insert(address.clone())),
                    Some(now) if now != then => drop(changes.changed.insert(address.clone())),
                    Some(_) => {}
                }
            }
            let added = after.keys().filter(|address| !before.contains_key(*address));
            changes.added.extend(added.cloned());
        }
        changes
    }

    /// Applies the configuration, which must fail; returns the output with the errors as one line of text.
    pub(super) async fn refused(&self, hcl: &str) -> String {
        self.configure(hcl).await;
        let run = self.workspace.apply().await.expect("apply runs");
        assert!(!run.success(), "{}: the apply must fail:\n{}", self.cli(), run.stdout);
        unwrapped(&format!("{}{}", run.stdout, run.stderr))
    }

    /// Destroys everything; AWS must be empty afterwards.
    pub(super) async fn destroy(&self) {
        self.ok(self.workspace.destroy().await.expect("destroy runs"));
        let left = self.aws.inventory().await.expect("the inventory is taken");
        assert!(left.is_empty(), "{}: left in AWS:\n{left:#?}", self.cli());
    }

    /// Destroys an empty state. A tool that first plans the whole configuration may fail with the hint to use
    /// `-refresh=false`, which must then succeed.
    pub(super) async fn destroy_nothing(&self) {
        let destroy = self.workspace.destroy().await.expect("destroy runs");
        if destroy.success() {
            return;
        }
        let errors = destroy.errors().join("\n");
        assert!(
            errors.contains("run the destroy with -refresh=false"),
            "{}: the destroy of an empty state failed: {errors}",
            self.cli()
        );
        let destroy = self.workspace.run(&["destroy", "-auto-approve", "-no-color", "-refresh=false"]).await;
        self.ok(destroy.expect("destroy runs"));
    }

    /// The attributes of a resource in the state.
    pub(super) async fn attributes(&self, address: &str) -> Json {
        let state = self.workspace.show_json().await.expect("the state is shown");
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        let resource = resources.into_iter().find(|resource| resource["address"] == address);
        resource.unwrap_or_else(|| panic!("{address} is not in the state: {state:#}"))["values"].clone()
    }

    /// The attribute `components` of the API.
    pub(super) async fn components(&self) -> BTreeMap<String, Json> {
        let api = self.attributes("multiregion_api.this").await;
        api["components"].as_object().expect("components is a map").clone().into_iter().collect()
    }

    /// The application's response at the execute-api endpoint of each region.
    pub(super) async fn ask_regions(&self, path: &str) -> BTreeMap<String, Json> {
        let endpoints = self.attributes("multiregion_api.this").await["endpoints"].clone();
        let mut answers = BTreeMap::new();
        for (region, endpoint) in endpoints.as_object().expect("endpoints is a map") {
            let url = endpoint["execute_api_url"].as_str().expect("a URL");
            let host = url.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
            let answer = self.get(host, path).await;
            assert_eq!(answer.status, 200, "{region} answered {answer:?}");
            answers.insert(region.clone(), serde_json::from_str(&answer.body).expect("JSON"));
        }
        answers
    }

    /// Sends a real request to a host that AWS serves.
    pub(super) async fn get(&self, host: &str, path: &str) -> HttpResponse {
        self.request("GET", host, path).await
    }

    /// The region that answers a client at the public domain name, with headers that describe the client.
    pub(super) async fn answered_by(&self, client: &str) -> String {
        let headers: String = client.split(", ").map(|header| format!("x-test-{header}\r\n")).collect();
        let answer = self.send("GET", "api.ipgiraffe.com", "/", &headers, "").await;
        assert_eq!(answer.status, 200, "{client}: {answer:?}");
        let body: Json = serde_json::from_str(&answer.body).expect("JSON");
        body["region"].as_str().unwrap_or_default().to_owned()
    }

    /// Sends a request with a value of `Authorization`.
    pub(super) async fn get_as(&self, host: &str, path: &str, user: &str) -> HttpResponse {
        self.send("GET", host, path, &format!("Authorization: {user}\r\n"), "").await
    }

    /// Sends a request with more headers, each of which ends with a line break.
    pub(super) async fn get_with(&self, host: &str, path: &str, headers: &str) -> HttpResponse {
        self.send("GET", host, path, headers, "").await
    }

    /// Sends a request with more headers, each of which ends with a line break.
    pub(super) async fn request_with(&self, method: &str, host: &str, path: &str, headers: &str) -> HttpResponse {
        self.send(method, host, path, headers, "").await
    }

    pub(super) async fn request(&self, method: &str, host: &str, path: &str) -> HttpResponse {
        self.send(method, host, path, "", "").await
    }

    /// Sends a request to an address that the DNS server returned.
    pub(super) async fn get_at(&self, address: IpAddr, host: &str, path: &str) -> HttpResponse {
        send(&self.aws.endpoint_at(address), "GET", host, path, "", "").await
    }

    /// Sends a request with more headers, each of which ends with a line break, and a body.
    pub(super) async fn send(&self, method: &str, host: &str, path: &str, headers: &str, body: &str) -> HttpResponse {
        send(&self.aws.endpoint(), method, host, path, headers, body).await
    }

    /// The record sets of `api.ipgiraffe.com`, as Route 53 lists them.
    pub(super) async fn records(&self) -> Vec<Json> {
        let objects = self.aws.inventory().await.expect("the inventory is taken").objects;
        let is_record = |key: &str| key.starts_with("global/route53/record/") && key.contains("/api.ipgiraffe.com./");
        objects.into_iter().filter(|(key, _)| is_record(key)).map(|(_, record)| record).collect()
    }

    /// Deletes an object outside of the provider.
    pub(super) async fn delete_in_aws(&self, service: &str, region: &str, path: &str) {
        self.change_in_aws("DELETE", service, region, path, "").await;
    }

    /// Sends a signed request outside of the provider.
    pub(super) async fn change_in_aws(&self, method: &str, service: &str, region: &str, path: &str, body: &str) {
        self.signed(method, service, region, path, "", body).await;
    }

    async fn signed(&self, method: &str, service: &str, region: &str, path: &str, headers: &str, body: &str) {
        let scope = format!("{}/20260101/{region}/{service}/aws4_request", self.aws.account_id());
        let signature =
            format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n");
        let answer = self.send(method, "127.0.0.1", path, &format!("{headers}{signature}"), body).await;
        assert!((200..300).contains(&answer.status), "{service} {path}: {answer:?}");
    }

    /// Makes every heartbeat older than 15 minutes beyond its lease, so that the next run takes the claim over at once.
    pub(super) async fn age_the_heartbeats(&self) {
        let inventory = self.aws.inventory().await.expect("the inventory is taken");
        let names = inventory.objects.keys().filter_map(|key| Some(&key[key.find("/multiregion/")?..]));
        for name in names {
            let arn = format!("arn:aws:logs:us-east-1:{}:log-group:{name}", self.aws.account_id());
            let body = serde_json::json!({ "resourceArn": arn, "tags": { "multiregion:heartbeat": "1 10" } });
            let headers = "X-Amz-Target: Logs_20140328.TagResource\r\nContent-Type: application/x-amz-json-1.1\r\n";
            self.signed("POST", "logs", "us-east-1", "/", headers, &body.to_string()).await;
        }
    }

    /// The successful writes since the last call of this function, such as `lambda:CreateFunction us-east-1`.
    pub(super) fn writes(&self) -> Vec<String> {
        let calls = self.aws.calls();
        self.aws.clear_calls();
        let writes = calls.iter().filter(|call| call.writes() && call.status < 300);
        writes.map(|call| format!("{} {}", call.name(), call.region)).collect()
    }

    fn cli(&self) -> &str {
        self.workspace.cli().name
    }

    pub(super) fn ok(&self, run: Run) -> Run {
        run.ok().unwrap_or_else(|failed| panic!("{}: {failed}", self.cli()))
    }
}

/// Sends a request.
async fn send(endpoint: &str, method: &str, host: &str, path: &str, headers: &str, body: &str) -> HttpResponse {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).await.expect("the local AWS answers");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    HttpResponse { status, head: head.to_owned(), body: body.to_owned() }
}

/// The attributes that a plan changes, with their values before and after.
fn differences(plan: &Json) -> Vec<String> {
    let mut differences = Vec::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let (before, after) = (&change["change"]["before"], &change["change"]["after"]);
        let unknown = &change["change"]["after_unknown"];
        for key in before.as_object().into_iter().chain(after.as_object()).flat_map(|values| values.keys()) {
            if before[key] != after[key] || unknown[key] == true {
                let line = format!("{}.{key}: {} -> {}", change["address"], before[key], after[key]);
                differences.push(line);
            }
        }
    }
    differences.dedup();
    differences
}

/// A workspace in which `cli` uses `aws`.
fn workspace(cli: &Cli, aws: &LocalAws) -> Workspace {
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    let mut workspace = Workspace::new(cli, provider).expect("a workspace is created");
    workspace.set_env(aws.env());
    workspace.write("src/app.py", APP).expect("the application is written");
    workspace
}

/// Diagnostics without the frame and the line breaks that the command-line tool draws.
pub(super) fn unwrapped(text: &str) -> String {
    text.split_whitespace().filter(|word| !matches!(*word, "│" | "╷" | "╵")).collect::<Vec<_>>().join(" ")
}
