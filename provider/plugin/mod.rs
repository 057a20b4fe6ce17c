//! How the host starts and ends us: handshake, mutual TLS, logs, shutdown.

mod controller;
mod crash;
mod environment;
mod host;
mod listener;
mod log;
mod serve;
#[cfg(any(not(unix), test))]
mod tcp;
mod tls;
#[cfg(unix)]
mod unix;
mod validity;

pub use crash::install as install_panic_hook;
pub use environment::{Config, Invalid, Invocation, Mode};
pub use host::Parent;
pub use log::install as install_logs;
pub use serve::{ServeError, serve};

/// The program's name, as a person sees it.
pub const NAME: &str = env!("CARGO_PKG_NAME");

/// The program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a person reads who starts the program by hand.
pub fn introduction() -> String {
    format!(
        "{NAME} {VERSION} is a plugin: OpenTofu and Terraform start it, people do not.\n\
         Name it in a configuration, and run `tofu init` or `terraform init`:\n\n    \
         terraform {{\n      required_providers {{\n        multiregion = {{ source = \"{SOURCE}\" }}\n      }}\n    }}\n\n\
         Options: --version prints the version; --debug waits for a CLI that is told to attach itself."
    )
}

/// The provider's source address, which either host completes with its own registry.
pub const SOURCE: &str = "multiregion/multiregion";
