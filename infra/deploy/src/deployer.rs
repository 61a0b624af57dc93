//! The deployment of a whole plan: first the checks for what is missing, then assets and stacks, each with the outputs of those
//! before it. Does not start when something is missing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::sync::Mutex;

use crate::assets::{Assets, URL_LIMIT};
use crate::plan::{self, Outputs, run_in_order};
use crate::run::{Context, Listener, RunState};
use crate::{
    Approver, Archive, AssetStore, Cancelled, CloudFormation, Creation, Error, Event, Options, Outcome, Plan, Preview,
    Source, Stack, Watched,
};
use crate::{stack, watch};

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
/// Any of its futures may be dropped, for example on an interrupt: operations that CloudFormation has begun continue there.
/// After dropping one, await [`Deployer::clean_up`], which removes what was created and will not be executed.
#[derive(Debug)]
pub struct Deployer<'a, C, S> {
    cloudformation: &'a C,
    store: &'a S,
    options: Options,
    state: RunState,
}

impl<'a, C: CloudFormation, S: AssetStore> Deployer<'a, C, S> {
    /// Uses an account's stacks and its assets bucket.
    pub fn new(cloudformation: &'a C, store: &'a S, options: Options) -> Self {
        Self { cloudformation, store, options, state: RunState::default() }
    }

    /// Deploys the stacks of `plan` in dependency order, independent ones in parallel, and uploads
    /// the `archives` a stack needs before it. When a stack fails, those that depend on it are skipped and
    /// the others continue. `approver` is asked before a stack is changed; `on` receives each step.
    ///
    /// # Errors
    /// Anything missing, before any change, or [`Error::Stacks`]. Finished stacks stay as they are, so a
    /// repetition continues from there.
    pub async fn deploy(
        &self,
        plan: &Plan,
        archives: &[Archive],
        approver: &impl Approver,
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Deployed>, Error> {
        let context = self.context(on);
        let archives = needed(plan, archives, true)?;
        let outputs = plan::live_outputs(&context, plan, true).await?;
        plan::check_outputs(plan, &outputs)?;
        let assets = Assets::new(self.store, &self.options, &context.listener, archives.into_values());
        // Also when nothing is uploaded: whoever deploys a pipeline's role creates the bucket that the role may not create.
        assets.ensure_bucket().await?;
        let (outputs, gate) = (RefCell::new(outputs), Mutex::new(()));
        let (names, needs) = (plan.physical_names(), plan.dependencies());
        context.notify(Event::Planned { stacks: names.clone() });
        let step = async |index: usize| {
            self.stack(&context, plan, &plan.stacks()[index], &assets, &outputs, approver, &gate).await
        };
        let skip = |index: usize, because: usize| {
            context.notify(Event::Skipped { stack: names[index].clone(), because: names[because].clone() });
        };
        let stacks = run_in_order(&names, &needs, self.options.concurrency, step, skip);
        let ((), deployed) = join(assets.upload_all(), stacks).await;
        let cleaned = stack::remove_all(&context).await;
        let deployed = deployed?;
        cleaned.map(|()| deployed)
    }

    /// What a deployment would change, stack by stack, by change sets that are deleted again. Nothing live changes.
    ///
    /// # Errors
    /// The first failure; everything created is removed then, too.
    pub async fn preview(
        &self,
        plan: &Plan,
        archives: &[Archive],
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Preview>, Error> {
        let context = self.context(on);
        let archives = needed(plan, archives, false)?;
        let assets = Assets::new(self.store, &self.options, &context.listener, archives.into_values());
        let previews = stack::preview_all(&context, plan, &assets).await;
        let cleaned = stack::remove_all(&context).await;
        let previews = previews?;
        cleaned.map(|()| previews)
    }

    /// Follows the operations in progress on the stacks of `plan` to their end, whoever started them. Idle stacks are left out.
    ///
    /// # Errors
    /// [`Error::Stacks`] when a stack cannot be followed. An operation that fails is not an error here.
    pub async fn watch(&self, plan: &Plan, on: &mut dyn FnMut(Event)) -> Result<Vec<Watched>, Error> {
        let context = self.context(on);
        watch::follow_all(&context, plan).await
    }

    /// Asks the operations in progress on the stacks of `plan` to stop, and follows the rollback. An update is cancelled; a creation
    /// is deleted only if `creation` says so; rollbacks and deletions in progress continue.
    ///
    /// # Errors
    /// [`Error::Stacks`] when a stack cannot be stopped or followed.
    pub async fn cancel(
        &self,
        plan: &Plan,
        creation: Creation,
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Cancelled>, Error> {
        let context = self.context(on);
        watch::cancel_all(&context, plan, creation).await
    }

    /// Removes what a dropped future left behind: change sets that were not executed, with the empty stack that held one,
    /// and a stack policy that was open. Does nothing when nothing is left.
    ///
    /// # Errors
    /// The first thing that could not be removed; the others were. It may be called again.
    pub async fn clean_up(&self, on: &mut dyn FnMut(Event)) -> Result<(), Error> {
        stack::remove_all(&self.context(on)).await
    }

    fn context<'b>(&'b self, on: &'b mut dyn FnMut(Event)) -> Context<'b, C> {
        Context {
            cloudformation: self.cloudformation,
            options: &self.options,
            state: &self.state,
            listener: Listener::new(on),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a deployment takes all of it")]
    async fn stack(
        &self,
        context: &Context<'_, C>,
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
        let resolved = plan::resolve(plan, stack, assets, &known).await?;
        let (outcome, described) = stack::deploy(context, approver, gate, &resolved).await?;
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

/// The archives that the plan needs, by asset name; also checks template sizes.
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
