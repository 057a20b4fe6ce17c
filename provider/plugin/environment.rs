//! Reads the program's arguments and environment.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::log::Level;

/// Shows that a host started the program. A user who runs it by hand does not set this variable.
///
/// # Source
/// The handshake of Terraform and OpenTofu: `internal/plugin/serve.go`.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// How the program was started.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// With an option that prints the version.
    Version,
    /// By hand, without an option that the program has. It prints an introduction.
    RunByHand,
    /// By a host or in debug mode, to serve the provider.
    Serve(Config),
}

/// Settings of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which hosts connect.
    pub mode: Mode,
    /// Directory of the socket. Default: the system's directory for temporary files.
    pub socket_directory: Option<PathBuf>,
    /// Group, by name or number, whose members may connect besides the user.
    pub socket_group: Option<String>,
    /// Ports to choose from on systems without Unix sockets.
    pub ports: RangeInclusive<u16>,
    /// Level of the log.
    pub log_level: Level,
}

/// Which hosts connect.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// The host that started the program.
    Host {
        /// The only client certificate that is accepted. `None`: the host uses no TLS.
        certificate: Option<CertificateDer<'static>>,
    },
    /// Any number of hosts, one after another, that a user attaches with `TF_REATTACH_PROVIDERS`.
    Debug,
}

/// An environment variable of the host that the program cannot use.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Invalid {
    /// `PLUGIN_CLIENT_CERT` holds no certificate.
    #[error("PLUGIN_CLIENT_CERT does not contain a certificate in PEM format: {0}")]
    Certificate(String),
    /// `PLUGIN_MIN_PORT` or `PLUGIN_MAX_PORT` is not a port number.
    #[error("{0} is not a port number: {1:?}")]
    Port(&'static str, String),
}

impl Invocation {
    /// Reads the arguments, without the program's name, and the environment.
    ///
    /// # Errors
    /// [`Invalid`] when a host started the program with variables that it cannot use.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Invalid> {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok()).filter(|v| !v.is_empty());
        match arguments.into_iter().next() {
            Some(argument) if argument == "--version" || argument == "-version" => return Ok(Self::Version),
            Some(argument) if argument == "--debug" || argument == "-debug" => {
                return Ok(Self::Serve(Config::read(Mode::Debug, text)?));
            }
            Some(_) => return Ok(Self::RunByHand),
            None => {}
        }
        if text(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Ok(Self::RunByHand);
        }
        let certificate = match text("PLUGIN_CLIENT_CERT") {
            Some(pem) => Some(
                CertificateDer::from_pem_slice(pem.as_bytes())
                    .map_err(|error| Invalid::Certificate(error.to_string()))?,
            ),
            None => None,
        };
        Config::read(Mode::Host { certificate }, text).map(Self::Serve)
    }
}

impl Config {
    fn read(mode: Mode, text: impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        let port = |name: &'static str, default: u16| match text(name) {
            Some(port) => port.parse().map_err(|_| Invalid::Port(name, port)),
            None => Ok(default),
        };
        Ok(Self {
            mode,
            socket_directory: text("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: port("PLUGIN_MIN_PORT", 10_000)?..=port("PLUGIN_MAX_PORT", 25_000)?,
            log_level: text("TF_LOG_PROVIDER")
                .or_else(|| text("TF_LOG"))
                .map_or(Level::Off, |name| Level::named(&name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Invocation, Invalid> {
        Invocation::read(arguments.iter().map(OsString::from), |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    fn served(variables: &[(&str, &str)]) -> Config {
        let variables = [variables, &[COOKIE]].concat();
        match read(&[], &variables) {
            Ok(Invocation::Serve(config)) => config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_the_cookie_the_program_is_run_by_hand() {
        assert_eq!(read(&[], &[]), Ok(Invocation::RunByHand));
        assert_eq!(read(&[], &[(COOKIE.0, "")]), Ok(Invocation::RunByHand));
        assert_eq!(read(&[], &[(COOKIE.0, "guess")]), Ok(Invocation::RunByHand));
        assert_eq!(read(&["help"], &[COOKIE]), Ok(Invocation::RunByHand));
    }

    #[test]
    fn options_have_one_or_two_dashes() {
        for option in ["--version", "-version"] {
            assert_eq!(read(&[option], &[]), Ok(Invocation::Version));
        }
        for option in ["--debug", "-debug"] {
            assert!(matches!(read(&[option], &[]), Ok(Invocation::Serve(Config { mode: Mode::Debug, .. }))));
        }
    }

    #[test]
    fn the_variables_of_the_host_are_read() {
        let config = served(&[
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/x"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "1000"),
            ("PLUGIN_MIN_PORT", "7"),
            ("PLUGIN_MAX_PORT", "9"),
        ]);
        assert_eq!(config.mode, Mode::Host { certificate: None });
        assert_eq!(config.socket_directory, Some(PathBuf::from("/run/x")));
        assert_eq!(config.socket_group.as_deref(), Some("1000"));
        assert_eq!(config.ports, 7..=9);
    }

    #[test]
    fn the_providers_own_log_level_wins() {
        assert_eq!(served(&[]).log_level, Level::Off);
        assert_eq!(served(&[("TF_LOG", "debug")]).log_level, Level::Debug);
        assert_eq!(served(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "WARN")]).log_level, Level::Warn);
        assert_eq!(served(&[("TF_LOG", "INFO"), ("TF_LOG_PROVIDER", "")]).log_level, Level::Info);
    }

    #[test]
    fn an_invalid_variable_is_an_error() {
        let invalid = read(&[], &[COOKIE, ("PLUGIN_CLIENT_CERT", "no certificate")]);
        assert!(matches!(invalid, Err(Invalid::Certificate(_))), "{invalid:?}");
        let invalid = read(&[], &[COOKIE, ("PLUGIN_MIN_PORT", "many")]);
        assert_eq!(invalid, Err(Invalid::Port("PLUGIN_MIN_PORT", "many".to_owned())));
    }
}
