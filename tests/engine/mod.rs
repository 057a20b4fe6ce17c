//! The engine in-process against the strict AWS: what takes too many runs for a CLI.

mod drift;
mod endpoint;
mod foreign;
mod honest;
mod import;
mod past;
mod permissions;
mod reads;
mod twins;
mod world;
