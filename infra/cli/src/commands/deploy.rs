//! `infra deploy`: from a stage to its stacks with outputs. Refuses templates that are stale or not committed, missing values,
//! and what nobody approved.

use std::time::Instant;

use aws_access::Pace;
use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployer, Options, Outcome};
use serde_json::json;
use system::StageName;

use crate::changes::approval::{Approve, CommandApprover};
use crate::commands::build;
use crate::commands::{Account, stage_names};
use crate::exit::{BadInput, Exit, Uncommitted};
use crate::project::git_status;
use crate::project::repository::Repository;
use crate::run::failure_card::Commands;
use crate::run::parameters::Values;
use crate::run::plan::{self, Prepared};
use crate::run::stack_results::{self, Explain};
use crate::run::supervisor::Running;
use crate::ui::reporter::{Events, View};
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Approval (--approve):
  never      change without a question; the default on the stage local
  dangerous  ask for what the review finds dangerous: broadened permissions,
             exposure, weaker encryption or reliability, lost data; the default
             elsewhere
  always     ask for every change

Whoever is asked sees the changes first. Where nobody can be asked, the stack is left as it is, the reasons are told and \
this ends with 77. Data that would be lost has to be named, whatever was approved: --accept-data-loss FipeData/Cluster. The \
stage local takes any template and any loss: it is made again in seconds.

Ctrl-C at a terminal asks whether to detach (CloudFormation goes on, `infra watch` takes it up again) or to cancel. Without a \
terminal it detaches.

Examples:
  infra deploy --stage local
  infra deploy --stage dev --profile work --vpc-id vpc-0123456789abcdef0
  infra deploy --stage dev --accept-data-loss FipeData/Cluster
  infra deploy --stage stg --import-existing         takes back what stayed when
                                                     the stage was destroyed
  infra deploy --stage prd FipeApi --approve always  this stack; asks each time
  infra deploy --stage dev Delivery --profile admin  the pipeline's roles, by an
                                                     administrator
  infra deploy --stage stg --events json --approve never | jq -c .code

Exit codes:
  0    done, or there was nothing to change
  1    a stack failed; a card tells why and what to do
  64   wrong or missing values; nothing was touched
  65   a committed template is stale, or not committed
  75   AWS or the network was busy or away; the same command may succeed later
  77   not approved; those stacks were left as they are
  130  left before the end, and CloudFormation goes on; or cancelled, and all
       has come to rest";

/// What is deployed, and with which values.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Deploy {
    /// Which stage.
    #[arg(long, value_parser = stage_names())]
    stage: StageName,
    /// Only these stacks, for example FipeApi; all when none is named.
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
    /// What somebody has to agree to.
    #[arg(long, value_name = "WHAT")]
    approve: Option<Approve>,
    /// A resource whose data may be lost; may be given several times.
    #[arg(long, value_name = "STACK/RESOURCE")]
    accept_data_loss: Vec<String>,
    /// Delete a stack whose creation or deletion failed without asking, and create it again.
    #[arg(long)]
    replace_failed: bool,
    /// A resource that a roll-back which failed may leave as it is; may be given several times.
    #[arg(long, value_name = "STACK/RESOURCE")]
    skip_rollback: Vec<String>,
    /// Take resources that exist already under a fixed name of the template, such as those that a deletion of the stack has left,
    /// into the stack again instead of failing on them.
    #[arg(long)]
    import_existing: bool,
    /// Deploy templates that are not committed, or of which git cannot tell.
    #[arg(long)]
    allow_dirty: bool,
    /// Stacks that are worked on at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Tell events on stdout, and nothing else there.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<Events>,
}

/// With whose permissions CloudFormation works.
#[derive(Debug, Args)]
pub(crate) struct ExecutionRole {
    /// ARN of the role that CloudFormation works with, an output of the stack Delivery; not used on the stage local. Without it
    /// CloudFormation works with the role that the stack was given before, or with your own permissions.
    #[arg(long, env = "EXECUTION_ROLE_ARN", value_name = "ARN")]
    execution_role: Option<String>,
}

