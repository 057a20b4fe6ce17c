//! The Unix socket at which the host reaches us.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};

use tempfile::NamedTempFile;
use tokio::net::{UnixListener, UnixStream};

use super::environment::Config;
use super::listener::Address;

/// A Unix socket.
pub(super) struct Listener(NamedTempFile<UnixListener>);

impl Listener {
    /// A socket where the host wants it, for the user and, when the host says so, a group.
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

    /// Where it is.
    pub(super) fn address(&self) -> io::Result<Address> {
        let path = self.0.path().to_str().ok_or_else(|| io::Error::other("the socket's path is not UTF-8"))?;
        Ok(Address { network: "unix", text: path.to_owned() })
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.0.as_file().accept().await.map(|(stream, _)| stream)
    }

    /// Takes the socket's file away: a process that exits drops nothing.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(self.0.path());
    }
}

/// A group by its number or name.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    find_group(&std::fs::read_to_string("/etc/group")?, group)
        .ok_or_else(|| io::Error::other(format!("there is no group {group:?} (PLUGIN_UNIX_SOCKET_GROUP)")))
}

fn find_group(table: &str, group: &str) -> Option<u32> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::find_group;

    #[test]
    fn groups_are_found_by_name() {
        let table = "root:x:0:\nstaff:x:50:ann,bob\n";
        assert_eq!(find_group(table, "staff"), Some(50));
        assert_eq!(find_group(table, "sta"), None);
    }
}
