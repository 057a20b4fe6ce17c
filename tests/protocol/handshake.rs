//! The handshake between host and plugin, and how the plugin refuses other clients.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rcgen::IsCa;

use super::client::{COOKIE, Identity, Plugin, command};
use super::generated::tfplugin6::get_metadata;
use super::generated::tfplugin6::provider_client::ProviderClient;

#[tokio::test]
async fn the_handshake_line_tells_how_to_connect() {
    let plugin = Plugin::start();
    let [version, protocol, network, path, kind, certificate] = plugin.fields()[..] else { panic!("{}", plugin.line) };
    assert_eq!([version, protocol, network, kind], ["1", "6", "unix", "grpc"]);
    assert!(STANDARD_NO_PAD.decode(certificate).is_ok() && !certificate.ends_with('='));
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only the user must be able to connect");
    plugin.provider().await.get_metadata(get_metadata::Request {}).await.unwrap();
    assert_eq!(plugin.stderr(), "");
}

/// Whether a plugin that a host with the certificate `host` started accepts a call of a client with `identity`.
async fn accepts(host: &Identity, identity: Option<&Identity>) -> bool {
    let plugin = Plugin::start_with(Some(host.clone()), &[]);
    let Ok(channel) = plugin.channel(identity).await else { return false };
    // In TLS 1.3, a client may send before it is notified that its certificate was rejected.
    ProviderClient::new(channel).get_metadata(get_metadata::Request {}).await.is_ok()
}

#[tokio::test]
async fn only_the_hosts_certificate_and_key_are_accepted() {
    let host = Identity::new();
    let other = Identity::new();
    assert!(accepts(&host, Some(&host)).await);
    assert!(!accepts(&host, Some(&other)).await, "another certificate was accepted");
    assert!(
        !accepts(&host, Some(&host.with_key_of(&other))).await,
        "the host's certificate with another key was accepted"
    );
    assert!(!accepts(&host, None).await, "a client without a certificate was accepted");
}

#[tokio::test]
async fn a_certificate_without_the_ca_flag_is_accepted() {
    let host = Identity::with(|params| params.is_ca = IsCa::NoCa);
    assert!(accepts(&host, Some(&host)).await);
}

#[tokio::test]
async fn a_certificate_outside_of_its_validity_is_refused() {
    let host = Identity::with(|params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    assert!(!accepts(&host, Some(&host)).await);
    let host = Identity::with(|params| {
        params.not_before = rcgen::date_time_ymd(2999, 1, 1);
        params.not_after = rcgen::date_time_ymd(3000, 1, 1);
    });
    assert!(!accepts(&host, Some(&host)).await);
}

#[tokio::test]
async fn refused_and_silent_clients_do_not_disturb_the_host() {
    let host = Identity::new();
    let plugin = Plugin::start_with(Some(host.clone()), &[("TF_LOG", "WARN")]);
    // A client that connects and sends nothing, so that its handshake never ends.
    let _silent = tokio::net::UnixStream::connect(plugin.socket()).await.unwrap();
    if let Ok(channel) = plugin.channel(Some(&Identity::new())).await {
        assert!(ProviderClient::new(channel).get_metadata(get_metadata::Request {}).await.is_err());
    }
    plugin.provider().await.get_metadata(get_metadata::Request {}).await.unwrap();
    plugin.stderr_with("a connection was refused");
}

#[tokio::test]
async fn without_a_certificate_there_is_no_tls() {
    let plugin = Plugin::start_with(None, &[]);
    assert_eq!(plugin.fields().len(), 6);
    assert_eq!(plugin.fields()[5], "");
    plugin.provider().await.get_metadata(get_metadata::Request {}).await.unwrap();
}

#[tokio::test]
async fn the_socket_is_created_in_the_hosts_directory_for_its_group() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let group = String::from_utf8(std::process::Command::new("id").arg("-g").output().unwrap().stdout).unwrap();
    let variables = [("PLUGIN_UNIX_SOCKET_DIR", path), ("PLUGIN_UNIX_SOCKET_GROUP", group.trim())];
    let plugin = Plugin::start_with(Some(Identity::new()), &variables);
    assert_eq!(Path::new(plugin.socket()).parent(), Some(directory.path()));
    assert_eq!(std::fs::metadata(plugin.socket()).unwrap().permissions().mode() & 0o777, 0o660);
    plugin.provider().await.get_metadata(get_metadata::Request {}).await.unwrap();
}

#[test]
fn invalid_handshake_variables_are_reported() {
    for (name, value, message) in [
        ("PLUGIN_CLIENT_CERT", "none", "PLUGIN_CLIENT_CERT does not contain a certificate"),
        ("PLUGIN_UNIX_SOCKET_DIR", "/nonexistent", "the connection to the host could not be set up: "),
        ("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group", "the group \"no-such-group\" does not exist"),
    ] {
        let output = command().env(COOKIE.0, COOKIE.1).env(name, value).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
        assert_eq!(output.stdout, b"");
    }
}
