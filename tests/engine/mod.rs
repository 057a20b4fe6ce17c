//! The engine in-process against the strict AWS: scenarios that need too many runs for a command-line tool.

mod account;
mod attached;
mod coalescing;
mod destroy;
mod drift;
mod execute_api_endpoint;
mod foreign;
mod home_region;
mod import;
mod old_states;
mod parity;
mod permissions;
mod recreated_log_group;
mod replaced;
mod validation_record;
mod world;
