//! Generated from `proto/tfplugin6.proto`.

// Each call has a struct of its own name that only serves as a namespace.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/server/tfplugin6.rs"));
