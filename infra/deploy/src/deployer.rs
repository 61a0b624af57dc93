//! The whole deployment of a plan: what is known to be missing first, then assets and stacks, outputs of one feeding the
//! next. Refuses to start when something is missing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::sync::Mutex;

use crate::assets::{Assets, URL_LIMIT};
use crate::run::{Ledger, Run, Teller};
use crate::values::{self, Outputs};
use crate::{
    Approver, Archive, AssetStore, Cancelled, CloudFormation, Creation, Error, Event, Pace, Plan, Preview, Source,
    Stack, Watched,
};
use crate::{canceller, leavings, plan, previewer, schedule, stack};

/// How a deployment is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Unique for this run, `[a-zA-Z0-9][-a-zA-Z0-9]*` and at most 64 characters; request tokens and change set names are made of it.
    pub run_id: String,
    /// How often AWS is asked.
    pub pace: Pace,
    /// Stacks that are worked on at the same time, at least 1.
    pub concurrency: usize,
    /// Losses that are accepted, each as `<stack within the stage>/<logical id>`, for example `FipeData/Cluster`.
    pub accept_data_loss: BTreeSet<String>,
    /// What a roll-back that failed may leave as it is, named in the same way.
    pub skip_rollback: BTreeSet<String>,
    /// ARN of the role that CloudFormation makes and deletes resources with; none: the stack's own, or the caller's permissions.
    pub execution_role: Option<String>,
    /// Resources that exist already, under the fixed names of the template, are taken into the stack instead of failing.
    pub import_existing: bool,
    /// Whether the loss of a resource of this type is a loss of data.
    pub is_stateful: fn(&str) -> bool,
}

impl Options {
    /// Four stacks at a time, no loss accepted, nothing skipped or imported.
    pub fn new(run_id: impl Into<String>, pace: Pace, is_stateful: fn(&str) -> bool) -> Self {
        Self {
            run_id: run_id.into(),
            pace,
            concurrency: 4,
            accept_data_loss: BTreeSet::new(),
            skip_rollback: BTreeSet::new(),
            execution_role: None,
            import_existing: false,
            is_stateful,
        }
    }
}

/// What happened to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// There was nothing to change.
    UpToDate,
}

/// A stack after its deployment.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Name within the stage.
    pub name: String,
    /// Physical name.
    pub stack_name: String,
    /// ARN.
    pub stack_id: String,
    /// What happened.
    pub outcome: Outcome,
    /// Output names and values.
    pub outputs: Vec<(String, String)>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Deploys plans to one account and region.
///
/// Any of its futures may be dropped, for example when the user interrupts: what CloudFormation has begun goes on there.
/// Whoever drops one awaits [`Deployer::clean_up`] afterwards, which takes away what was made and will not be executed.
#[derive(Debug)]
pub struct Deployer<'a, C, S> {
    cloudformation: &'a C,
    store: &'a S,
    options: Options,
    ledger: Ledger,
}

impl<'a, C: CloudFormation, S: AssetStore> Deployer<'a, C, S> {
    /// Over an account's stacks and its assets bucket.
    pub fn new(cloudformation: &'a C, store: &'a S, options: Options) -> Self {
        Self { cloudformation, store, options, ledger: Ledger::default() }
    }

