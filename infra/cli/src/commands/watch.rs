//! `infra watch`: takes up what is under way on a stage and stays with it to its end. Refuses to begin anything.

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployer, Watched};
use serde_json::json;
use system::StageName;

use crate::commands::deploy::options;
use crate::commands::synth;
use crate::commands::{Account, stage_names};
use crate::exit::Exit;
use crate::project::repository::Repository;
use crate::run::connection;
use crate::run::failure_card::Commands;
use crate::run::plan::{self, Sources};
use crate::run::stack_results::{self, Explain};
use crate::run::supervisor::Running;
use crate::ui::reporter::{Events, View};
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  infra watch --stage dev             everything that is under way on dev
  infra watch --stage dev FipeData    this stack alone
  infra watch --stage dev --events json | jq -r .code

Exit codes:
  0    what ran ended well, or nothing ran
  1    what ran failed; a card tells why and what to do
  64   wrong arguments, or no credentials
  75   AWS or the network was busy or away; the same command may succeed later
  130  left before the end, and CloudFormation goes on; or cancelled";

/// What is watched.
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
    /// Tell events on stdout, and nothing else there.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<Events>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Watch) -> anyhow::Result<Exit> {
    let stage = synth::stage(repository, arguments.stage.as_str())?;
    let synthesized = synth::synthesize(&stage)?;
    let plan = plan::plan_without_values(&synthesized, &arguments.stacks)?;
    let connection = connection::connect(repository, stage.stage.name, &arguments.account).await?;
    let (cloudformation, store) = (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection));
    let deployer = Deployer::new(&cloudformation, &store, options(stage.stage.name));
    let (view, sources) = (View::new(terminal, stage.stage.name, arguments.events), Sources::of(&synthesized));
    let commands = Commands::of(stage.stage.name.as_str(), &arguments.account);
    let running = Running::new(&view, &connection, &sources);
    let mut listener = running.listener();
    let watch = deployer.watch(&plan, &mut listener);
    let watched = running.attend(&deployer, &plan, watch, &commands).await??;
    let exit = told(&view, &watched, &Explain { sources: &sources, logs: running.logs(), commands: &commands });
    view.event("run.finished", &json!({"exit": exit.code()}));
    Ok(exit)
}

fn told(view: &View<'_>, watched: &[Watched], explain: &Explain<'_>) -> Exit {
    if watched.is_empty() {
        view.note(&["nothing is under way".to_owned()]);
    }
    // What somebody wanted stopped did not fail.
    let end = |watched: &Watched| stack_results::stopped(&watched.stack, &watched.status, watched.cause.as_ref());
    let end = |watched: &Watched| end(watched).filter(|_| view.is_cancelled());
    let is_bad = |stack: &&Watched| stack.status.contains("ROLLBACK") || stack.status.ends_with("_FAILED");
    let mut exit = Exit::Success;
    for watched in watched {
        if let Some(end) = end(watched) {
            stack_results::cancelled(view, &watched.stack, end);
            exit = Exit::Interrupted;
        }
    }
    let failed = watched.iter().filter(is_bad).filter(|watched| end(watched).is_none());
    for Watched { stack, status, cause, rolled_back } in failed {
        stack_results::card(view, &stack_results::failure(stack, status, cause.as_ref(), rolled_back, &[], explain));
        exit = Exit::Failed;
    }
    exit
}
