//! The provider as a go-plugin process: handshake, mutual TLS, log, shutdown.

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

/// The program's name.
pub const NAME: &str = env!("CARGO_PKG_NAME");

/// The program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The text for a user who runs the program by hand.
pub fn introduction() -> String {
    format!(
        "{NAME} {VERSION} is a plugin: OpenTofu and Terraform start it.\n\
         To use it, add it to a configuration and run `tofu init` or `terraform init`:\n\n    \
         terraform {{\n      required_providers {{\n        multiregion = {{ source = \"{SOURCE}\" }}\n      }}\n    }}\n\n\
         Options: --version prints the version. --debug prints how to attach OpenTofu or Terraform, and waits for them."
    )
}

/// The provider's source address. Each host completes it with its own default registry.
pub const SOURCE: &str = "multiregion/multiregion";