    /// Deploys the stacks of `plan`, each after those whose outputs it takes, independent ones at the same time, and uploads
    /// what is needed of `archives` before the stack that needs it. When a stack fails, those that need it are skipped and
    /// the others go on. `approver` is asked before anything of a stack is changed; `on` is told each step.
    ///
    /// # Errors
    /// What was missing, before anything was touched, or [`Error::Stacks`]. Stacks that were finished stay as they are, so a
    /// repetition goes on from there.
    pub async fn deploy(
        &self,
        plan: &Plan,
        archives: &[Archive],
        approver: &impl Approver,
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Deployed>, Error> {
        let run = self.run(on);
        let archives = needed(plan, archives, true)?;
        let outputs = values::live_outputs(&run, plan, true).await?;
        values::check_outputs(plan, &outputs)?;
        let assets = Assets::new(self.store, &self.options, &run.teller, archives.into_values());
        let (outputs, gate) = (RefCell::new(outputs), Mutex::new(()));
        let (names, needs) = (names(plan), needs(plan));
        run.tell(Event::Planned { stacks: names.clone() });
        let step = async |index: usize| {
            self.stack(&run, plan, &plan.stacks()[index], &assets, &outputs, approver, &gate).await
        };
        let skip = |index: usize, because: usize| {
            run.tell(Event::Skipped { stack: names[index].clone(), because: names[because].clone() });
        };
        let stacks = schedule::run(&names, &needs, self.options.concurrency, step, skip);
        let (_, deployed) = join(assets.upload_all(), stacks).await;
        let cleaned = leavings::discard_all(&run).await;
        let deployed = deployed?;
        cleaned.map(|()| deployed)
    }

    /// What a deployment would change, stack for stack, by change sets that are taken away again. Nothing live changes.
    ///
    /// # Errors
    /// The first thing that failed; what was made is taken away then, too.
    pub async fn preview(
        &self,
        plan: &Plan,
        archives: &[Archive],
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Preview>, Error> {
        let run = self.run(on);
        let archives = needed(plan, archives, false)?;
        let assets = Assets::new(self.store, &self.options, &run.teller, archives.into_values());
        let previews = previewer::preview(&run, plan, &assets).await;
        let cleaned = leavings::discard_all(&run).await;
        let previews = previews?;
        cleaned.map(|()| previews)
    }

    /// Watches whatever is under way in the stacks of `plan` to its end, whoever started it. Stacks at rest are left out.
    ///
    /// # Errors
    /// [`Error::Stacks`] when a stack cannot be watched. An operation that ends badly is no error here.
    pub async fn watch(&self, plan: &Plan, on: &mut dyn FnMut(Event)) -> Result<Vec<Watched>, Error> {
        let run = self.run(on);
        canceller::watch(&run, plan).await
    }

    /// Asks what is under way in the stacks of `plan` to stop, and watches it roll back. An update is cancelled; a creation
    /// is deleted only when `creation` says so; what rolls back or is deleted already goes on.
    ///
    /// # Errors
    /// [`Error::Stacks`] when a stack cannot be stopped or watched.
    pub async fn cancel(
        &self,
        plan: &Plan,
        creation: Creation,
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Cancelled>, Error> {
        let run = self.run(on);
        canceller::cancel(&run, plan, creation).await
    }

    /// Takes away what a dropped future has left: change sets that were not executed, with the empty stack that held one,
    /// and a stack policy that was open. Does nothing when nothing is left.
    ///
    /// # Errors
    /// The first thing that could not be taken away; the others were. It may be called again.
    pub async fn clean_up(&self, on: &mut dyn FnMut(Event)) -> Result<(), Error> {
        leavings::discard_all(&self.run(on)).await
    }

    fn run<'b>(&'b self, on: &'b mut dyn FnMut(Event)) -> Run<'b, C> {
        Run {
            cloudformation: self.cloudformation,
            options: &self.options,
            ledger: &self.ledger,
            teller: Teller::new(on),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a deployment takes all of it")]
    async fn stack(
        &self,
        run: &Run<'_, C>,
        plan: &Plan,
        stack: &Stack,
        assets: &Assets<'_, S>,
        outputs: &RefCell<Outputs>,
        approver: &impl Approver,
        gate: &Mutex<()>,
    ) -> Result<Deployed, Error> {
        let start = Instant::now();
        for parameter in &stack.parameters {
            if let Source::AssetKey { asset } = &parameter.source {
                assets.ensure(asset).await?;
            }
        }
        let known = outputs.borrow().clone();
        let request = values::request(plan, stack, assets, &known).await?;
        let (outcome, described) = stack::deploy(run, approver, gate, &request).await?;
        outputs.borrow_mut().insert(stack.name.clone(), described.outputs.clone());
        Ok(Deployed {
            name: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            stack_id: described.stack_id,
            outcome,
            outputs: described.outputs,
            elapsed: start.elapsed(),
        })
    }
}

/// Physical names of a plan's stacks.
pub(crate) fn names(plan: &Plan) -> Vec<String> {
    plan.stacks().iter().map(|stack| stack.stack_name.clone()).collect()
}

/// For each stack, the places of those in the plan that it takes outputs of.
pub(crate) fn needs(plan: &Plan) -> Vec<Vec<usize>> {
    let place = |name: &str| plan.stacks().iter().position(|stack| stack.name == name);
    plan.stacks().iter().map(|stack| plan::links(stack).filter_map(place).collect()).collect()
}

/// The archives that the plan names, by asset name; checks template sizes on the way.
fn needed<'b>(plan: &Plan, archives: &'b [Archive], all: bool) -> Result<BTreeMap<String, &'b Archive>, Error> {
    let mut needed = BTreeMap::new();
    for stack in plan.stacks() {
        if stack.template.len() > URL_LIMIT {
            return Err(Error::TemplateTooLarge { stack: stack.stack_name.clone(), bytes: stack.template.len() });
        }
        for parameter in &stack.parameters {
            let Source::AssetKey { asset } = &parameter.source else { continue };
            match archives.iter().find(|archive| archive.name() == asset) {
                Some(archive) => {
                    needed.insert(asset.clone(), archive);
                }
                None if all => {
                    return Err(Error::NoAsset { stack: stack.stack_name.clone(), asset: asset.clone() });
                }
                None => {}
            }
        }
    }
    Ok(needed)
}
