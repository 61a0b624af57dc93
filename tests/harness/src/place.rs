//! Where a cloud under test is: a folder below `target` that looks like the repository, ports of its own, and the command `infra` there.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use systems::operators;
use test_machine::Port;

/// A place. What runs in it is stopped on drop.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    target: PathBuf,
    /// By the variable in which `infra` looks for it.
    ports: Vec<(&'static str, Port)>,
    /// Where functions call AWS, if not MiniStack itself.
    pub(crate) functions_endpoint: Option<String>,
    is_up: bool,
    /// Locked while the place is in use; the system unlocks it however the process ends.
    _lock: File,
}

impl Place {
    /// Takes the first place of this name that no other process uses, and stops what a killed process left running there.
    pub(crate) fn take(name: &str) -> anyhow::Result<Self> {
        let (repository, target) = (repository()?, target()?);
        let folder = target.join("clouds");
        fs::create_dir_all(&folder)?;
        let (root, lock) = (1..)
            .find_map(|number| {
                let root = folder.join(format!("{name}-{number}"));
                let lock = File::create(root.with_extension("lock"));
                match lock.map(|lock| lock.try_lock().is_ok().then_some(lock)) {
                    Ok(None) => None,
                    Ok(Some(lock)) => Some(Ok((root, lock))),
                    Err(error) => Some(Err(error)),
                }
            })
            .context("all places are taken")??;
        let of_systems = operators().flat_map(|operator| operator.services()).map(|service| service.port_variable);
        let variables = ["MINISTACK_PORT", "POSTGRES_PORT"].into_iter().chain(of_systems);
        let ports = variables.map(|variable| (variable, Port::reserve())).collect();
        let was_used = root.is_dir();
        let mut place = Self { root, target, ports, functions_endpoint: None, is_up: was_used, _lock: lock };
        if was_used {
            place.down()?;
            fs::remove_dir_all(&place.root)?;
        }
        mirror(&repository, &place.root, &["Cargo.toml", "environments", "functions", "infra", "layers", "sql"])?;
        Ok(place)
    }

    pub(crate) fn up(&mut self) -> anyhow::Result<()> {
        self.is_up = true;
        self.run(&["local", "up"]).map(drop)
    }

    pub(crate) fn down(&mut self) -> anyhow::Result<()> {
        self.run(&["local", "down"])?;
        self.is_up = false;
        Ok(())
    }

    /// The port that `infra` finds in this variable.
    pub(crate) fn port(&self, variable: &str) -> anyhow::Result<u16> {
        let port = self.ports.iter().find(|(name, _)| *name == variable).map(|(_, port)| port.number());
        port.with_context(|| format!("no service has its port in {variable}"))
    }

    /// `infra` with the ports and the state of this place, ready to start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = test_machine::command(self.target.join("debug/infra"));
        let ports = self.ports.iter().map(|(variable, port)| (variable, port.number().to_string()));
        command.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).envs(ports);
        command.envs(self.functions_endpoint.iter().map(|endpoint| ("FUNCTIONS_ENDPOINT", endpoint)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(self.output(arguments)?.0)
    }

    /// What it prints: data and notes.
    pub(crate) fn output(&self, arguments: &[&str]) -> anyhow::Result<(String, String)> {
        let output = self.command(arguments).output().context("`infra` does not start; `make build` builds it")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (data, notes) = (text(&output.stdout), text(&output.stderr));
        ensure!(
            output.status.success(),
            "`infra {}` ended with {}:\n{data}{notes}",
            arguments.join(" "),
            output.status
        );
        Ok((data, notes))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_up {
            drop(self.down());
        }
    }
}

/// The repository under test.
///
/// # Errors
/// It was moved after they were built.
pub fn repository() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| format!("{} is not there any more", root.display()))
}

/// Where cargo has put this test or bench, and everything else that it built.
///
/// # Errors
/// This program does not run where cargo has put it.
pub fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    // target/<profile>/deps/<program>
    let target = program.ancestors().nth(3).filter(|target| target.join("debug").is_dir());
    Ok(target.with_context(|| format!("{} is not below target/debug", program.display()))?.to_owned())
}

/// Makes a folder look like the repository, by links to these parts and to the tools.
pub(crate) fn mirror(repository: &Path, root: &Path, parts: &[&str]) -> anyhow::Result<()> {
    fs::create_dir_all(root)?;
    for part in parts {
        symlink(repository.join(part), root.join(part))?;
    }
    fs::create_dir(root.join(".tools"))?;
    let venv = test_machine::tools_venv();
    let swagger_ui = venv.with_file_name("swagger-ui");
    if swagger_ui.is_dir() {
        symlink(swagger_ui, root.join(".tools/swagger-ui"))?;
    }
    symlink(venv, root.join(".tools/venv"))?;
    Ok(())
}
