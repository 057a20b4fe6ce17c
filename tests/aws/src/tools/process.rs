//! Running programs, with every process that they started.

use std::io;
use std::process::{Child as BlockingChild, Command as Blocking, ExitStatus, Stdio};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Run;

/// What ends a group whose owner is gone: a shell that waits for the end of its standard input, which we hold open as
/// long as we live.
const GUARD: &str = "read _; kill -s KILL -- \"-$0\"";

/// A running program in a process group of its own. A Ctrl-C in the terminal does not reach it behind our back, and
/// all of it ends with us: when this is dropped, and when this process dies in whatever way.
pub struct Group {
    child: Child,
    id: u32,
    guard: BlockingChild,
}

impl Group {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the program ended before it began"))?;
        let mut guard = Blocking::new("sh");
        guard.args(["-c", GUARD, &id.to_string()]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut guard, 0);
        Ok(Self { child, id, guard: guard.spawn()? })
    }

    /// The program's process id, which is its group's too.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it prints, when it was started with a pipe for that; once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Asks all of it to stop, as Ctrl-C in a terminal does: SIGINT.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Ends all of it at once, as `kill -9` does.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Waits until the program itself ends.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    fn signal(&self, name: &str) {
        // A group that is gone already is what was wanted.
        let group = format!("-{}", self.id);
        let _ = Blocking::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its id is still its own as long as it was not waited for. Afterwards it may be somebody else's.
        if self.child.id().is_some() {
            self.kill();
        }
        // Killed, the guard does nothing.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// Ends the programs whose name begins so in a group at once, as `kill -9` does, and leaves the others alone: the provider that
/// a CLI started.
pub fn kill_in_group(group: u32, name: &str) {
    let Ok(list) = Blocking::new("ps").args(["-A", "-o", "pid=,pgid=,args="]).output() else { return };
    for line in String::from_utf8_lossy(&list.stdout).lines() {
        let mut words = line.split_whitespace();
        let (pid, its_group, program) = (words.next(), words.next(), words.next());
        let program = program.and_then(|program| program.rsplit('/').next()).unwrap_or_default();
        if let (Some(pid), true) = (pid, its_group == Some(group.to_string().as_str()) && program.starts_with(name)) {
            let _ = Blocking::new("kill").args(["-s", "KILL", pid]).stderr(Stdio::null()).status();
        }
    }
}

/// A running tool whose output is kept.
pub struct Running {
    group: Group,
    begun: Instant,
    stdout: Output,
    stderr: Output,
}

/// What was printed so far, and who reads the rest.
struct Output {
    printed: watch::Receiver<Vec<u8>>,
    reader: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut group = Group::start(command)?;
        let stdout = Output::of(group.child.stdout.take());
        let stderr = Output::of(group.child.stderr.take());
        Ok(Self { group, begun, stdout, stderr })
    }

    /// The tool and the providers that it started.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Waits until `text` stands on its standard output; `false` when that ends without it.
    pub async fn has_printed(&self, text: &str) -> bool {
        let mut printed = self.stdout.printed.clone();
        printed.wait_for(|printed| String::from_utf8_lossy(printed).contains(text)).await.is_ok()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be waited for. That it failed is no error here: see [`Run::success`].
    pub async fn wait(mut self) -> io::Result<Run> {
        let status = self.group.wait().await?;
        let elapsed = self.begun.elapsed();
        Ok(Run { code: status.code(), stdout: self.stdout.all().await?, stderr: self.stderr.all().await?, elapsed })
    }
}

impl Output {
    fn of(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let (sender, printed) = watch::channel(Vec::new());
        Self { printed, reader: tokio::spawn(read(pipe, sender)) }
    }

    async fn all(self) -> io::Result<String> {
        self.reader.await??;
        Ok(String::from_utf8_lossy(&self.printed.borrow()).into_owned())
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, printed: watch::Sender<Vec<u8>>) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut bytes = [0; 8192];
    loop {
        match pipe.read(&mut bytes).await? {
            0 => return Ok(()),
            count => printed.send_modify(|printed| printed.extend_from_slice(&bytes[..count])),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A shell that starts a child of its own, tells its id, and waits for it.
    fn parent_and_child() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped());
        command
    }

    async fn child_of(group: &mut Group) -> String {
        let mut text = vec![0; 32];
        let read = group.stdout().unwrap().read(&mut text).await.unwrap();
        String::from_utf8_lossy(&text[..read]).trim().to_owned()
    }

    async fn is_gone(id: &str) -> bool {
        for _ in 0..100 {
            let alive = Blocking::new("kill").args(["-0", id]).stderr(Stdio::null()).status().unwrap().success();
            // A killed orphan stays until whoever inherited it looks.
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            if !alive || state.contains(") Z ") {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    #[tokio::test]
    async fn dropping_ends_the_children_too() {
        let mut group = Group::start(&mut parent_and_child()).unwrap();
        let child = child_of(&mut group).await;
        drop(group);
        assert!(is_gone(&child).await);
    }

    #[tokio::test]
    async fn the_end_of_the_owner_ends_all() {
        let mut group = Group::start(&mut parent_and_child()).unwrap();
        let child = child_of(&mut group).await;
        // What the guard sees when its owner dies.
        drop(group.guard.stdin.take());
        assert!(is_gone(&child).await);
    }

    #[tokio::test]
    async fn output_and_exit_code_are_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 2"]);
        let running = Running::start(&mut command).unwrap();
        assert!(running.has_printed("out").await && !running.has_printed("never").await);
        let run = running.wait().await.unwrap();
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(2), "out\n", "err\n"));
    }
}
