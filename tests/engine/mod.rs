//! The engine in-process against the strict AWS: scenarios that need too many runs for a command-line tool.

mod account;
mod api_keys;
mod attached;
mod bad_version;
mod changes;
mod coalescing;
mod denied;
mod destroy;
mod drift;
mod edge_function;
mod execute_api_endpoint;
mod foreign;
mod home_region;
mod import;
mod kept_versions;
mod names;
mod old_states;
mod parity;
mod permissions;
mod permissions_boundary;
mod recreated_log_group;
mod replaced;
mod replaced_record;
mod traffic;
mod validation_record;
mod world;
