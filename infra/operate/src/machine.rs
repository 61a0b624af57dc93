//! The machine that the command runs on. Never waits for a program longer than two seconds.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::doctor::Machine;

/// This machine, seen from the repository at `root`.
#[derive(Debug, Clone)]
pub struct ThisMachine {
    pub root: PathBuf,
}

impl Machine for ThisMachine {
    async fn answer(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(2), command.output()).await.ok()?.ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        output.status.success().then(|| line.to_owned())
    }

    fn is_free(&self, port: u16) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    }

    fn free_bytes(&self) -> Option<u64> {
        let of = nix::sys::statvfs::statvfs(&self.root).ok()?;
        Some(of.blocks_available() * of.fragment_size())
    }
}
