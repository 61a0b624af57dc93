//! `infra destroy`: lists what will be deleted and what will be kept, and deletes a stage's stacks after its name was typed. Empties buckets only
//! with --empty-buckets.

use std::time::Instant;

use aws_access::Connection;
use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore, S3Buckets};
use deploy::{Consent, DeletionPreview, Deployer, Destroyed, Keeps, Leftover, ResourceDeletion};
use serde_json::json;
use system::StageName;

use crate::args::account::Account;
use crate::args::events::Events;
use crate::args::execution_role::ExecutionRole;
use crate::args::stage::stage_names;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::project::templates;
use crate::run::connection;
use crate::run::declarations::Declarations;
use crate::run::interrupts::Interrupts;
use crate::run::next_commands::NextCommands;
use crate::run::options::options;
use crate::run::plan;
use crate::run::stack_results::{self, Explain};
use crate::run::supervisor::Supervisor;
use crate::ui::paint::Paint;
use crate::ui::quantity::counted;
use crate::ui::reporter::Reporter;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
What is deleted and what is kept is listed first; then the stage's name has to be typed, at the question or with --yes-destroy. \
The stage local is deleted without a question. Termination protection is turned off for the stacks that were listed and approved.

Examples:
  infra destroy --stage dev
  {examples of systems}
  infra destroy --stage dev --yes-destroy dev  without a question, for scripts
  infra destroy --stage dev --empty-buckets    with all that is in its buckets

Exit codes:
  0    the stacks are gone, or were not there; what stays behind is listed
  1    a stack could not be deleted; a card shows why
  64   wrong arguments; nothing was touched
  75   AWS or the network was busy or unavailable; try the same command later
  77   the name was not typed, or a bucket is not empty; nothing was deleted
  130  left before the end; CloudFormation goes on";

