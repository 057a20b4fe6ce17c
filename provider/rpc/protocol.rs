//! Generated from `proto/tfplugin6.proto`.

// Each call has a struct of its own name that serves as a namespace only.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated code"
)]

include!(concat!(env!("OUT_DIR"), "/server/tfplugin6.rs"));
