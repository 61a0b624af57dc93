//! Programs as tests run them: with an environment that is the same on every machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where programs are, and where they may write. Nothing else of the environment reaches a program under test.
const KEPT: [&str; 6] = ["PATH", "HOME", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// Keeps configuration files and the network from changing a result.
const SET: [(&str, &str); 10] = [
    ("LANG", "C.UTF-8"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_AUTHOR_NAME", "test"),
    ("GIT_AUTHOR_EMAIL", "test@example.com"),
    ("GIT_COMMITTER_NAME", "test"),
    ("GIT_COMMITTER_EMAIL", "test@example.com"),
];

/// A program without the developer's environment and without a standard input.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept).envs(SET).stdin(Stdio::null());
    command
}

/// Runs git in a folder and answers with what it prints, without the blanks around it.
///
/// # Panics
/// When git fails, with what it said.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command("git").args(arguments).current_dir(folder).output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The virtual environment with the pinned Python tools: `INFRA_TOOLS_VENV`, else `.tools/venv` of the repository.
#[must_use]
pub fn tools_venv() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("INFRA_TOOLS_VENV").map_or_else(|| repository.join(".tools/venv"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_sees_where_things_are_and_nothing_else() {
        let output = command("env").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let names = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        for name in names {
            assert!(KEPT.contains(&name) || SET.iter().any(|(set, _)| *set == name), "{name} of our own environment");
        }
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there is something to be kept away");
    }
}