/// What is deleted.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Destroy {
    /// Which stage.
    #[arg(long, value_parser = stage_names())]
    stage: StageName,
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    execution_role: ExecutionRole,
    /// The stage's name again, instead of typing it at the prompt.
    #[arg(long, value_name = "STAGE")]
    yes_destroy: Option<String>,
    /// Delete all objects in the buckets that the stacks own, in all versions.
    #[arg(long)]
    empty_buckets: bool,
    /// Write events to stdout, and nothing else.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<Events>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Destroy) -> Result<Exit, Failure> {
    let (start, stage) = (Instant::now(), arguments.stage);
    if let Some(answer) = &arguments.yes_destroy {
        is_stage(answer, stage)?;
    }
    let synthesized = templates::synthesize(&templates::stage(repository, stage.as_str())?)?;
    let plan = plan::plan_without_values(&synthesized, &arguments.stacks)?;
    let connection = connection::connect(repository, stage, &arguments.account).await?;
    let (cloudformation, buckets) = (AwsCloudFormation::new(&connection.config), S3Buckets::new(&connection));
    let (reporter, declarations) = (Reporter::new(terminal, stage, arguments.events), Declarations::of(&synthesized));
    let supervisor = Supervisor::new(&reporter, &connection, &declarations);
    let commands = NextCommands::of(stage.as_str(), &arguments.account);
    let options = deploy::Options { execution_role: arguments.execution_role.given(stage)?, ..options(stage) };

    // The deployer cleans up and cancels; it deploys nothing here.
    let store = S3AssetStore::new(&connection, stage.as_str());
    let deployer = Deployer::new(&cloudformation, &store, options.clone());
    let mut silent = |_| {};
    let survey = deploy::preview_deletion(&cloudformation, &buckets, &plan, &options, &mut silent);
    let survey = supervisor.follow(&deployer, &plan, survey, &commands).await??;
    let is_there = survey.stacks.iter().any(|stack| stack.status.is_some());
    reporter.note(&listed(&survey, arguments.empty_buckets, reporter.paint()));
    reporter.event("destroy.surveyed", &serde_json::to_value(&survey)?);
    if is_there {
        buckets_are_settled(&survey, arguments.empty_buckets)?;
        confirm(&reporter, arguments, &connection).await?;
    }
    let consent = Consent { unprotect: true, empty_buckets: arguments.empty_buckets };
    let mut listener = supervisor.listener();
    let destroy = deploy::destroy(&cloudformation, &buckets, &plan, consent, &options, &mut listener);
    let destroyed = supervisor.follow(&deployer, &plan, destroy, &commands).await?;
    let seconds = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let exit = match destroyed {
        Ok(destroyed) => {
            destroyed.iter().for_each(|stack| gone(&reporter, stack));
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

fn gone(reporter: &Reporter<'_>, stack: &Destroyed) {
    match stack {
        Destroyed::Absent { stack } => {
            reporter.data(&format!("{stack} was not there"));
            reporter.event("stack.absent", &json!({"stack": stack}));
        }
        Destroyed::Deleted { stack, leftovers } => {
            reporter.data(&format!("{stack} deleted"));
            left_behind(leftovers).iter().for_each(|line| reporter.data(line));
            reporter.event("stack.deleted", &json!({"stack": stack, "leftovers": leftovers}));
        }
    }
}

/// What stayed, and how a stack can import it.
fn left_behind(leftovers: &[Leftover]) -> Vec<String> {
    let line = |Leftover { logical_id, resource_type, physical_id, status, reason }: &Leftover| {
        let parts = [physical_id.as_str(), status.as_str(), reason.as_str()];
        let rest: String = parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}")).collect();
        format!("  left behind: {logical_id} ({resource_type}){rest}")
    };
    let mut lines: Vec<String> = leftovers.iter().map(line).collect();
    if leftovers.iter().any(|left| left.status == "DELETE_SKIPPED") {
        lines.push(
            "  what has a fixed name is in the way of a new stack: deploy with --import-existing takes it back"
                .to_owned(),
        );
    }
    lines
}

/// What is deleted and what stays, stack by stack in deletion order.
fn listed(survey: &DeletionPreview, empties: bool, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for stack in &survey.stacks {
        let Some(status) = &stack.status else {
            lines.push(format!("{}  is not there", paint.bold(&stack.stack_name)));
            continue;
        };
        let protected = if stack.termination_protection { ", protected from termination" } else { "" };
        lines.push(format!("{}  {status}{}", paint.bold(&stack.stack_name), paint.yellow(protected)));
        let with = |keeps: Keeps, stateful: Option<bool>| -> Vec<&ResourceDeletion> {
            let is_meant = |resource: &&ResourceDeletion| {
                resource.keeps == keeps && stateful.is_none_or(|stateful| resource.stateful == stateful)
            };
            stack.resources.iter().filter(is_meant).collect()
        };
        let name = |resource: &ResourceDeletion| {
            format!("{} ({}) {}", resource.logical_id, resource.resource_type, resource.physical_id)
        };
        for resource in with(Keeps::Nothing, Some(true)) {
            lines.push(format!("  {} {}", paint.red("dies with its data:"), name(resource)));
        }
        for resource in with(Keeps::Snapshot, None) {
            lines.push(format!("  {} {}", paint.yellow("deleted, a snapshot is kept:"), name(resource)));
        }
        for resource in with(Keeps::Resource, None) {
            lines.push(format!("  {} {}", paint.green("stays:"), name(resource)));
        }
        let rest = with(Keeps::Nothing, Some(false)).len();
        if rest > 0 {
            lines.push(format!("  dies: {} without data of their own", counted(rest, "resource")));
        }
        for bucket in &stack.buckets {
            let more = if bucket.more { " and more" } else { "" };
            let objects = format!("{}{more}", counted(bucket.objects, "object version"));
            let what = if empties { "is emptied" } else { "is not empty" };
            lines.push(format!("  {} {} {what}: {objects}", paint.red("bucket"), bucket.bucket));
        }
    }
    lines
}

/// CloudFormation cannot delete a bucket that is not empty: this is checked before anything is deleted.
fn buckets_are_settled(survey: &DeletionPreview, empties: bool) -> Result<(), Failure> {
    let full: Vec<&str> =
        survey.stacks.iter().flat_map(|stack| &stack.buckets).map(|bucket| bucket.bucket.as_str()).collect();
    if empties || full.is_empty() {
        return Ok(());
    }
    let which = full.join(", ");
    Err(Failure::not_approved(format!(
        "not empty: {which}; use --empty-buckets to delete their contents; nothing was deleted"
    )))
}

async fn confirm(reporter: &Reporter<'_>, arguments: &Destroy, connection: &Connection) -> Result<(), Failure> {
    let stage = arguments.stage;
    // What is on this machine can be recreated in seconds.
    if arguments.yes_destroy.is_some() || stage == StageName::Local {
        return Ok(());
    }
    if !reporter.terminal().can_ask() {
        let reason = format!("there is no terminal to ask at; give --yes-destroy {stage} to delete the stage {stage}");
        return Err(Failure::not_approved(reason));
    }
    let (account, region) = (&connection.account, &connection.region);
    let question = format!("This is account {account}, {region}. Type the stage's name to delete all this:");
    let mut interrupts = Interrupts::new()?;
    let answer = tokio::select! {
        answer = reporter.terminal().ask(&question) => answer?,
        () = interrupts.next() => return Err(Failure::interrupted("; nothing was deleted")),
    };
    match answer == stage.as_str() {
        true => Ok(()),
        false => Err(Failure::not_approved(format!("{answer:?} is not {:?}; nothing was deleted", stage.as_str()))),
    }
}

fn is_stage(answer: &str, stage: StageName) -> Result<(), Failure> {
    match answer == stage.as_str() {
        true => Ok(()),
        false => {
            Err(Failure::usage(format!("--yes-destroy {answer:?} is not {:?}; nothing was deleted", stage.as_str())))
        }
    }
}

#[cfg(test)]
mod tests;
