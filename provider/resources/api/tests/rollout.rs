//! The order in which the regions of an API change, and the mistakes in it.

use super::super::testing::{config, expand};
use super::mistakes::validate;
use crate::desired::{Address, Desired, OnFailure};

/// The components of an API with these regions and other arguments.
fn desired(regions: &str, more: &str) -> Desired {
    let hcl = format!(
        r#"
        name     = "giraffe"
        regions  = {{ {regions} }}
        function = {{ source_dir = "src", handler = "app.handler", runtime = "python3.12" }}
        {more}
        "#
    );
    expand(&config(&hcl)).expect("a valid configuration").desired
}

/// The waves as text.
fn waves(regions: &str, more: &str) -> String {
    let waves = desired(regions, more).rollout.waves;
    let wave = |wave: std::collections::BTreeSet<String>| wave.into_iter().collect::<Vec<_>>().join(" ");
    waves.into_iter().map(wave).collect::<Vec<_>>().join(", ")
}

const DOMAIN: &str = r#"domain = { name = "api.example.com", zone_id = "Z0123456789" }"#;

#[test]
fn the_region_with_the_fewest_clients_changes_first() {
    let with_domain = |more: &str| format!("{DOMAIN}\n{more}");
    let weighted = with_domain(r#"routing = { policy = "weighted" }"#);
    for (regions, more, expected) in [
        (r#""us-west-2" = {}, "us-east-1" = {}"#, String::new(), "us-east-1"),
        (r#""us-west-2" = {}, "us-east-1" = { primary = true }"#, String::new(), "us-west-2"),
        (r#""us-west-2" = {}, "us-east-1" = {}"#, r#"drained = ["us-west-2"]"#.to_owned(), "us-west-2"),
        (r#""us-west-2" = { weight = 5 }, "us-east-1" = { weight = 50 }"#, weighted.clone(), "us-west-2"),
        (r#""us-west-2" = { weight = 5 }, "us-east-1" = { weight = 50 }"#, with_domain(""), "us-east-1"),
        (
            r#""us-west-2" = { weight = 5 }, "us-east-1" = {}"#,
            format!("{weighted}\ndrained = [\"us-east-1\"]"),
            "us-east-1",
        ),
    ] {
        assert_eq!(waves(regions, &more), expected, "{regions} {more}");
    }
}

const REGIONS: &str = r#""us-west-2" = {}, "us-east-1" = {}, "eu-west-1" = {}"#;

#[test]
fn explicit_waves_replace_the_default() {
    assert_eq!(waves(REGIONS, r#"rollout = { bake_seconds = 5 }"#), "eu-west-1");
    assert_eq!(waves(REGIONS, r#"rollout = { waves = [["us-west-2"], ["us-east-1"]] }"#), "us-west-2, us-east-1");
    assert_eq!(waves(REGIONS, r#"rollout = { waves = [] }"#), "");
    assert_eq!(waves(REGIONS, r#"rollout = { waves = var.waves }"#), "eu-west-1", "the apply knows the waves");
    let rollout = desired(REGIONS, r#"rollout = { bake_seconds = 5, on_failure = "stop" }"#).rollout;
    assert_eq!((rollout.bake.as_secs(), rollout.on_failure), (5, OnFailure::Stop));
}

#[test]
fn every_region_is_verified_after_its_probe() {
    let desired = desired(
        REGIONS,
        r#"
        gateway = { protocol = "rest" }
        rollout = { verify = { path = "/health", status = 204, requests = 3 } }
        "#,
    );
    let node = desired.get(&Address::regional("us-west-2", "verification")).expect("a verification");
    assert!(node.depends_on.contains(&Address::regional("us-west-2", "probe")), "{:?}", node.depends_on);
    assert_eq!((&node.spec["status"], &node.spec["requests"]), (&204.into(), &3.into()));
    let path = node.spec["path"].as_str().expect("a path");
    assert!(path.ends_with("/health") && path != "/health", "the path {path:?} begins with the stage");
}

#[test]
fn an_alias_waits_for_the_canaries_of_all_functions() {
    let more = r#"
        functions = { orders = { source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /o"] } }
        gateway   = { routes = ["GET /"] }
        rollout   = { canary_percent = 10, verify = {} }
    "#;
    let desired = desired(REGIONS, more);
    for key in [None, Some("orders")] {
        let at = |kind: &str| Address { key: key.map(str::to_owned), ..Address::regional("us-west-2", kind) };
        let before = desired.dependencies(&at("alias"));
        for other in ["us-west-2/canary", "us-west-2/canary/orders", "us-west-2/verification/canary"] {
            assert!(before.contains(&other.parse::<Address>().expect("an address")), "{other} before {key:?}");
        }
        assert!(desired.dependencies(&at("canary")).contains(&at("version_check")), "{key:?}");
    }
}

#[test]
fn alarms_are_watched_after_everything_else() {
    let more = r#"
        rollout = {
          canary_percent = 10
          verify         = {}
          bake_seconds   = 60
          alarms         = { "us-west-2" = ["errors", var.alarm] }
        }
    "#;
    let desired = desired(REGIONS, more);
    let at = |address: &str| address.parse::<Address>().expect("an address");
    let before = |address: &str| desired.dependencies(&at(address));
    for other in ["alias", "probe", "verification", "route/$default", "alarm_baseline"] {
        assert!(before("us-west-2/alarm_watch").contains(&at(&format!("us-west-2/{other}"))), "{other}");
    }
    let trial = before("us-west-2/alarm_watch/canary");
    assert!(
        trial.contains(&at("us-west-2/verification/canary")) && !trial.contains(&at("us-west-2/alias")),
        "{trial:?}"
    );
    assert!(before("us-west-2/alias").contains(&at("us-west-2/alarm_watch/canary")));
    assert!(desired.get(&at("us-east-1/alarm_watch")).is_none(), "no alarms in this region");
    let node = desired.get(&at("us-west-2/alarm_watch")).expect("a watch");
    assert_eq!((&node.spec["seconds"], &node.spec["alarms"][0]), (&60.into(), &"errors".into()));
}

/// A rollout with so many alarms in us-west-2.
fn alarms(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|number| format!("\"alarm-{number}\"")).collect();
    format!(r#"rollout = {{ bake_seconds = 60, alarms = {{ "us-west-2" = [{}] }} }}"#, names.join(", "))
}

#[test]
fn invalid_rollouts_are_rejected() {
    for (hcl, expected) in [
        (r#"rollout = { waves = [["us-west-2"], []] }"#, "Empty wave @ rollout.waves[1]"),
        (r#"rollout = { waves = [["eu-west-1"]] }"#, "Unknown region in a wave @ rollout.waves[0][0]"),
        (
            r#"rollout = { waves = [["us-west-2"], ["us-east-1", "us-west-2"]] }"#,
            "Region in two waves @ rollout.waves[1][1]",
        ),
        (r#"rollout = { bake_seconds = -1 }"#, "Number out of range @ rollout.bake_seconds"),
        (r#"rollout = { bake_seconds = 5400 }"#, "Bake time longer than the timeout @ rollout.bake_seconds"),
        (r#"rollout = { on_failure = "revert" }"#, "Unsupported value @ rollout.on_failure"),
        (r#"rollout = { alarms = { "us-west-2" = ["a"] } }"#, "Alarms without a bake time @ rollout.alarms"),
        (
            r#"rollout = { bake_seconds = 60, alarms = { "eu-west-1" = ["a"] } }"#,
            "Alarms of an unknown region @ rollout.alarms[\"eu-west-1\"]",
        ),
        (
            r#"rollout = { bake_seconds = 60, alarms = { "us-west-2" = [] } }"#,
            "No alarms @ rollout.alarms[\"us-west-2\"]",
        ),
        (
            r#"rollout = { bake_seconds = 60, alarms = { "us-west-2" = ["a", "b", "a"] } }"#,
            "Alarm listed twice @ rollout.alarms[\"us-west-2\"][2]",
        ),
        (
            r#"rollout = { bake_seconds = 60, alarms = { "us-west-2" = [""] } }"#,
            "Invalid alarm name @ rollout.alarms[\"us-west-2\"][0]",
        ),
        (&alarms(101), "Too many alarms @ rollout.alarms[\"us-west-2\"]"),
        ("rollout = { canary_percent = 10 }", "Canary without verification @ rollout.canary_percent"),
        ("rollout = { canary_percent = 100, verify = {} }", "Number out of range @ rollout.canary_percent"),
        (r#"rollout = { verify = { path = "health" } }"#, "Invalid path @ rollout.verify.path"),
        (r#"rollout = { verify = { status = 99 } }"#, "Number out of range @ rollout.verify.status"),
        (r#"rollout = { verify = { requests = 0 } }"#, "Number out of range @ rollout.verify.requests"),
        (
            r#"
            rollout = { verify = {} }
            gateway = { disable_execute_api_endpoint = true }
            domain  = {
              name       = "api.example.com"
              zone_id    = "Z0123456789"
              mutual_tls = { truststore_uri = "s3://trust/store.pem" }
            }
            "#,
            "Verification behind mutual TLS @ rollout.verify",
        ),
    ] {
        assert_eq!(validate(hcl, false), [expected], "{hcl}");
    }
    for hcl in [r#"rollout = { waves = [["us-west-2"]] }"#, "rollout = { verify = {} }", "rollout = {}", &alarms(100)] {
        assert_eq!(validate(hcl, false), [""; 0], "{hcl}");
    }
}
