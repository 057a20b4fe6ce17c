//! A command-line tool while it runs, with every process that it started.

use std::io;
use std::process::{Command as Blocking, Stdio};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::Run;

/// A running tool in a process group of its own, so that a Ctrl-C in the terminal is not passed to it behind our
/// back. Dropped, the whole group is killed: the tool and the providers it started.
pub struct Running {
    child: Child,
    group: u32,
    ended: bool,
    begun: Instant,
    stdout: JoinHandle<io::Result<Vec<u8>>>,
    stderr: JoinHandle<io::Result<Vec<u8>>>,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let group = child.id().ok_or_else(|| io::Error::other("the tool ended before it began"))?;
        let (stdout, stderr) = (tokio::spawn(read(child.stdout.take())), tokio::spawn(read(child.stderr.take())));
        Ok(Self { child, group, ended: false, begun, stdout, stderr })
    }

    /// The tool's process id, which is its group's too.
    pub fn id(&self) -> u32 {
        self.group
    }

    /// Asks it to stop, as Ctrl-C in a terminal does: the tool and its providers get SIGINT.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Ends it and its providers at once, as `kill -9` does.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be waited for. That it failed is no error here: see [`Run::success`].
    pub async fn wait(mut self) -> io::Result<Run> {
        let status = self.child.wait().await?;
        let elapsed = self.begun.elapsed();
        self.ended = true;
        let stdout = (&mut self.stdout).await??;
        let stderr = (&mut self.stderr).await??;
        Ok(Run {
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            elapsed,
        })
    }

    fn signal(&self, name: &str) {
        // A group that is gone already is what was wanted.
        let _ = Blocking::new("kill")
            .args([format!("-{name}"), "--".to_owned(), format!("-{}", self.group)])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
        }
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
