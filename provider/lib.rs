//! One HTTP API in many AWS regions, from one declaration: an OpenTofu and Terraform provider.
//!
//! The modules are listed in the order in which data passes through them: see `ARCHITECTURE.md`.

pub mod plugin;

pub mod docs;

mod rpc;

pub mod wire;

pub mod schema;

pub mod configuration;

pub mod resources;

pub mod data_sources;

pub mod functions;

pub mod package;

pub mod lifecycle;

pub mod ownership;

pub mod desired;

pub mod plan;

pub mod apply;

pub mod components;

pub mod aws;

pub mod traffic;
