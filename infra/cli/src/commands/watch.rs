//! `infra watch`: follows the operations in progress on a stage until they end. Starts nothing.

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployer, Watched};
use serde_json::json;
use system::StageName;

use crate::args::account::Account;
use crate::args::events::Events;
use crate::args::stage::stage_names;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::project::templates;
use crate::run::connection;
use crate::run::declarations::Declarations;
use crate::run::next_commands::NextCommands;
use crate::run::options::options;
use crate::run::plan;
use crate::run::stack_results::{self, Explain};
use crate::run::supervisor::Supervisor;
use crate::ui::reporter::Reporter;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  infra watch --stage dev             every operation in progress on dev
  {examples of systems}
  infra watch --stage dev --events json | jq -r .code

Exit codes:
  0    what ran ended well, or nothing ran
  1    what ran failed; a card shows why and what to do
  64   wrong arguments, or no credentials
  75   AWS or the network was busy or unavailable; try the same command later
  130  detached, and CloudFormation continues; or cancelled";

/// What is followed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Watch {
    /// Which stage.
    #[arg(long, value_parser = stage_names())]
    stage: StageName,
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    #[command(flatten)]
    account: Account,
    /// Write events to stdout, and nothing else.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<Events>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Watch) -> Result<Exit, Failure> {
    let stage = templates::stage(repository, arguments.stage.as_str())?;
    let synthesized = templates::synthesize(&stage)?;
    let plan = plan::plan_without_values(&synthesized, &arguments.stacks)?;
    let connection = connection::connect(repository, stage.stage.name, &arguments.account).await?;
    let (cloudformation, store) =
        (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection, stage.stage.name.as_str()));
    let deployer = Deployer::new(&cloudformation, &store, options(stage.stage.name));
    let (reporter, declarations) =
        (Reporter::new(terminal, stage.stage.name, arguments.events), Declarations::of(&synthesized));
    let commands = NextCommands::of(stage.stage.name.as_str(), &arguments.account);
    let supervisor = Supervisor::new(&reporter, &connection, &declarations);
    let mut listener = supervisor.listener();
    let watch = deployer.watch(&plan, &mut listener);
    let watched = supervisor.follow(&deployer, &plan, watch, &commands).await??;
    let exit = show(
        &reporter,
        &watched,
        &Explain { declarations: &declarations, logs: supervisor.logs(), commands: &commands },
    );
    reporter.event("run.finished", &json!({"exit": exit.code()}));
    Ok(exit)
}

fn show(reporter: &Reporter<'_>, watched: &[Watched], explain: &Explain<'_>) -> Exit {
    if watched.is_empty() {
        reporter.note(&["nothing is in progress".to_owned()]);
    }
    // A cancelled operation has not failed.
    let end = |watched: &Watched| stack_results::stopped(&watched.stack, &watched.status, watched.cause.as_ref());
    let end = |watched: &Watched| end(watched).filter(|_| reporter.is_cancelled());
    let is_bad = |stack: &&Watched| stack.status.contains("ROLLBACK") || stack.status.ends_with("_FAILED");
    let mut exit = Exit::Success;
    for watched in watched {
        if let Some(end) = end(watched) {
            stack_results::cancelled(reporter, &watched.stack, end);
            exit = Exit::Interrupted;
        }
    }
    let failed = watched.iter().filter(is_bad).filter(|watched| end(watched).is_none());
    for Watched { stack, status, cause, rolled_back } in failed {
        stack_results::show_card(
            reporter,
            &stack_results::failure_card(stack, status, cause.as_ref(), rolled_back, &[], explain),
        );
        exit = Exit::Failed;
    }
    exit
}
