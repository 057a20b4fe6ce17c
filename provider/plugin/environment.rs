//! What the program was started for, by its arguments and environment.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::log::Level;

/// Proves that a host started us, and no person.
///
/// # Source
/// The handshake that Terraform and OpenTofu share: `internal/plugin/serve.go` of either.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// What the program was started for.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// Somebody asks for the version.
    Version,
    /// A person started it, and it can do nothing for them.
    Person,
    /// It is to serve.
    Serve(Config),
}

/// How to serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// For whom.
    pub mode: Mode,
    /// Where the socket goes; the system's temporary directory when the host does not say.
    pub socket_directory: Option<PathBuf>,
    /// Who besides the user may use the socket: a group's name or number.
    pub socket_group: Option<String>,
    /// The ports to choose from where there are no Unix sockets.
    pub ports: RangeInclusive<u16>,
    /// What is logged.
    pub log_level: Level,
}

/// For whom the program serves.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// One host, which started us.
    Host {
        /// The only certificate whose owner is listened to; `None` when the host wants no TLS.
        certificate: Option<CertificateDer<'static>>,
    },
    /// Hosts that a person tells to attach themselves.
    Debug,
}

/// A host that says something we cannot use.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Invalid {
    /// The certificate of `PLUGIN_CLIENT_CERT` cannot be read.
    #[error("PLUGIN_CLIENT_CERT holds no certificate in PEM form: {0}")]
    Certificate(String),
    /// The ports of `PLUGIN_MIN_PORT` and `PLUGIN_MAX_PORT` are none.
    #[error("{0} is not a port number: {1:?}")]
    Port(&'static str, String),
}

impl Invocation {
    /// Reads the arguments (without the program's name) and the environment.
    ///
    /// # Errors
    /// [`Invalid`] when a host started us and its handshake cannot be kept.
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
            Some(_) => return Ok(Self::Person),
            None => {}
        }
        if text(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Ok(Self::Person);
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
    fn without_the_cookie_it_is_a_person() {
        assert_eq!(read(&[], &[]), Ok(Invocation::Person));
        assert_eq!(read(&[], &[(COOKIE.0, "")]), Ok(Invocation::Person));
        assert_eq!(read(&[], &[(COOKIE.0, "guess")]), Ok(Invocation::Person));
        assert_eq!(read(&["help"], &[COOKIE]), Ok(Invocation::Person));
    }

    #[test]
    fn options_are_known_in_both_spellings() {
        for option in ["--version", "-version"] {
            assert_eq!(read(&[option], &[]), Ok(Invocation::Version));
        }
        for option in ["--debug", "-debug"] {
            assert!(matches!(read(&[option], &[]), Ok(Invocation::Serve(Config { mode: Mode::Debug, .. }))));
        }
    }

    #[test]
    fn what_the_host_says_is_kept() {
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
    fn a_broken_handshake_is_told() {
        let broken = read(&[], &[COOKIE, ("PLUGIN_CLIENT_CERT", "no certificate")]);
        assert!(matches!(broken, Err(Invalid::Certificate(_))), "{broken:?}");
        let broken = read(&[], &[COOKIE, ("PLUGIN_MIN_PORT", "many")]);
        assert_eq!(broken, Err(Invalid::Port("PLUGIN_MIN_PORT", "many".to_owned())));
    }
}
