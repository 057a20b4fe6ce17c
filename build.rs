//! Generates Rust from the protocol's definitions, without `protoc`: the server for the provider, the client for its tests.

use std::error::Error;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "provider/proto";
const DEFINITIONS: [&str; 2] = ["tfplugin6.proto", "controller.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DIRECTORY}");
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    generate(&output.join("server"), Side::Server)?;
    generate(&output.join("client"), Side::Client)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Server,
    Client,
}

fn generate(output: &Path, side: Side) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(output)?;
    tonic_prost_build::configure()
        .build_server(side == Side::Server)
        .build_client(side == Side::Client)
        // Calls run in tasks that outlive their request, so they own the server.
        .use_arc_self(true)
        // Ordered maps: the same schema encodes to the same bytes.
        .btree_map(".")
        .out_dir(output)
        .compile_fds(protox::compile(DEFINITIONS, [DIRECTORY])?)?;
    Ok(())
}
