//! The engine in-process against the strict AWS: what takes too many runs for a CLI.

mod account;
mod cut_over;
mod drift;
mod endpoint;
mod foreign;
mod home;
mod honest;
mod import;
mod leftovers;
mod past;
mod permissions;
mod reads;
mod twins;
mod validation;
mod world;
