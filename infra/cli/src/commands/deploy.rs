//! `infra deploy`: from a stage to its stacks with outputs. Rejects templates that are stale or not committed,
//! missing values, and changes that are not approved.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployer, Options, Outcome};
use serde_json::json;
use system::StageName;

use crate::args::account::Account;
use crate::args::events::Events;
use crate::args::execution_role::ExecutionRole;
use crate::args::stage::stage_names;
use crate::args::values::Values;
use crate::changes::approval::{Approve, CommandApprover};
use crate::changes::today::today;
use crate::exit::{Exit, Failure};
use crate::project::archives;
use crate::project::git_status;
use crate::project::repository::Repository;
use crate::run::next_commands::NextCommands;
use crate::run::options::options;
use crate::run::plan::{self, Prepared};
use crate::run::stack_results::{self, Explain};
use crate::run::supervisor::Supervisor;
use crate::ui::reporter::Reporter;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Approval (--approve):
  never      change without a question; the default on the stage local
  dangerous  ask for what the review finds dangerous: broadened permissions,
             exposure, weaker encryption or reliability, lost data; the default
             elsewhere
  always     ask for every change

The changes are shown before the question. Without a terminal to ask at, the stack is left as it is, the reasons are shown and \
this ends with 77. Data that would be lost has to be named, whatever was approved: --accept-data-loss STACK/RESOURCE. The \
stage local accepts uncommitted templates and any loss: it can be recreated in seconds.

Ctrl-C at a terminal asks whether to detach (CloudFormation continues, `infra watch` reattaches) or to cancel. Without a \
terminal it detaches.

Examples:
  infra deploy --stage local
  infra deploy --stage dev --profile work --vpc-id vpc-0123456789abcdef0
  infra deploy --stage stg --import-existing         takes back what stayed when
                                                     the stage was destroyed
  {examples of systems}
  infra build --stage prd --archives built           builds on one machine what
  infra deploy --stage prd --archives built          another one deploys
  infra deploy --stage stg --events json --approve never | jq -c .code

Exit codes:
  0    done, or there was nothing to change
  1    a stack failed; a card shows why and what to do
  64   wrong or missing values; nothing was touched
  65   a committed template is stale, or not committed
  75   AWS or the network was busy or unavailable; try the same command later
  77   not approved; those stacks were left as they are
  130  detached, and CloudFormation continues; or cancelled, and all
       has come to rest";

