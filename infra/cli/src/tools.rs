//! The pinned tools below `.tools`, by what they are for. Refuses to install what is there.

use clap::ValueEnum;
use local_cloud::Layout;

use crate::repository::Repository;
use crate::terminal::Terminal;

/// What tools are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tools {
    /// MiniStack and PostgreSQL.
    Local,
    /// cfn-lint and cloudformation-validate.
    Lint,
    /// cargo-lambda and zig.
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
            Self::Lint => "cfn-lint and cloudformation-validate",
            Self::Release => "cargo-lambda and zig",
        }
    }

    /// Installs what is not there yet.
    pub(crate) async fn install(self, repository: &Repository, terminal: &Terminal) -> anyhow::Result<()> {
        let requirements = repository.root().join(self.requirements());
        let stamp = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let spinner = terminal.spinner(self.describe().to_owned());
        let is_new = local_cloud::install(repository.root(), &requirements, &stamp).await;
        spinner.inspect(|spinner| spinner.finish_and_clear());
        if is_new? {
            let venv = Layout::new(repository.root()).venv();
            terminal.note(&format!("installed {} into {}", self.describe(), venv.display()));
        }
        Ok(())
    }
}

/// Installs several sets, one after the other.
pub(crate) async fn install(repository: &Repository, terminal: &Terminal, sets: &[Tools]) -> anyhow::Result<()> {
    for tools in sets {
        tools.install(repository, terminal).await?;
    }
    Ok(())
}
