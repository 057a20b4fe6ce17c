//! The time from the start of the provider's process to its schema, which every command of the host waits for first.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use strict_aws::tools::ProcessGroup;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;

use crate::Outcome;

/// The environment variable by which a provider recognizes that a host has started it. From the plugin protocol.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The number of measurements.
const TIMES: usize = 11;

/// The median time from the start of the process to its response to GetProviderSchema.
pub(super) async fn median(provider: &Path) -> Outcome<Duration> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        times.push(once(provider).await?);
    }
    times.sort();
    Ok(times[TIMES / 2])
}

async fn once(provider: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let mut command = Command::new(provider);
    // Without the host's certificate the provider serves without TLS, so that TLS is not measured.
    command.env_remove("PLUGIN_CLIENT_CERT").env(COOKIE.0, COOKIE.1).env("PLUGIN_PROTOCOL_VERSIONS", "6");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut group = ProcessGroup::start(&mut command)?;
    let mut line = String::new();
    // Kept open until the end: a provider whose output no process reads, and to which no client is connected, exits.
    let mut stdout = group.stdout().map(BufReader::new);
    if let Some(stdout) = &mut stdout {
        stdout.read_line(&mut line).await?;
    }
    request_schema(&socket(&line).ok_or_else(|| format!("The provider printed {line:?} instead of a handshake."))?)
        .await?;
    Ok(begun.elapsed())
}

/// The address in a handshake: `1|6|unix|/path/to.sock|grpc|`.
fn socket(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    match fields.as_slice() {
        ["1", "6", "unix", path, "grpc", ..] => Some(format!("unix://{path}")),
        ["1", "6", "tcp", address, "grpc", ..] => Some(format!("http://{address}")),
        _ => None,
    }
}

/// Calls GetProviderSchema at `address`.
async fn request_schema(address: &str) -> Outcome {
    let channel = Endpoint::from_shared(address.to_owned())?.connect().await?;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await?;
    // The request is an empty message. The content of the response does not matter, and `()` decodes any message.
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = PathAndQuery::from_static("/tfplugin6.Provider/GetProviderSchema");
    client.unary(tonic::Request::new(()), path, codec).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_names_the_socket() {
        assert_eq!(socket("1|6|unix|/run/a.sock|grpc|\n").as_deref(), Some("unix:///run/a.sock"));
        assert_eq!(socket("1|5|unix|/run/a.sock|grpc|\n"), None);
        assert_eq!(socket(""), None);
    }
}
