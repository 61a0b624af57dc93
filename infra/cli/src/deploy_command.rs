//! `infra deploy`: from a stage to its stacks with outputs. Refuses stale templates and missing values before any call.

use std::time::Instant;

use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Deployed, Deployer, Event, Operation, Options, Pace, Parameter, Plan, Source, Stack};
use indicatif::ProgressBar;
use stacks::{ParameterSource, StageName};

use crate::arguments::Deploy;
use crate::exit::StaleTemplates;
use crate::repository::Repository;
use crate::synth_command::{self, Synthesized};
use crate::table::Table;
use crate::terminal::Terminal;
use crate::{aws, build, parameters};

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Deploy) -> anyhow::Result<()> {
    let start = Instant::now();
    let stage = synth_command::stage(repository, arguments.stage.as_str())?;
    let synthesized = synth_command::synthesize(&stage)?;
    let stale = synth_command::changed(repository, stage.name, &synthesized);
    if !stale.is_empty() {
        return Err(StaleTemplates(stale).into());
    }
    let is_local = stage.name == StageName::Local;
    let mut values = parameters::given(arguments, &stage)?;
    if !is_local && !values.contains_key(stacks::Asked::VpcId.name()) {
        // Nothing can be looked up, so what is missing is known without asking anybody.
        Plan::new(stacks(synthesized)?, &arguments.stacks, values)?;
        anyhow::bail!("a stage without a VPC is not known");
    }
    let local = if is_local { Some(aws::local_cloud(repository)?) } else { None };
    let connection = aws::connect(repository, stage.name, &arguments.account).await?;
    parameters::look_up(&mut values, &synthesized, &arguments.stacks, stage.name, &connection, local.as_ref()).await?;
    let plan = Plan::new(stacks(synthesized)?, &arguments.stacks, values)?;
    let archives = build::archives(repository, terminal, &stage, &plan.assets(), arguments.skip_build).await?;

    let deployer = Deployer {
        cloudformation: &AwsCloudFormation::new(&connection.config),
        store: &S3AssetStore::new(&connection),
        options: options(stage.name, arguments.replace_failed),
    };
    let mut progress = Progress::new(terminal);
    let deployed = deployer.deploy(&plan, &archives, &mut |event| progress.tell(event)).await;
    progress.clear();
    let deployed = deployed?;
    for line in outputs(&deployed) {
        terminal.data(&line);
    }
    terminal.note(&format!("deployed {} in {:.1} s", stage.name, start.elapsed().as_secs_f64()));
    Ok(())
}

/// How deployments and deletions of a stage are run.
pub(crate) fn options(stage: StageName, replace_failed: bool) -> Options {
    let is_local = stage == StageName::Local;
    Options {
        run_id: uuid::Uuid::new_v4().simple().to_string(),
        pace: if is_local { Pace::LOCAL } else { Pace::AWS },
        replace_failed: replace_failed || is_local,
    }
}

/// The synthesized stacks in the deployer's terms.
pub(crate) fn stacks(synthesized: Vec<Synthesized>) -> anyhow::Result<Vec<Stack>> {
    let stack = |Synthesized { stack, text }: Synthesized| {
        let parameters = (stack.parameters.into_iter())
            .map(|(name, source)| {
                let source = match source {
                    ParameterSource::Asked(asked) => {
                        Source::Given { optional: parameters::has_default(asked), hint: parameters::hint(asked) }
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
    spinner: Option<ProgressBar>,
    start: Instant,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, spinner: None, start: Instant::now() }
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let note = |text: String| self.terminal.note(&format!("{:>6.1} s  {text}", self.start.elapsed().as_secs_f64()));
        match event {
            Event::Planned(stacks) => note(format!("stacks in order: {}", stacks.join(", "))),
            Event::BucketCreated(bucket) => note(format!("created bucket {bucket}")),
            Event::AssetUploaded { asset, bytes, .. } => {
                note(format!("uploaded {asset}, {:.1} MB", bytes as f64 / 1e6));
            }
            Event::AssetPresent { .. } => {}
            Event::Attached { stack, status } => {
                note(format!("{stack}  {status}: waiting for what somebody else started"));
            }
            Event::Started { stack, operation, changes } => {
                note(format!("{stack}  {}", started(operation, changes)));
                self.clear();
                self.spinner = self.terminal.spinner(stack);
            }
            Event::Resource { stack, event } => {
                let reason = if event.status.contains("FAILED") || event.status.contains("ROLLBACK") {
                    event.reason.as_str()
                } else {
                    ""
                };
                note(
                    format!("{stack}  {:<32} {:<36} {} {reason}", event.status, event.resource_type, event.logical_id)
                        .trim_end()
                        .to_owned(),
                );
            }
            Event::Retrying { operation, reason } => note(format!("{operation}: {reason}; trying again")),
            Event::UpToDate { stack } => note(format!("{stack}  up to date")),
            Event::Finished { .. } => self.clear(),
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
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
