//! What a deployment would change, by change sets that are deleted again. Never changes or
//! waits for anything, and uploads nothing but a template that is too large for a request.

use super::preview::preview;
use super::review_stack::{self, ReviewStack};
use super::{change_set, cleanup};
use crate::assets::Assets;
use crate::plan::{self, Outputs, run_in_order};
use crate::ports::is_in_progress;
use crate::run::Context;
use crate::{
    AssetStore, Basis, ChangeSetKind, CloudFormation, Error, Plan, Preview, Stack, StackDescription, protection,
};

/// All stacks at the same time, as far as the options allow: nothing depends on anything here.
pub(crate) async fn preview_all<C: CloudFormation, S: AssetStore>(
    context: &Context<'_, C>,
    plan: &Plan,
    assets: &Assets<'_, S>,
) -> Result<Vec<Preview>, Error> {
    let outputs = plan::live_outputs(context, plan, false).await?;
    plan::check_outputs(plan, &outputs)?;
    let needs = vec![Vec::new(); plan.stacks().len()];
    let step = async |index: usize| of_stack(context, plan, &plan.stacks()[index], assets, &outputs).await;
    run_in_order(&plan.physical_names(), &needs, context.options.concurrency, step, |_, _| {}).await
}

/// How often another deployer may change a stack while it is being read.
const ATTEMPTS: u32 = 5;

async fn of_stack<C: CloudFormation, S: AssetStore>(
    context: &Context<'_, C>,
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
) -> Result<Preview, Error> {
    for _ in 0..ATTEMPTS {
        if let Some(preview) = look(context, plan, stack, assets, outputs).await? {
            return Ok(preview);
        }
    }
    Err(Error::Overtaken { stack: stack.stack_name.clone(), attempts: ATTEMPTS })
}

/// `None` when another deployer changed the stack in between.
async fn look<C: CloudFormation, S: AssetStore>(
    context: &Context<'_, C>,
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
) -> Result<Option<Preview>, Error> {
    let found = context.describe_stack(&stack.stack_name).await?.filter(|found| found.status != "DELETE_COMPLETE");
    let live = found.as_ref().filter(|found| found.status != "REVIEW_IN_PROGRESS");
    let kind = if live.is_some() { ChangeSetKind::Update } else { ChangeSetKind::Create };
    let known = live.map(|live| live.parameters.as_slice()).unwrap_or_default();
    let resolved = plan::resolve_tentatively(plan, stack, assets, outputs, known).await?;
    let Some(ReviewStack { with_stack, foreign }) =
        review_stack::look(context, &stack.stack_name, found.as_ref(), &mut 0).await?
    else {
        return Ok(None);
    };
    let (_, protection) = protection::compare(context, &stack.protection, live).await?;
    let without = async |reason: String| {
        let preview = preview(context, &resolved, kind, live, None, protection.clone(), foreign.clone()).await?;
        Ok(Some(Preview { basis: Basis::TemplateOnly { reason }, ..preview }))
    };
    if let Some(live) = live.filter(|live| !takes_change_sets(&live.status)) {
        return without(format!("the stack is {}, which takes no change set", live.status)).await;
    }
    let made = match change_set::make(context, &resolved, kind, with_stack).await {
        Ok(made) => made,
        // With a placeholder in it, a rejection says nothing about the template.
        Err(Error::ChangeSetFailed { reason, .. }) if !resolved.unknown.is_empty() => return without(reason).await,
        Err(Error::Call(error)) if !resolved.unknown.is_empty() && error.is_about_state() => {
            return without(error.message).await;
        }
        Err(Error::Call(error)) if error.is_about_state() => {
            let now = context.describe_stack(&stack.stack_name).await?.filter(|now| now.status != "DELETE_COMPLETE");
            let state = |stack: Option<StackDescription>| stack.map(|stack| (stack.stack_id, stack.status));
            let is_same = state(now) == state(found);
            return if is_same { Err(error.into()) } else { Ok(None) };
        }
        Err(error) => return Err(error),
    };
    let preview = preview(context, &resolved, kind, live, made.as_ref(), protection.clone(), foreign.clone()).await;
    if let Some(made) = &made {
        cleanup::remove(context, &made.temporary).await?;
    }
    preview.map(Some)
}

fn takes_change_sets(status: &str) -> bool {
    !is_in_progress(status) && !status.ends_with("_FAILED") && status != "ROLLBACK_COMPLETE"
}
