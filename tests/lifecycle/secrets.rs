//! Credentials and values of environment variables appear in no log, diagnostic or plan.

use std::time::Duration;

use strict_aws::{Effect, Fault};

use super::configs::Config;
use super::stage::Stage;

super::rows![secrets_appear_in_no_log_and_no_output];

/// A text that every secret of this row contains.
const CANARY: &str = "c4n4ry";

/// A configuration with a secret in every place that may hold one; `pin` is the one that changes.
fn with_secrets(pin: &str) -> String {
    let mut config = Config::bare(&["us-east-1"]);
    config.function.insert("environment", "{ PIN = var.pin }".to_owned());
    let config = config.hcl().replace("  name = ", "  provider = multiregion.secret\n  name = ");
    format!(
        r#"
variable "pin" {{
  sensitive = true
  default   = "{CANARY}-{pin}"
}}
provider "multiregion" {{
  alias       = "secret"
  rate_limits = "none"
  access_key  = "123456789012"
  secret_key  = "{CANARY}-secret-key"
  token       = "{CANARY}-token"
}}
{config}"#
    )
}

async fn secrets_appear_in_no_log_and_no_output(mut stage: Stage) {
    let log = stage.workspace.dir().join("provider.log");
    stage.workspace.set_env([
        ("TF_LOG_PROVIDER", "TRACE".to_owned()),
        ("TF_LOG_PATH", log.display().to_string()),
        ("AWS_SESSION_TOKEN", format!("{CANARY}-session")),
    ]);
    let mut output = String::new();
    let mut run = async |stage: &Stage, hcl: &str, args: &[&str], succeeds: bool| {
        stage.configure(hcl).await;
        let run = stage.workspace.run(args).await.expect("it runs");
        assert_eq!(run.success(), succeeds, "{args:?}: {}{}", run.stdout, run.stderr);
        output.push_str(&run.stdout);
        output.push_str(&run.stderr);
    };
    let apply = ["apply", "-auto-approve", "-no-color"];
    for harm in [Effect::AccessDenied, Effect::ReplyLost, Effect::ServerError] {
        let fault = Fault::new(harm.clone()).operation("lambda:CreateFunction");
        stage.aws.inject(if matches!(harm, Effect::AccessDenied) { fault } else { fault.times(1) });
        run(&stage, &with_secrets("1234"), &apply, !matches!(harm, Effect::AccessDenied)).await;
        stage.aws.clear_faults();
    }
    stage.aws.inject(Fault::new(Effect::AccessDenied).operation("lambda:UpdateFunctionConfiguration"));
    run(&stage, &with_secrets("4321"), &["plan", "-no-color"], true).await;
    run(&stage, &with_secrets("4321"), &apply, false).await;
    stage.aws.clear_faults();
    run(&stage, &with_secrets("4321"), &apply, true).await;
    assert_eq!(stage.changes(&with_secrets("5678")).await.changed.len(), 3, "a new value must change the function");
    run(&stage, &with_secrets("5678"), &["destroy", "-auto-approve", "-no-color"], true).await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    let log = std::fs::read_to_string(log).expect("the provider logs");
    assert!(
        log.contains("lambda:CreateFunction") && log.contains("step begins"),
        "the log must contain calls and steps: {log}"
    );
    for (what, text) in [("the output", &output), ("the log", &log)] {
        let leaks: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
        assert!(leaks.is_empty(), "{what} contains a secret: {leaks:#?}");
    }
}
