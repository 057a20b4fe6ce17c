//! How the provider's process starts and ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use multiregion::wire::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::{Response, Status};

use super::calls::provider_config;
use super::client::{COOKIE, PATIENCE, Plugin, command, connect};
use super::generated::plugin::Empty;
use super::generated::tfplugin6::provider_client::ProviderClient;
use super::generated::tfplugin6::{configure_provider, get_metadata, stop_provider};

#[test]
fn run_by_hand_it_explains_how_to_use_it() {
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
fn it_prints_its_version() {
    let output = command().arg("--version").output().unwrap();
    assert!(output.status.success());
    let expected = concat!("terraform-provider-multiregion ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[tokio::test]
async fn shutdown_is_answered_and_ends_the_process() {
    let mut plugin = Plugin::start();
    let socket = plugin.socket().to_owned();
    let _idle = plugin.provider().await;
    plugin.controller().await.shutdown(Empty {}).await.unwrap();
    // The host kills the process after 2 s.
    assert_eq!(plugin.ended(Duration::from_millis(1500)).and_then(|status| status.code()), Some(0));
    assert!(!Path::new(&socket).exists());
}

#[tokio::test]
async fn an_interrupt_signal_is_ignored() {
    let mut plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    plugin.signal("INT");
    assert_eq!(plugin.ended(Duration::from_millis(300)), None);
    let stopped = provider.stop_provider(stop_provider::Request {}).await.unwrap().into_inner();
    assert_eq!(stopped.error, "");
    provider.get_metadata(get_metadata::Request {}).await.unwrap();
}

#[tokio::test]
async fn a_termination_signal_ends_the_process_and_removes_the_socket() {
    let mut plugin = Plugin::start();
    plugin.signal("TERM");
    assert_eq!(plugin.ended(Duration::from_secs(5)).and_then(|status| status.code()), Some(0));
    assert!(!Path::new(plugin.socket()).exists());
}

/// A call that is waiting for an AWS endpoint that never answers.
async fn pending_call(plugin: &Plugin) -> JoinHandle<Result<Response<configure_provider::Response>, Status>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = |text: &str| Value::String(text.to_owned());
    let config = provider_config(&[
        ("region", text("us-east-1")),
        ("access_key", text("AKIAEXAMPLE")),
        ("secret_key", text("secret")),
        ("endpoint_url", text(&format!("http://{}", listener.local_addr().unwrap()))),
    ]);
    let mut provider = plugin.provider().await;
    let request = configure_provider::Request { config, ..Default::default() };
    let call = tokio::spawn(async move { provider.configure_provider(request).await });
    let (connection, _) = listener.accept().await.unwrap();
    // Open until the test's runtime ends.
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop((connection, listener));
    });
    call
}

/// After a signal to the whole process group, the host receives the results of its calls and ends the provider itself.
#[tokio::test]
async fn a_termination_signal_cancels_and_answers_running_calls() {
    let mut plugin = Plugin::start();
    let call = pending_call(&plugin).await;
    plugin.signal("TERM");
    let response = call.await.unwrap().unwrap().into_inner();
    assert_eq!(response.diagnostics.iter().map(|one| one.summary.as_str()).collect::<Vec<_>>(), ["Cancelled"]);
    plugin.controller().await.shutdown(Empty {}).await.unwrap();
    assert_eq!(plugin.ended(Duration::from_millis(1500)).and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn a_second_termination_signal_ends_the_process_at_once() {
    let mut plugin = Plugin::start_with(None, &[("TF_LOG", "INFO")]);
    let _connected = plugin.provider().await;
    plugin.signal("TERM");
    plugin.stderr_with("received SIGTERM");
    plugin.signal("TERM");
    assert_eq!(plugin.ended(Duration::from_secs(3)).and_then(|status| status.code()), Some(0));
}

/// A shell in the role of the host, which starts the plugin and passes its first line on. The tests kill it.
fn in_a_shell() -> Plugin {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(r#""$0" & echo $!; wait"#).arg(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    shell.env(COOKIE.0, COOKIE.1).env_remove("PLUGIN_CLIENT_CERT").stdin(Stdio::null());
    Plugin::spawn(shell, None, 2)
}

/// Whether the plugin with this socket ends, and so removes its socket.
async fn ends(socket: &str) -> bool {
    let gone = async {
        while Path::new(socket).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.is_ok()
}

#[tokio::test]
async fn it_ends_with_a_host_that_never_connected() {
    let shell = in_a_shell();
    let socket = shell.socket().to_owned();
    assert!(Path::new(&socket).exists());
    shell.signal("KILL");
    assert!(ends(&socket).await, "the plugin still runs");
}

#[tokio::test]
async fn it_ends_with_its_host() {
    let shell = in_a_shell();
    let socket = shell.socket().to_owned();
    let mut provider = shell.provider().await;
    provider.get_metadata(get_metadata::Request {}).await.unwrap();
    shell.signal("KILL");
    assert!(ends(&socket).await, "the plugin still runs");
}

/// The host may end before the plugin has read the id of its parent process.
#[tokio::test]
async fn it_ends_when_its_standard_output_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command();
    command.env(COOKIE.0, COOKIE.1).env("TMPDIR", directory.path()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let socket = line.split('|').nth(3).unwrap();
    let has_ended = ends(socket).await;
    let _ = child.kill();
    child.wait().unwrap();
    assert!(has_ended, "the plugin still runs");
}

/// The only sign of the host's end on Windows.
#[tokio::test]
async fn it_ends_when_the_host_closes_its_stdio_stream() {
    let mut plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let stdio = plugin.stdio().await;
    provider.get_metadata(get_metadata::Request {}).await.unwrap();
    drop((provider, stdio));
    let ended = tokio::task::spawn_blocking(move || plugin.ended(PATIENCE)).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn an_open_stdio_stream_does_not_delay_a_shutdown() {
    let mut plugin = Plugin::start();
    let mut stdio = plugin.stdio().await;
    plugin.controller().await.shutdown(Empty {}).await.unwrap();
    assert!(stdio.message().await.is_ok_and(|message| message.is_none()));
    assert_eq!(plugin.ended(Duration::from_millis(1500)).and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn in_debug_mode_it_prints_how_to_attach_and_serves_several_hosts() {
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
