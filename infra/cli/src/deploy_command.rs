//! `infra deploy`: from a stage to its stacks with outputs. Refuses stale templates and missing values before any call.

use std::time::Instant;

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{
    Approver, Deployed, Deployer, Event, FailedStack, Operation, Options, Pace, Parameter, Plan, Preview, Protection,
    Refusal, Source, Stack, StackEvent,
};
use indicatif::ProgressBar;
use stacks::{ParameterSource, StageName};

use crate::arguments::{Account, stage_names};
use crate::exit::StaleTemplates;
use crate::parameters::Values;
use crate::repository::Repository;
use crate::synth_command::{self, Synthesized};
use crate::table::Table;
use crate::terminal::Terminal;
use crate::{aws, build, parameters};

/// What is deployed, and with which values.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[arg(long, value_parser = stage_names())]
    pub(crate) stage: StageName,
    /// Only these stacks, for example FipeApi; all when none is named.
    #[arg(value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Deploy the archives that were built last.
    #[arg(long)]
    pub(crate) skip_build: bool,
    /// Delete a stack whose creation failed, and create it again; always so on the stage local.
    #[arg(long)]
    pub(crate) replace_failed: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Deploy) -> anyhow::Result<()> {
    let start = Instant::now();
    let stage = synth_command::stage(repository, arguments.stage.as_str())?;
    let synthesized = synth_command::synthesize(&stage)?;
    let stale = synth_command::changed(repository, stage.name, &synthesized);
    if !stale.is_empty() {
        return Err(StaleTemplates(stale).into());
    }
    let is_local = stage.name == StageName::Local;
    let mut values = parameters::given(&arguments.values, &stage)?;
    if !is_local && !values.contains_key(stacks::Asked::VpcId.name()) {
        // Nothing can be looked up, so what is missing is known without asking anybody.
        Plan::new(stacks(synth_command::synthesize(&stage)?)?, &arguments.stacks, values.clone())?;
    }
    let local = if is_local { Some(aws::local_cloud(repository)?) } else { None };
    let connection = aws::connect(repository, stage.name, &arguments.account).await?;
    parameters::look_up(&mut values, &synthesized, &arguments.stacks, &stage, &connection, local.as_ref()).await?;
    let plan = Plan::new(stacks(synthesized)?, &arguments.stacks, values)?;
    let archives = build::archives(repository, terminal, &stage, &plan.assets(), arguments.skip_build).await?;

    let (cloudformation, store) = (AwsCloudFormation::new(&connection.config), S3AssetStore::new(&connection));
    let deployer = Deployer::new(&cloudformation, &store, options(stage.name));
    let approver = Flags { replace_failed: arguments.replace_failed || is_local };
    let mut progress = Progress::new(terminal, stage.name);
    let deployed = deployer.deploy(&plan, &archives, &approver, &mut |event| progress.tell(event)).await;
    progress.clear();
    let deployed = deployed?;
    for line in outputs(&deployed) {
        terminal.data(&line);
    }
    terminal.note(&format!("deployed {} in {:.1} s", stage.name, start.elapsed().as_secs_f64()));
    Ok(())
}

/// How deployments and deletions of a stage are run.
pub(crate) fn options(stage: StageName) -> Options {
    let pace = if stage == StageName::Local { Pace::LOCAL } else { Pace::AWS };
    Options::new(uuid::Uuid::new_v4().simple().to_string(), pace, cfn::facts::is_stateful)
}

/// Says yes to every change, and to a deletion when the flag says so.
struct Flags {
    replace_failed: bool,
}

impl Approver for Flags {
    async fn approve(&self, _preview: &Preview) -> Result<(), Refusal> {
        Ok(())
    }

    async fn delete_failed(&self, stack: &FailedStack) -> Result<(), Refusal> {
        let reason = format!("it is {}; deploy again with --replace-failed, which deletes it first", stack.status);
        if self.replace_failed { Ok(()) } else { Err(Refusal { reason, refused: Vec::new() }) }
    }
}

