//! What can go wrong with the local cloud, each with the value and the fix.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::service_name::ServiceName;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is not the state of a local cloud: remove it or run `infra local down`", path.display())]
    State { path: PathBuf, source: serde_json::Error },
    #[error("another `infra local` has held {} for {} s: wait for it or end it", path.display(), waited.as_secs())]
    Locked { path: PathBuf, waited: Duration },

    #[error("port {port} for {service} is taken by {}: choose another with {flag} (or {variable}), or end that process", holder.as_deref().unwrap_or("a process that /proc does not show"))]
    PortTaken { port: u16, service: ServiceName, holder: Option<String>, flag: &'static str, variable: &'static str },
    #[error(
        "the local cloud is already running with {service} on port {running}, but {asked} was requested: run `infra local down` first"
    )]
    OtherPort { service: ServiceName, running: u16, asked: u16 },

    #[error("{first} and {second} cannot both have port {port}: choose another with {flag} (or {variable})")]
    SamePort { port: u16, first: ServiceName, second: ServiceName, flag: &'static str, variable: &'static str },
    #[error("two services of the local cloud have the name {service}")]
    SameName { service: ServiceName },
    #[error("data set {} cannot be found: {hint}", path.display())]
    DataFile { path: PathBuf, hint: &'static str, source: io::Error },
    #[error("{title} refuses what it is to serve: {reason}")]
    Refused { title: &'static str, reason: String },

    #[error("cannot start {service} from {}", program.display())]
    Spawn { service: ServiceName, program: PathBuf, source: io::Error },
    #[error("{service} ended ({exit}) before it was ready; the end of {}:\n{tail}", log.display())]
    Died { service: ServiceName, exit: String, log: PathBuf, tail: String },
    #[error("{service} was not ready after {} s; the end of {}:\n{tail}", waited.as_secs(), log.display())]
    NotReady { service: ServiceName, waited: Duration, log: PathBuf, tail: String },
    #[error("process {pid} of {service} does not end, not even by SIGKILL")]
    WillNotEnd { service: ServiceName, pid: i32 },

    #[error("the tools of the local cloud are not, or not all, in {}: remove that folder, and `make local` installs them anew", path.display())]
    ToolsMissing { path: PathBuf },
    #[error("{} is missing: build it with `{build}`", path.display())]
    ProgramMissing { path: PathBuf, build: &'static str },
    #[error("python3 is needed for the tools, 3.10 or newer, with venv: {problem}")]
    Python { problem: String },
    #[error("{command} failed ({exit}):\n{output}")]
    Command { command: String, exit: String, output: String },
    #[error("PostgreSQL refuses to run as root, and the user `{user}` to run it as does not exist")]
    NoUser { user: &'static str },
    #[error(
        "PostgreSQL refuses to run as root, and {user} can run it from none of {tried}: make one of them reachable (x for others, no noexec)"
    )]
    Unreachable { user: &'static str, tried: String },

    #[error("{service} has no log: the local cloud was not started, `infra local up` starts it")]
    NoLog { service: ServiceName },
}

impl Error {
    /// Whether other settings would fix it. Then nothing was changed.
    pub fn is_setting(&self) -> bool {
        use Error::{DataFile, OtherPort, PortTaken, Refused, SamePort};
        matches!(self, PortTaken { .. } | OtherPort { .. } | SamePort { .. } | DataFile { .. } | Refused { .. })
    }
}

/// `.at("read", path)` on a result of `std::io`.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|source| Error::File { action, path: path.into(), source })
    }
}
