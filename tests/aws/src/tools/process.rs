//! Runs programs, together with every process that they start.

use std::io;
use std::process::{Child as BlockingChild, Command as Blocking, ExitStatus, Stdio};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Run;

/// The guard of a process group: a shell that kills the group when its standard input closes, which this process holds
/// open while it lives.
const GUARD: &str = "read _; kill -s KILL -- \"-$0\"";

/// A running program in a process group of its own. A Ctrl-C in the terminal does not reach it, and the whole group is
/// killed when this value is dropped or this process dies, however that happens.
pub struct ProcessGroup {
    child: Child,
    id: u32,
    guard: BlockingChild,
}

impl ProcessGroup {
    /// Starts the program.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the program exited immediately"))?;
        let mut guard = Blocking::new("sh");
        guard.args(["-c", GUARD, &id.to_string()]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut guard, 0);
        Ok(Self { child, id, guard: guard.spawn()? })
    }

    /// The program's process id, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its standard output if that was piped; only once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends SIGINT to the group, as Ctrl-C in a terminal does.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends SIGKILL to the group.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Waits until the program itself exits.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    fn signal(&self, name: &str) {
        // A group that has already ended is fine.
        let group = format!("-{}", self.id);
        let _ = Blocking::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // Until it has been waited for, the id is reserved; afterwards another process may have it.
        if self.child.id().is_some() {
            self.kill();
        }
        // A killed guard does nothing.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// Kills the programs of a group whose name begins with `name`, and no others: for example the provider that a CLI
/// started.
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

/// A running tool whose output is captured.
pub struct Running {
    group: ProcessGroup,
    started: Instant,
    stdout: Output,
    stderr: Output,
}

/// The output so far, and the task that reads the rest.
struct Output {
    printed: watch::Receiver<Vec<u8>>,
    reader: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut group = ProcessGroup::start(command)?;
        let stdout = Output::of(group.child.stdout.take());
        let stderr = Output::of(group.child.stderr.take());
        Ok(Self { group, started, stdout, stderr })
    }

    /// The process group of the tool and its providers.
    pub fn group(&self) -> &ProcessGroup {
        &self.group
    }

    /// Waits until standard output contains `text`; `false` when it ends without it.
    pub async fn wait_for_output(&self, text: &str) -> bool {
        let mut printed = self.stdout.printed.clone();
        printed.wait_for(|printed| String::from_utf8_lossy(printed).contains(text)).await.is_ok()
    }

    /// Waits until the tool exits.
    ///
    /// # Errors
    /// When it cannot be waited for. A failed run is not an error here: see [`Run::success`].
    pub async fn wait(mut self) -> io::Result<Run> {
        let status = self.group.wait().await?;
        let elapsed = self.started.elapsed();
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

    /// A shell that starts a child process, prints its id, and waits for it.
    fn parent_and_child() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped());
        command
    }

    async fn child_of(group: &mut ProcessGroup) -> String {
        let mut text = vec![0; 32];
        let read = group.stdout().unwrap().read(&mut text).await.unwrap();
        String::from_utf8_lossy(&text[..read]).trim().to_owned()
    }

    async fn is_gone(id: &str) -> bool {
        for _ in 0..100 {
            let alive = Blocking::new("kill").args(["-0", id]).stderr(Stdio::null()).status().unwrap().success();
            // A killed orphan remains until its new parent reaps it.
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            if !alive || state.contains(") Z ") {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    #[tokio::test]
    async fn dropping_a_group_kills_its_children() {
        let mut group = ProcessGroup::start(&mut parent_and_child()).unwrap();
        let child = child_of(&mut group).await;
        drop(group);
        assert!(is_gone(&child).await);
    }

    #[tokio::test]
    async fn a_group_is_killed_when_its_owner_dies() {
        let mut group = ProcessGroup::start(&mut parent_and_child()).unwrap();
        let child = child_of(&mut group).await;
        // The guard sees this when its owner dies.
        drop(group.guard.stdin.take());
        assert!(is_gone(&child).await);
    }

    #[tokio::test]
    async fn output_and_exit_code_are_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 2"]);
        let running = Running::start(&mut command).unwrap();
        assert!(running.wait_for_output("out").await && !running.wait_for_output("never").await);
        let run = running.wait().await.unwrap();
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(2), "out\n", "err\n"));
    }
}