/// The synthesized stacks in the deployer's terms.
pub(crate) fn stacks(synthesized: Vec<Synthesized>) -> anyhow::Result<Vec<Stack>> {
    let stack = |Synthesized { stack, text }: Synthesized| {
        let parameters = (stack.parameters.into_iter())
            .map(|(name, source)| {
                let source = match source {
                    ParameterSource::Asked(asked) => {
                        Source::Given { optional: asked.has_default(), hint: parameters::hint(asked) }
                    }
                    ParameterSource::Output { stack, output } => Source::Output { stack: stack.to_owned(), output },
                    ParameterSource::AssetBucket => Source::AssetBucket,
                    ParameterSource::AssetKey { asset } => Source::AssetKey { asset },
                };
                Parameter { name, source }
            })
            .collect();
        Stack {
            name: stack.name.to_owned(),
            stack_name: stack.stack_name,
            template: text,
            parameters,
            tags: stack.tags,
            protection: Protection {
                termination: stack.protection.termination,
                stack_policy: stack.protection.stack_policy,
            },
        }
    };
    Ok(synthesized.into_iter().map(stack).collect())
}

/// A table of all outputs.
fn outputs(deployed: &[Deployed]) -> Vec<String> {
    let mut table = Table::new(&["stack", "output", "value"], &[]);
    for stack in deployed {
        for (name, value) in &stack.outputs {
            table.row(vec![stack.stack_name.clone(), name.clone(), value.clone()]);
        }
    }
    table.lines()
}

/// Events as lines, and on a terminal a line that turns while a stack is worked on.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    is_local: bool,
    spinner: Option<ProgressBar>,
    finished: usize,
    changes: usize,
    start: Instant,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(terminal: &'a Terminal, stage: StageName) -> Self {
        let is_local = stage == StageName::Local;
        Self { terminal, is_local, spinner: None, finished: 0, changes: 0, start: Instant::now() }
    }

    pub(crate) fn tell(&mut self, event: Event) {
        match event {
            Event::Planned { stacks } => self.note(&format!("stacks in order: {}", stacks.join(", "))),
            Event::BucketCreated { bucket } => self.note(&format!("created bucket {bucket}")),
            Event::AssetUploaded { asset, bytes, .. } => {
                self.note(&format!("uploaded {asset}, {:.1} MB", bytes as f64 / 1e6));
            }
            Event::Attached { stack, status } => {
                self.note(&format!("{stack}  {status}: waiting for what somebody else started"));
            }
            Event::Started { stack, operation, changes, .. } => {
                self.note(&format!("{stack}  {}", started(operation, changes)));
                self.clear();
                (self.finished, self.changes) = (0, changes);
                self.spinner = self.terminal.spinner(stack);
            }
            Event::Resource { stack, event, .. } => self.resource(&stack, &event),
            Event::Retrying { operation, reason } => self.note(&format!("{operation}: {reason}; trying again")),
            Event::UpToDate { stack } => self.note(&format!("{stack}  up to date")),
            Event::Finished { .. } => self.clear(),
            Event::Skipped { stack, because } => self.note(&format!("{stack}  not begun, since {because} failed")),
            _ => {}
        }
    }

    fn resource(&mut self, stack: &str, event: &StackEvent) {
        let is_stack = event.logical_id == stack;
        if event.status.ends_with("_COMPLETE") && !is_stack {
            self.finished += 1;
            if let Some(spinner) = &self.spinner {
                // The stack itself comes last, hence one more.
                spinner.set_message(format!("{stack} {}/{}", self.finished, (self.changes + 1).max(self.finished)));
            }
        }
        // That something has begun is worth a line where it can take minutes, and there only once.
        let begins = event.status.ends_with("_IN_PROGRESS") && !event.status.contains("ROLLBACK") && !is_stack;
        if begins && (self.is_local || event.reason.contains("Initiated")) {
            return;
        }
        let is_bad = event.status.contains("FAILED") || event.status.contains("ROLLBACK");
        let reason = if is_bad { event.reason.as_str() } else { "" };
        let line = format!("{stack}  {:<18} {:<32} {}  {reason}", event.status, event.logical_id, event.resource_type);
        self.note(line.trim_end());
    }

    pub(crate) fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    fn note(&self, text: &str) {
        self.terminal.note(&format!("{:>6.1} s  {text}", self.start.elapsed().as_secs_f64()));
    }
}

fn started(operation: Operation, changes: usize) -> String {
    let resources = if changes == 1 { "resource" } else { "resources" };
    match operation {
        Operation::Create => format!("creating {changes} {resources}"),
        Operation::Update if changes == 0 => "changing outputs or tags".to_owned(),
        Operation::Update => format!("changing {changes} {resources}"),
        Operation::Delete => "deleting".to_owned(),
    }
}
