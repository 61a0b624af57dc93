//! `infra diff`: the committed templates against the live stacks, by change sets that are deleted again. Changes nothing
//! live.

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployer, Options};
use serde_json::{Value, json};
use system::StageName;

use crate::args::account::Account;
use crate::args::execution_role::ExecutionRole;
use crate::args::stage::stage_names;
use crate::args::values::Values;
use crate::changes::tables;
use crate::changes::today::today;
use crate::changes::verdict::{self, ValueChange, Verdict};
use crate::exit::{Exit, Failure};
use crate::project::archives;
use crate::project::repository::Repository;
use crate::run::next_commands::NextCommands;
use crate::run::options::options;
use crate::run::plan::{self, Prepared};
use crate::run::supervisor::Supervisor;
use crate::ui::reporter::Reporter;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
A change set is created for each stack, read, and deleted again, with the empty stack that a new one needs; also after Ctrl-C \
and after an error. Values that are write-only or NoEcho are shown as ****.

Examples:
  infra diff --stage prd --vpc-id vpc-0123456789abcdef0
  {examples of systems}
  infra diff --stage stg --json | jq '.review.changes[] | select(.dangerous)'
  infra diff --stage prd || [ $? -eq 2 ]      fail a job for more than harmless
                                              changes, and for errors

Exit codes, the highest that holds, as infra review --exit-code has them:
  0    no changes
  2    changes
  3    a resource is replaced, or may be
  4    permissions are broadened, something is exposed, or encryption or
       reliability is weakened
  5    data is lost
  1    an error, and 64, 65, 75 and 130, as infra --help lists them";

/// What is compared.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Diff {
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
    /// Show resources that exist already under a fixed name of the template as imported, as `infra deploy --import-existing`
    /// takes them.
    #[arg(long)]
    import_existing: bool,
    /// Compare with the archives that were built last.
    #[arg(long, conflicts_with = "no_code")]
    skip_build: bool,
    /// Leave the functions' code out of the comparison; nothing is built.
    #[arg(long)]
    no_code: bool,
    /// One JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Diff) -> Result<Exit, Failure> {
    let Diff { stage, stacks, account, values, .. } = arguments;
    let prepared = plan::prepare(repository, *stage, stacks, account, values).await?;
    let Prepared { stage, plan, connection, declarations } = prepared;
    let archives = match arguments.no_code {
        true => Vec::new(),
        false => archives::archives(repository, terminal, &stage, &plan.assets(), arguments.skip_build).await?,
    };
    let (cloudformation, store) =
        (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection, stage.name.as_str()));
    // A loss is shown on the stage local, too, where it is not an error.
    let execution_role = arguments.execution_role.given(stage.name)?;
    let options = Options {
        is_stateful: facts::is_stateful,
        execution_role,
        import_existing: arguments.import_existing,
        ..options(stage.name)
    };
    let deployer = Deployer::new(&cloudformation, &store, options);
    let reporter = Reporter::new(terminal, stage.name, None);
    let supervisor = Supervisor::new(&reporter, &connection, &declarations);
    let commands = NextCommands::of(stage.name.as_str(), account);
    let mut listener = |_| {};
    let preview = deployer.preview(&plan, &archives, &mut listener);
    let previews = supervisor.follow(&deployer, &plan, preview, &commands).await??;
    let verdict = Verdict::of(stage.name.as_str(), &previews, today())?;
    match arguments.json {
        true => terminal.data(&serde_json::to_string_pretty(&document(stage.name, &verdict))?),
        false => {
            tables::lines(&verdict, terminal.data_paint()).iter().for_each(|line| terminal.data(line));
            terminal.note(&tables::summary(&verdict));
        }
    }
    Ok(match verdict.code() {
        0 => Exit::Success,
        code => Exit::Answer(code),
    })
}

/// The comparison for programs. Secrets are masked as in the tables.
fn document(stage: StageName, verdict: &Verdict<'_>) -> Value {
    let values = |changes: Vec<ValueChange>| -> Value {
        let one = |change: ValueChange| json!({"name": change.name, "before": change.before, "after": change.after});
        changes.into_iter().map(one).collect()
    };
    let stacks = verdict.previews.iter().map(|preview| {
        json!({
            "stack": preview.stack,
            "stack_name": preview.stack_name,
            "kind": preview.kind,
            "basis": preview.basis,
            "changes": preview.has_changes(),
            "parameters": values(verdict::parameters(preview)),
            "tags": values(verdict::tags(preview)),
            "protection": preview.protection,
            "data_loss": preview.data_loss,
            "unknown_parameters": preview.unknown_parameters,
            "foreign_change_sets": preview.foreign_change_sets,
        })
    });
    json!({
        "schema": 1,
        "stage": stage.as_str(),
        "answer": verdict.code(),
        "stacks": stacks.collect::<Vec<_>>(),
        "review": verdict.review.to_json(),
    })
}
