//! Programs that systems give to the local cloud, such as a stand-in for an API on the internet.
//! Does not know what they serve: their arguments, data files and the wording about them are data.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::error::Error;
use crate::health;
use crate::service_name::ServiceName;
use crate::state::{Started, State};

/// A program that runs next to MiniStack and PostgreSQL.
///
/// It is started as `<program> --port=<port> <data files> <arguments>`. With `--check` as its last argument it validates the
/// others, writes the first error as the first line of its standard error (`error: ..`), and exits; until then a running cloud is
/// left alone. Other arguments or a rebuilt binary restart only the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// As in `infra local logs <name>`, in the name of its log and in JSON: lowercase and unique.
    pub name: &'static str,
    /// How messages name it, with its article: `the price server`.
    pub title: &'static str,
    pub program: PathBuf,
    /// The command that builds `program`, for the error when it is missing.
    pub build: &'static str,
    pub port: u16,
    /// The flag for another port, for errors: `--prices-port`.
    pub port_flag: &'static str,
    /// The variable for another port: `PRICES_PORT`.
    pub port_variable: &'static str,
    /// Without the port and without `data`.
    pub arguments: Vec<String>,
    /// Path of a GET that returns a JSON object with `version`, once the program is ready.
    pub health: &'static str,
    /// None for a program that reads no files of real data.
    pub data: Option<DataFiles>,
}

/// Files with real data that a program may serve instead of generated data. The two must not mix in the databases: when one
/// replaces the other, everything starts empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFiles {
    /// What precedes a file's path in the program's arguments: `--dataset=`.
    pub argument: &'static str,
    /// Relative paths are resolved against the current folder.
    pub files: Vec<PathBuf>,
    /// Whether the program keeps the files that it already serves when none are given. False if the arguments
    /// request other data.
    pub keep: bool,
    /// What to give, for the error about a file that cannot be found.
    pub hint: &'static str,
}

/// A program with the arguments it is to run with, which it has validated.
pub(crate) struct Prepared<'a> {
    pub(crate) program: &'a Program,
    pub(crate) arguments: Vec<String>,
    /// Runs with other arguments, or was rebuilt since.
    pub(crate) is_changed: bool,
    /// Real data replaces generated data, or the other way round.
    pub(crate) mixes_data: bool,
}

impl<'a> Prepared<'a> {
    pub(crate) async fn new(program: &'a Program, state: &State) -> Result<Self, Error> {
        if !program.program.is_file() {
            return Err(Error::ProgramMissing { path: program.program.clone(), build: program.build });
        }
        let name = program.service_name();
        let before = state.started(&name).map(|started| started.arguments.as_slice());
        let arguments = program.arguments(before.unwrap_or_default())?;
        let differs = |running: &Started| running.arguments != arguments || running.process.program_is_replaced();
        let (is_running, is_changed) = match state.alive(&name) {
            Some(running) => (true, differs(running)),
            None => (false, false),
        };
        if !is_running || is_changed {
            program.check(&arguments).await?;
        }
        let mixes_data =
            before.is_some_and(|before| program.has_real_data(before) != program.has_real_data(&arguments));
        Ok(Self { program, arguments, is_changed, mixes_data })
    }
}

impl Program {
    pub(crate) fn service_name(&self) -> ServiceName {
        ServiceName::from(self.name)
    }

    /// Its whole configuration, for comparison. `before`: what it ran with until now.
    fn arguments(&self, before: &[String]) -> Result<Vec<String>, Error> {
        let mut arguments = vec![format!("--port={}", self.port)];
        if let Some(data) = &self.data {
            for file in &data.files {
                let found = file.canonicalize();
                let found = found.map_err(|source| Error::DataFile { path: file.clone(), hint: data.hint, source })?;
                arguments.push(format!("{}{}", data.argument, found.display()));
            }
            if data.files.is_empty() && data.keep {
                arguments.extend(before.iter().filter(|argument| argument.starts_with(data.argument)).cloned());
            }
        }
        arguments.extend(self.arguments.iter().cloned());
        Ok(arguments)
    }

    fn has_real_data(&self, arguments: &[String]) -> bool {
        let data = self.data.as_ref();
        data.is_some_and(|data| arguments.iter().any(|argument| argument.starts_with(data.argument)))
    }

    /// The program itself validates its files and settings, before anything that is running is stopped for it.
    async fn check(&self, arguments: &[String]) -> Result<(), Error> {
        let mut check = Command::new(&self.program);
        check.args(arguments).arg("--check").env_clear().stdin(Stdio::null()).kill_on_drop(true);
        let output = check.output().await.map_err(|source| Error::Spawn {
            service: self.service_name(),
            program: self.program.clone(),
            source,
        })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().next().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason).to_owned();
        Err(Error::Refused { title: self.title, reason })
    }

    pub(crate) fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        command
    }

    /// Its version, once it responds.
    pub(crate) async fn version(&self) -> Option<String> {
        let body = health::http(self.port, self.health).await.ok()?;
        let health: serde_json::Value = serde_json::from_str(&body).ok()?;
        Some(health.get("version")?.as_str()?.to_owned())
    }
}
