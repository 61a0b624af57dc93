//! `infra destroy`: takes a stage's stacks away after the stage's name was said again. Refuses to be run by accident.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use clap::Args;
use deploy::aws::{AwsCloudFormation, S3Buckets};
use deploy::{Consent, Destroyed, Plan, Source};
use stacks::StageName;

use crate::arguments::{Account, stage_names};
use crate::deploy_command::{Progress, options, stacks};
use crate::exit::BadInput;
use crate::repository::Repository;
use crate::terminal::Terminal;
use crate::{aws, synth_command};

/// What is deleted.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[arg(long, value_parser = stage_names())]
    pub(crate) stage: StageName,
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    /// The stage's name again, instead of the question that a terminal gets.
    #[arg(long, value_name = "STAGE")]
    pub(crate) yes_destroy: Option<String>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Destroy) -> anyhow::Result<()> {
    let stage = arguments.stage;
    if let Some(answer) = &arguments.yes_destroy {
        is_stage(answer, stage)?;
    }
    let can_ask = terminal.is_interactive() && std::io::stdin().is_terminal();
    if arguments.yes_destroy.is_none() && stage != StageName::Local && !can_ask {
        return Err(
            BadInput(format!("not on a terminal: give --yes-destroy {stage} to delete the stage {stage}")).into()
        );
    }
    let synthesized = synth_command::synthesize(&synth_command::stage(repository, stage.as_str())?)?;
    let mut stacks = stacks(synthesized)?;
    for parameter in stacks.iter_mut().flat_map(|stack| &mut stack.parameters) {
        // Nothing is filled in when a stack goes.
        if let Source::Given { optional, .. } = &mut parameter.source {
            *optional = true;
        }
    }
    let plan = Plan::new(stacks, &arguments.stacks, BTreeMap::new())?;
    let connection = aws::connect(repository, stage, &arguments.account).await?;
    confirm(terminal, arguments, &plan, &connection.account, &connection.region)?;
    let mut progress = Progress::new(terminal, stage);
    let cloudformation = AwsCloudFormation::new(&connection.config);
    let (buckets, consent, options) = (S3Buckets::new(&connection), Consent::default(), options(stage));
    let destroyed =
        deploy::destroy(&cloudformation, &buckets, &plan, consent, &options, &mut |event| progress.tell(event)).await;
    progress.clear();
    for stack in destroyed? {
        terminal.data(&match stack {
            Destroyed::Deleted { stack, .. } => format!("{stack} deleted"),
            Destroyed::Absent { stack } => format!("{stack} was not there"),
        });
    }
    Ok(())
}

fn confirm(terminal: &Terminal, arguments: &Destroy, plan: &Plan, account: &str, region: &str) -> anyhow::Result<()> {
    // What is on this machine is made again in seconds.
    if arguments.yes_destroy.is_some() || arguments.stage == StageName::Local {
        return Ok(());
    }
    let names: Vec<&str> = plan.stacks().iter().rev().map(|stack| stack.stack_name.as_str()).collect();
    let question = format!(
        "This deletes {} in account {account}, {region}. Say the stage's name to go on:",
        names.join(" and then ")
    );
    Ok(is_stage(&terminal.ask(&question)?, arguments.stage)?)
}

fn is_stage(answer: &str, stage: StageName) -> Result<(), BadInput> {
    match answer == stage.as_str() {
        true => Ok(()),
        false => Err(BadInput(format!("{answer:?} is not {:?}; nothing was deleted", stage.as_str()))),
    }
}