impl ExecutionRole {
    /// The role to give, if any.
    pub(crate) fn given(&self, stage: StageName) -> Result<Option<String>, BadInput> {
        let Some(arn) = self.execution_role.as_ref().filter(|arn| !arn.is_empty() && stage != StageName::Local) else {
            return Ok(None);
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "iam", "", account, role] if account.len() == 12 && role.starts_with("role/") => {
                Ok(Some(arn.clone()))
            }
            _ => {
                let example = "arn:aws:iam::123456789012:role/Delivery-dev-ExecutionRole-ABC";
                Err(BadInput(format!("--execution-role {arn:?} is not the ARN of a role, for example {example}")))
            }
        }
    }
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Deploy) -> anyhow::Result<Exit> {
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
    let Prepared { stage, plan, connection, sources } = prepared;
    let archives = build::archives(repository, terminal, &stage, &plan.assets(), arguments.skip_build).await?;

    let (cloudformation, store) = (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection));
    let deployer = Deployer::new(&cloudformation, &store, options);
    let view = View::new(terminal, stage.name, arguments.events);
    let running = Running::new(&view, &connection, &sources);
    let by_default = if stage.name == StageName::Local { Approve::Never } else { Approve::Dangerous };
    let approver = CommandApprover {
        view: &view,
        stage: stage.name,
        approve: arguments.approve.unwrap_or(by_default),
        replace_failed: arguments.replace_failed,
        today: today(),
    };
    let commands = Commands::of(stage.name.as_str(), account);
    let mut listener = running.listener();
    let deploy = deployer.deploy(&plan, &archives, &approver, &mut listener);
    let deployed = running.attend(&deployer, &plan, deploy, &commands).await?;
    let seconds = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let exit = match deployed {
        Ok(deployed) => {
            stack_results::outputs(&view, &deployed);
            let is_quiet = deployed.iter().all(|stack| stack.outcome == Outcome::UpToDate);
            view.note(&[match is_quiet {
                true => format!("nothing to change on {}, {seconds:.1} s", stage.name),
                false => format!("deployed {} in {seconds:.1} s", stage.name),
            }]);
            Exit::Success
        }
        Err(error) => stack_results::failed(
            &view,
            error,
            &Explain { sources: &sources, logs: running.logs(), commands: &commands },
        )?,
    };
    view.event("run.finished", &json!({"exit": exit.code(), "seconds": seconds}));
    Ok(exit)
}

/// How deployments and deletions of a stage are run.
pub(crate) fn options(stage: StageName) -> Options {
    let run_id = uuid::Uuid::new_v4().simple().to_string();
    match stage {
        // Whatever is lost on this machine is made again in seconds.
        StageName::Local => Options::new(run_id, Pace::LOCAL, |_| false),
        _ => Options::new(run_id, Pace::AWS, facts::is_stateful),
    }
}

/// Year, month and day in UTC.
pub(crate) fn today() -> (i32, u8, u8) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let number = |number: i8| u8::try_from(number).unwrap_or(1);
    (i32::from(today.year()), number(today.month()), number(today.day()))
}

/// What is deployed is what was reviewed, and so in git. The stage local is for work in progress.
fn committed(repository: &Repository, stage: StageName, allow_dirty: bool) -> anyhow::Result<()> {
    if allow_dirty || stage == StageName::Local {
        return Ok(());
    }
    let files =
        git_status::uncommitted(repository.root(), &format!("environments/{stage}")).map_err(Uncommitted::Unknown)?;
    if files.is_empty() { Ok(()) } else { Err(Uncommitted::Files(files).into()) }
}

/// Names of resources as the flags take them.
fn resources<T: FromIterator<String>>(flag: &str, names: &[String]) -> Result<T, BadInput> {
    let is_name = |name: &&String| name.split('/').count() >= 2 && name.split('/').all(|part| !part.is_empty());
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(names.iter().cloned().collect()),
        Some(name) => Err(BadInput(format!("{flag} {name:?} is not STACK/RESOURCE, for example FipeData/Cluster"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_with_its_stack() {
        let of = |name: &str| resources::<Vec<String>>("--accept-data-loss", &[name.to_owned()]);
        assert_eq!(of("FipeData/Cluster").unwrap(), ["FipeData/Cluster"]);
        assert_eq!(of("FipeData/Nested/Table").unwrap(), ["FipeData/Nested/Table"]);
        for wrong in ["Cluster", "FipeData/", "/Cluster", ""] {
            let error = of(wrong).unwrap_err().to_string();
            assert!(error.contains("STACK/RESOURCE") && error.contains(&format!("{wrong:?}")), "{error}");
        }
    }

    #[test]
    fn a_role_is_told_by_its_arn_and_nothing_is_told_on_the_stage_local() {
        let given = |arn: &str, stage| ExecutionRole { execution_role: Some(arn.to_owned()) }.given(stage);
        let arn = "arn:aws-us-gov:iam::123456789012:role/path/Delivery-dev-ExecutionRole-ABC";
        assert_eq!(given(arn, StageName::Dev).unwrap(), Some(arn.to_owned()));
        assert_eq!(given("", StageName::Dev).unwrap(), None);
        assert_eq!(given(arn, StageName::Local).unwrap(), None);
        for wrong in [
            "DeployRole",
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::1:role/x",
            "arn:aws:sts::123456789012:role/x",
        ] {
            assert!(given(wrong, StageName::Dev).unwrap_err().to_string().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_stage_local_loses_nothing_that_matters() {
        assert!(!(options(StageName::Local).is_stateful)("AWS::RDS::DBCluster"));
        assert!((options(StageName::Prd).is_stateful)("AWS::RDS::DBCluster"));
    }
}
