//! How the process begins and ends.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::client::{COOKIE, Plugin, command, connect};
use super::generated::plugin::Empty;
use super::generated::tfplugin6::provider_client::ProviderClient;
use super::generated::tfplugin6::{get_metadata, stop_provider};

#[test]
fn run_by_a_person_it_says_what_it_is() {
    for (cookie, arguments) in [(None, &[][..]), (Some("wrong"), &[]), (Some(COOKIE.1), &["help"])] {
        let mut command = command();
        command.args(arguments).envs(cookie.map(|cookie| (COOKIE.0, cookie)));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        assert!(stderr.contains("is a plugin: OpenTofu and Terraform start it"), "{stderr}");
        assert!(stderr.contains(r#"source = "multiregion/multiregion""#), "{stderr}");
    }
}

#[test]
fn it_knows_its_version() {
    let output = command().arg("--version").output().unwrap();
    assert!(output.status.success());
    let expected = concat!("terraform-provider-multiregion ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[tokio::test]
async fn shutdown_is_answered_and_ends_the_process_at_once() {
    let mut plugin = Plugin::start();
    let socket = plugin.socket().to_owned();
    let _idle = plugin.provider().await;
    plugin.controller().await.shutdown(Empty {}).await.unwrap();
    // The host kills after 2 s.
    assert_eq!(plugin.ended(Duration::from_millis(1500)).and_then(|status| status.code()), Some(0));
    assert!(!Path::new(&socket).exists());
}

#[tokio::test]
async fn interrupts_are_the_hosts_to_pass_on() {
    let mut plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    plugin.signal("INT");
    assert_eq!(plugin.ended(Duration::from_millis(300)), None);
    let stopped = provider.stop_provider(stop_provider::Request {}).await.unwrap().into_inner();
    assert_eq!(stopped.error, "");
    provider.get_metadata(get_metadata::Request {}).await.unwrap();
}

#[tokio::test]
async fn termination_leaves_no_socket() {
    let mut plugin = Plugin::start();
    plugin.signal("TERM");
    assert_eq!(plugin.ended(Duration::from_secs(5)).and_then(|status| status.code()), Some(0));
    assert!(!Path::new(plugin.socket()).exists());
}

#[test]
fn it_does_not_outlive_its_host() {
    // A shell as the host: it starts the plugin, passes its first line on and dies by our hand.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(r#""$0" & echo $!; wait"#).arg(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    shell.env(COOKIE.0, COOKIE.1).env_remove("PLUGIN_CLIENT_CERT").stdin(Stdio::null());
    let shell = Plugin::spawn(shell, None, 2);
    let (socket, pid) = (shell.socket().to_owned(), shell.pid());
    assert!(Path::new(&socket).exists());
    assert!(Command::new("kill").arg("-KILL").arg(pid.to_string()).status().unwrap().success());
    drop(shell);
    for _ in 0..500 {
        if !Path::new(&socket).exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the plugin still runs");
}

#[tokio::test]
async fn in_debug_mode_it_says_how_to_attach_and_serves_again_and_again() {
    let mut command = command();
    command.arg("--debug");
    let mut plugin = Plugin::spawn(command, None, 3);
    let json = plugin.line.strip_prefix("TF_REATTACH_PROVIDERS='").unwrap().strip_suffix('\'').unwrap();
    let attach: serde_json::Value = serde_json::from_str(json).unwrap();
    let attach = &attach["multiregion/multiregion"];
    assert_eq!(attach["Protocol"], "grpc");
    assert_eq!(attach["ProtocolVersion"], 6);
    assert_eq!(attach["Pid"], plugin.pid());
    assert_eq!(attach["Test"], true);
    assert_eq!(attach["Addr"]["Network"], "unix");
    let socket = attach["Addr"]["String"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let mut provider = ProviderClient::new(connect(socket.clone(), None).await.unwrap());
        provider.get_metadata(get_metadata::Request {}).await.unwrap();
    }
    plugin.signal("INT");
    assert_eq!(plugin.ended(Duration::from_secs(5)).and_then(|status| status.code()), Some(0));
}
