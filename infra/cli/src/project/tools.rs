//! The pinned tools below `.tools`, by purpose, and what archives contain beside binaries; nothing is installed twice.

use std::path::Path;

use clap::ValueEnum;
use local_cloud::Layout;
use tokio::process::Command;

use crate::exit::{Context, Failure};
use crate::project::repository::Repository;
use crate::project::swagger_ui;
use crate::ui::terminal::Terminal;

/// Its rules are in `infra/systems/policies`.
const GUARD: (&str, &str) = ("cfn-guard", "3.2.1");

/// What tools are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tools {
    /// MiniStack, PostgreSQL and Swagger UI.
    Local,
    /// cfn-lint, cloudformation-validate, zizmor, checkov, cfn-guard and schemathesis.
    Lint,
    /// cargo-lambda, zig and Swagger UI.
    Release,
}

impl Tools {
    fn requirements(self) -> &'static str {
        match self {
            Self::Local => "infra/local/requirements.txt",
            Self::Lint => "tests/requirements.txt",
            Self::Release => "functions/requirements.txt",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Local => "MiniStack and PostgreSQL",
            Self::Lint => "cfn-lint, cloudformation-validate and zizmor",
            Self::Release => "cargo-lambda and zig",
        }
    }

    /// Installs what is missing.
    pub(crate) async fn install(self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
        let root = repository.root();
        let requirements = root.join(self.requirements());
        let stamp = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let venv = Layout::new(root).venv();
        let packages = async || Ok(local_cloud::install(root, &requirements, &stamp).await?);
        install_one(terminal, self.describe(), &venv, packages).await?;
        if self == Self::Lint {
            for name in ["checkov", "schemathesis"] {
                let requirements = root.join("tests").join(format!("{name}-requirements.txt"));
                let venv = root.join(".tools").join(name);
                let packages = async || Ok(local_cloud::install_into(root, &venv, &requirements, name).await?);
                install_one(terminal, name, &venv, packages).await?;
            }
            let tools = root.join(".tools");
            install_one(terminal, "cfn-guard (compiled, about a minute)", &tools, async || guard(&tools).await).await?;
        } else {
            install_swagger_ui(repository, terminal).await?;
        }
        Ok(())
    }
}

/// What archives of functions contain beside what is compiled.
pub(crate) async fn install_swagger_ui(repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
    let folder = swagger_ui::folder(repository);
    install_one(terminal, "Swagger UI", &folder, async || swagger_ui::install(repository).await).await
}

async fn install_one(
    terminal: &Terminal,
    what: &str,
    place: &Path,
    install: impl AsyncFnOnce() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let spinner = terminal.spinner(what.to_owned());
    let is_new = install().await;
    spinner.inspect(indicatif::ProgressBar::finish_and_clear);
    if is_new? {
        terminal.note(&format!("installed {what} into {}", place.display()));
    }
    Ok(())
}

/// There is no package for it, so cargo compiles it. Our rules take a fraction of a second even without optimization, which would take
/// another two minutes.
async fn guard(tools: &Path) -> Result<bool, Failure> {
    let (name, version) = GUARD;
    let said = Command::new(tools.join("bin").join(name)).arg("--version").output().await;
    if said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).trim() == format!("{name} {version}")) {
        return Ok(false);
    }
    let output = Command::new("cargo")
        .args(["install", "--quiet", "--locked", "--force", "--profile", "dev", "--version", &format!("={version}")])
        .arg("--root")
        .arg(tools)
        .arg(name)
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false")
        .env_remove("CARGO_TARGET_DIR")
        .kill_on_drop(true)
        .output()
        .await
        .context("cargo does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(true),
        false => Err(Failure::failed(format!("`cargo install {name}` says: {}", said.trim()))),
    }
}

/// Installs several sets, one after the other.
pub(crate) async fn install(repository: &Repository, terminal: &Terminal, sets: &[Tools]) -> Result<(), Failure> {
    for tools in sets {
        tools.install(repository, terminal).await?;
    }
    Ok(())
}