/// What is deployed, and with which values.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Deploy {
    /// Which stage.
    #[arg(long, value_parser = stage_names())]
    stage: StageName,
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    execution_role: ExecutionRole,
    /// Deploy the archives that were built last.
    #[arg(long)]
    skip_build: bool,
    /// Deploy the archives that `infra build --archives` wrote into this folder, here or elsewhere; nothing is built, and neither cargo
    /// nor pip is started.
    #[arg(long, value_name = "FOLDER", conflicts_with = "skip_build")]
    archives: Option<PathBuf>,
    /// Which changes need an approval.
    #[arg(long, value_name = "WHAT")]
    approve: Option<Approve>,
    /// A resource whose data may be lost; may be given several times.
    #[arg(long, value_name = "STACK/RESOURCE")]
    accept_data_loss: Vec<String>,
    /// Delete a stack whose creation or deletion failed, without asking, and create it again.
    #[arg(long)]
    replace_failed: bool,
    /// A resource that a failed rollback may skip; may be given several times.
    #[arg(long, value_name = "STACK/RESOURCE")]
    skip_rollback: Vec<String>,
    /// Import resources that already exist under a fixed name of the template, such as those that a deleted stack retained,
    /// into the stack again instead of failing on them.
    #[arg(long)]
    import_existing: bool,
    /// Deploy templates that are not committed, or whose state git cannot report.
    #[arg(long)]
    allow_dirty: bool,
    /// How many stacks to deploy at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Write events to stdout, and nothing else.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<Events>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Deploy) -> Result<Exit, Failure> {
    let start = Instant::now();
    let options = Options {
        concurrency: usize::from(arguments.concurrency),
        accept_data_loss: resources("--accept-data-loss", &arguments.accept_data_loss)?,
        skip_rollback: resources("--skip-rollback", &arguments.skip_rollback)?,
        execution_role: arguments.execution_role.given(arguments.stage)?,
        import_existing: arguments.import_existing,
        ..options(arguments.stage)
    };
    committed(repository, arguments.stage, arguments.allow_dirty)?;
    let Deploy { stage, stacks, account, values, .. } = arguments;
    let prepared = plan::prepare(repository, *stage, stacks, account, values).await?;
    let Prepared { stage, plan, connection, declarations } = prepared;
    let archives = match &arguments.archives {
        Some(folder) => archives::prebuilt(folder, &stage, &plan.assets())?,
        None => archives::archives(repository, terminal, &stage, &plan.assets(), arguments.skip_build).await?,
    };

    let (cloudformation, store) =
        (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection, stage.name.as_str()));
    let deployer = Deployer::new(&cloudformation, &store, options);
    let reporter = Reporter::new(terminal, stage.name, arguments.events);
    let supervisor = Supervisor::new(&reporter, &connection, &declarations);
    let by_default = if stage.name == StageName::Local { Approve::Never } else { Approve::Dangerous };
    let approver = CommandApprover {
        reporter: &reporter,
        stage: stage.name,
        approve: arguments.approve.unwrap_or(by_default),
        replace_failed: arguments.replace_failed,
        today: today(),
    };
    let commands = NextCommands::of(stage.name.as_str(), account);
    let mut listener = supervisor.listener();
    let deploy = deployer.deploy(&plan, &archives, &approver, &mut listener);
    let deployed = supervisor.follow(&deployer, &plan, deploy, &commands).await?;
    let seconds = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let exit = match deployed {
        Ok(deployed) => {
            stack_results::outputs(&reporter, &deployed);
            let is_quiet = deployed.iter().all(|stack| stack.outcome == Outcome::UpToDate);
            reporter.note(&[match is_quiet {
                true => format!("nothing to change on {}, {seconds:.1} s", stage.name),
                false => format!("deployed {} in {seconds:.1} s", stage.name),
            }]);
            Exit::Success
        }
        Err(error) => stack_results::failed(
            &reporter,
            error,
            &Explain { declarations: &declarations, logs: supervisor.logs(), commands: &commands },
        )?,
    };
    reporter.event("run.finished", &json!({"exit": exit.code(), "seconds": seconds}));
    Ok(exit)
}

/// What is deployed was reviewed, so it must be in git. The stage local is for work in progress.
fn committed(repository: &Repository, stage: StageName, allow_dirty: bool) -> Result<(), Failure> {
    if allow_dirty || stage == StageName::Local {
        return Ok(());
    }
    git_status::require_committed(repository.root(), &format!("environments/{stage}"))
}

/// Names of resources as the flags take them.
fn resources<T: FromIterator<String>>(flag: &str, names: &[String]) -> Result<T, Failure> {
    let is_name = |name: &&String| name.split('/').count() >= 2 && name.split('/').all(|part| !part.is_empty());
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(names.iter().cloned().collect()),
        Some(name) => {
            Err(Failure::usage(format!("{flag} {name:?} is not STACK/RESOURCE, for example ShopData/Cluster")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_with_its_stack() {
        let of = |name: &str| resources::<Vec<String>>("--accept-data-loss", &[name.to_owned()]);
        assert_eq!(of("ShopData/Cluster").unwrap(), ["ShopData/Cluster"]);
        assert_eq!(of("ShopData/Nested/Table").unwrap(), ["ShopData/Nested/Table"]);
        for wrong in ["Cluster", "ShopData/", "/Cluster", ""] {
            let error = of(wrong).unwrap_err().to_string();
            assert!(error.contains("STACK/RESOURCE") && error.contains(&format!("{wrong:?}")), "{error}");
        }
    }
}
