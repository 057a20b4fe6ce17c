//! The Unix socket that the host connects to.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};

use nix::unistd::Group;
use tempfile::NamedTempFile;
use tokio::net::{UnixListener, UnixStream};

use super::environment::Config;
use super::listener::Address;

/// A Unix socket.
pub(super) struct Listener(NamedTempFile<UnixListener>);

impl Listener {
    /// Creates a socket in the directory that the host chose, accessible to the user and to the group that the host chose.
    pub(super) fn bind(config: &Config) -> io::Result<Self> {
        let directory = config.socket_directory.clone().unwrap_or_else(std::env::temp_dir);
        let socket = tempfile::Builder::new().prefix("plugin").make_in(directory, |path| UnixListener::bind(path))?;
        let mode = match &config.socket_group {
            Some(group) => {
                chown(socket.path(), None, Some(group_id(group)?))?;
                0o660
            }
            None => 0o600,
        };
        std::fs::set_permissions(socket.path(), Permissions::from_mode(mode))?;
        Ok(Self(socket))
    }

    /// The address for the handshake line.
    pub(super) fn address(&self) -> io::Result<Address> {
        let path = self.0.path().to_str().ok_or_else(|| io::Error::other("the socket's path is not UTF-8"))?;
        Ok(Address { network: "unix", text: path.to_owned() })
    }

    /// Accepts the next connection.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.0.as_file().accept().await.map(|(stream, _)| stream)
    }

    /// Removes the socket's file. A process that exits runs no destructors.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(self.0.path());
    }
}

/// The id of a group that is given by number or name.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let found = Group::from_name(group)?.map(|group| group.gid.as_raw());
    found.ok_or_else(|| io::Error::other(format!("PLUGIN_UNIX_SOCKET_GROUP: the group {group:?} does not exist")))
}

#[cfg(test)]
mod tests {
    use nix::unistd::Gid;

    use super::*;

    #[test]
    fn groups_are_found_by_number_and_name() {
        let own = Group::from_gid(Gid::current()).unwrap().unwrap();
        assert_eq!(group_id(&own.name).unwrap(), own.gid.as_raw());
        assert_eq!(group_id("4711").unwrap(), 4711);
        let error = group_id("no such group").unwrap_err().to_string();
        assert_eq!(error, "PLUGIN_UNIX_SOCKET_GROUP: the group \"no such group\" does not exist");
    }
}
