//! The probe, against a server that behaves like an API that has just been created.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Bench, REGION, with};

/// Starts a server that returns `answers` to one request after the other. Returns its endpoint and the heads of the
/// requests that it received.
pub(crate) async fn serve(answers: &'static [(u16, &'static str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let received = requests.clone();
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            received.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).to_lowercase());
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (endpoint, requests)
}

#[tokio::test]
async fn a_probe_waits_until_the_function_answers() {
    const ANSWERS: &[(u16, &str)] = &[
        (404, r#"{"message":"Not Found"}"#),
        (500, r#"{"message":"Internal Server Error"}"#),
        (200, "hello"),
        (401, "who are you?"),
    ];
    let (endpoint, requests) = serve(ANSWERS).await;
    let bench = Bench::with_endpoints(BTreeMap::from([("execute_api".to_owned(), endpoint)])).await;
    let host = format!("abc.execute-api.{REGION}.amazonaws.com");
    let endpoint = format!("https://{host}");
    let spec = json!({ "endpoint": endpoint, "host": host, "path": "/health", "routed": true, "version": "1" });
    let outputs = bench.create(&format!("{REGION}/probe"), &spec).await;
    assert_eq!(outputs, json!({ "host": host }));
    // The status is not an output, because changed outputs would replace the probe.
    let (aws, component) = bench.at(&format!("{REGION}/probe"));
    let next = with(&spec, json!({ "version": "2" }));
    assert_eq!(
        component.update(&aws, &outputs, &spec, &next).await.unwrap(),
        outputs,
        "the outputs must not depend on the status"
    );

    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 4);
    for head in requests.iter() {
        assert!(head.starts_with("get /health http/1.1"), "{head}");
        assert!(head.contains(&format!("host: {host}")), "{head}");
        assert!(!head.contains("x-connect-to"), "{head}");
    }
}

#[tokio::test]
async fn a_probe_of_a_custom_domain_name_names_the_regional_target() {
    let (endpoint, requests) = serve(&[(200, "hello")]).await;
    let bench = Bench::with_endpoints(BTreeMap::from([("execute_api".to_owned(), endpoint)])).await;
    let target = format!("d-abc.execute-api.{REGION}.amazonaws.com");
    let spec = json!({ "endpoint": target, "host": "api.example.com", "path": "/", "routed": true, "version": "1" });
    bench.create(&format!("{REGION}/probe"), &spec).await;
    let head = requests.lock().unwrap()[0].clone();
    assert!(head.contains("host: api.example.com") && head.contains(&format!("x-connect-to: {target}")), "{head}");
}

/// The probe of a host with a health check at `/health`.
fn with_health_check(host: &str) -> serde_json::Value {
    let expected = json!({ "path": "/health", "statuses": ["200-399"], "search_string": "healthy" });
    json!({
        "endpoint": host, "host": host, "path": "/health", "routed": true, "version": "1", "expected": expected,
        "enabled": true,
    })
}

#[tokio::test]
async fn a_probe_waits_for_the_answer_that_route_53_expects() {
    const ANSWERS: &[(u16, &str)] = &[(404, "no such path"), (200, "starting"), (302, "healthy")];
    let (endpoint, requests) = serve(ANSWERS).await;
    let bench = Bench::with_endpoints(BTreeMap::from([("execute_api".to_owned(), endpoint)])).await;
    let host = format!("abc.execute-api.{REGION}.amazonaws.com");
    let spec = with_health_check(&host);
    bench.create(&format!("{REGION}/probe"), &spec).await;
    assert_eq!(requests.lock().unwrap().len(), ANSWERS.len());
}

#[tokio::test]
async fn a_final_answer_ends_the_wait_with_its_cause() {
    const ANSWERS: &[(u16, &str)] = &[(401, r#"{"message":"Unauthorized"}"#); 8];
    let (endpoint, requests) = serve(ANSWERS).await;
    let bench = Bench::with_endpoints(BTreeMap::from([("execute_api".to_owned(), endpoint)])).await;
    let host = format!("abc.execute-api.{REGION}.amazonaws.com");
    let spec = with_health_check(&host);
    let (aws, component) = bench.at(&format!("{REGION}/probe"));
    let error = component.create(&aws, &spec).await.unwrap_err().to_string();
    for part in ["status 401", "Unauthorized", "expected a status of 200-399", "an authorizer rejected"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(requests.lock().unwrap().len(), ANSWERS.len(), "the probe must not wait for two minutes");
}

#[tokio::test]
async fn a_probe_that_is_off_sends_no_request() {
    let (endpoint, requests) = serve(&[(500, "")]).await;
    let bench = Bench::with_endpoints(BTreeMap::from([("execute_api".to_owned(), endpoint)])).await;
    let host = format!("abc.execute-api.{REGION}.amazonaws.com");
    let spec = json!({
        "endpoint": host, "host": host, "path": "/", "routed": true, "version": "1", "enabled": false,
    });
    assert_eq!(bench.create(&format!("{REGION}/probe"), &spec).await, json!({ "host": host }));
    assert!(requests.lock().unwrap().is_empty());
}
