//! Processes of ours: started in their own groups, recognized even after their id was reused, stopped with everything they started.
//! Never signals a process whose start time differs from the recorded one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

/// In the environment of every child and of what it starts, with the state folder as its value. It lets `down` find
/// what an `up` left behind that was killed before it could write its state.
pub(crate) const MARK: &str = "LOCAL_CLOUD_STATE";

/// A process with its start time: the id alone may belong to another process by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Clock ticks after boot, field 22 of `/proc/PID/stat`.
    start_time: u64,
}

impl Process {
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, start_time: stat(pid)?.start_time })
    }

    /// A child that ended before it could be inspected.
    pub(crate) fn ended(pid: i32) -> Self {
        Self { pid, start_time: u64::MAX }
    }

    /// A zombie has ended, though its parent has not waited for it; unless other threads of it still hold its files and ports.
    pub(crate) fn is_alive(self) -> bool {
        let lives = |stat: &Stat| !matches!(stat.state, 'Z' | 'X') || stat.threads > 1;
        stat(self.pid).is_some_and(|stat| stat.start_time == self.start_time && lives(&stat))
    }

    /// Whether its program was rebuilt since it started.
    pub(crate) fn program_is_replaced(self) -> bool {
        let program = std::fs::read_link(format!("/proc/{}/exe", self.pid)).unwrap_or_default();
        // Linux marks a deleted file like this, and every linker deletes the file before it writes a new one.
        program.to_string_lossy().ends_with(" (deleted)")
    }

    /// Asks the process to stop, gives it `grace`, then kills its whole group. False if even that did not stop it.
    pub(crate) async fn end(self, ask: Signal, grace: Duration) -> bool {
        if self.is_alive() {
            let _ = kill(Pid::from_raw(self.pid), ask);
            if !self.ended_within(grace).await {
                let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
            }
        }
        // Its group may live on without it, but only while no other process has taken the id.
        if Self::of(self.pid).is_none_or(|now| now == self) {
            let _ = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
        self.ended_within(Duration::from_secs(5)).await
    }

    async fn ended_within(self, patience: Duration) -> bool {
        let start = Instant::now();
        while self.is_alive() {
            if start.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

/// Starts a command in its own process group, with nothing of our environment but the path, its output appended to `log`.
pub(crate) fn spawn(command: &mut Command, state_dir: &Path, log: &Path) -> io::Result<Child> {
    let output = File::options().create(true).append(true).open(log)?;
    command
        .env_clear_but_path()
        .env(MARK, state_dir)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0)
        .spawn()
}

trait EnvClearButPath {
    fn env_clear_but_path(&mut self) -> &mut Self;
}

impl EnvClearButPath for Command {
    fn env_clear_but_path(&mut self) -> &mut Self {
        // `env_clear` also drops what was set before: keep that.
        let set: Vec<_> =
            self.as_std().get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        self.env_clear();
        self.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
        self.env("LANG", "C.UTF-8").envs(set)
    }
}

/// Processes that carry our mark.
pub(crate) fn marked(state_dir: &Path) -> Vec<Process> {
    let mark = format!("{MARK}={}", state_dir.display());
    let own = std::process::id() as i32;
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|&pid| pid != own)
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
        })
        .filter_map(Process::of)
        .filter(|process| process.is_alive())
        .collect()
}

/// Processes whose current folder is this one.
pub(crate) fn working_in(dir: &Path) -> Vec<Process> {
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == dir))
        .filter_map(Process::of)
        .collect()
}

struct Stat {
    state: char,
    threads: u32,
    start_time: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may contain anything, including parentheses and spaces.
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // Fields 20 and 22; the state is field 3.
    let threads = fields.nth(16)?.parse().ok()?;
    Some(Stat { state, threads, start_time: fields.nth(1)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_use_by_another_process_is_not_alive() {
        let own = Process::of(std::process::id() as i32).unwrap();
        assert!(own.is_alive());
        assert!(!Process { start_time: own.start_time + 1, ..own }.is_alive());
    }

    #[tokio::test]
    async fn a_process_that_ignores_the_question_is_killed_with_its_group() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"]);
        let child = spawn(&mut command, dir.path(), &dir.path().join("log")).unwrap();
        let process = Process::of(child.id().unwrap() as i32).unwrap();
        let child = loop {
            let line = std::fs::read_to_string(dir.path().join("log")).unwrap();
            if let Some(child) = line.trim().parse().ok().and_then(Process::of) {
                break child;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(marked(dir.path()).len(), 2);
        assert!(process.end(Signal::SIGTERM, Duration::from_millis(200)).await);
        assert!(child.ended_within(Duration::from_secs(2)).await);
        assert_eq!(marked(dir.path()), []);
    }
}
