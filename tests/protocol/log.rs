//! The log that the provider writes to standard error for the host.

use super::client::{Identity, Plugin};
use super::generated::tfplugin6::stop_provider;

async fn stopped(variables: &[(&str, &str)]) -> Plugin {
    let plugin = Plugin::start_with(Some(Identity::new()), variables);
    plugin.provider().await.stop_provider(stop_provider::Request {}).await.unwrap();
    plugin
}

#[tokio::test]
async fn log_lines_are_hclog_json() {
    for variable in ["TF_LOG", "TF_LOG_PROVIDER"] {
        let plugin = stopped(&[(variable, "TRACE")]).await;
        let stderr = plugin.stderr_with("the host cancels all operations");
        for line in stderr.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(["trace", "debug", "info", "warn", "error"].contains(&line["@level"].as_str().unwrap()), "{line}");
            assert!(line["@message"].is_string() && line["@module"].is_string(), "{line}");
            let timestamp = line["@timestamp"].as_str().unwrap();
            let (_, fraction) = timestamp.split_once('.').unwrap();
            assert_eq!(fraction.len(), "123456Z".len(), "{timestamp}");
            assert!(fraction.ends_with('Z') && fraction[..6].bytes().all(|byte| byte.is_ascii_digit()), "{timestamp}");
        }
        // Libraries never log, at any level, because they would log what they exchange.
        assert!(stderr.lines().all(|line| line.contains(r#""@module":"multiregion"#)), "{stderr}");
    }
}

#[tokio::test]
async fn nothing_is_logged_unless_requested() {
    for variables in [&[][..], &[("TF_LOG", "OFF")], &[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "ERROR")]] {
        assert_eq!(stopped(variables).await.stderr(), "", "{variables:?}");
    }
}
