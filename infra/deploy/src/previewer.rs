//! What a deployment would change, by change sets that are taken away again. Refuses to change or
//! wait for anything, and to upload more than a template that is too large to be sent.

use crate::assets::Assets;
use crate::change_set;
use crate::cloudformation::is_in_progress;
use crate::deployer::names;
use crate::leavings;
use crate::policies;
use crate::run::Run;
use crate::settle::describe;
use crate::stack::{self, Shell};
use crate::values::{self, Outputs};
use crate::{
    AssetStore, Basis, ChangeSetKind, CloudFormation, Error, Plan, Preview, Stack, StackDescription, schedule,
};

/// All stacks at the same time, as far as the options let them: nothing waits for anything here.
pub(crate) async fn preview<C: CloudFormation, S: AssetStore>(
    run: &Run<'_, C>,
    plan: &Plan,
    assets: &Assets<'_, S>,
) -> Result<Vec<Preview>, Error> {
    let outputs = values::live_outputs(run, plan, false).await?;
    values::check_outputs(plan, &outputs)?;
    let needs = vec![Vec::new(); plan.stacks().len()];
    let step = async |index: usize| of_stack(run, plan, &plan.stacks()[index], assets, &outputs).await;
    schedule::run(&names(plan), &needs, run.options.concurrency, step, |_, _| {}).await
}

/// How often somebody else may change a stack while it is looked at.
const ATTEMPTS: u32 = 5;

async fn of_stack<C: CloudFormation, S: AssetStore>(
    run: &Run<'_, C>,
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
) -> Result<Preview, Error> {
    for _ in 0..ATTEMPTS {
        if let Some(preview) = look(run, plan, stack, assets, outputs).await? {
            return Ok(preview);
        }
    }
    Err(Error::Overtaken { stack: stack.stack_name.clone(), attempts: ATTEMPTS })
}

/// `None` when somebody else changed the stack in between.
async fn look<C: CloudFormation, S: AssetStore>(
    run: &Run<'_, C>,
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
) -> Result<Option<Preview>, Error> {
    let found = describe(run, &stack.stack_name).await?.filter(|found| found.status != "DELETE_COMPLETE");
    let live = found.as_ref().filter(|found| found.status != "REVIEW_IN_PROGRESS");
    let kind = if live.is_some() { ChangeSetKind::Update } else { ChangeSetKind::Create };
    let known = live.map(|live| live.parameters.as_slice()).unwrap_or_default();
    let request = values::tentative(plan, stack, assets, outputs, known).await?;
    let Some(Shell { with_stack, foreign }) = stack::shell(run, &stack.stack_name, found.as_ref(), &mut 0).await?
    else {
        return Ok(None);
    };
    let (_, protection) = policies::compare(run, &stack.protection, live).await?;
    let without = async |reason: String| {
        let preview = stack::preview(run, &request, kind, live, None, protection.clone(), foreign.clone()).await?;
        Ok(Some(Preview { basis: Basis::TemplateOnly { reason }, ..preview }))
    };
    if let Some(live) = live.filter(|live| !takes_change_sets(&live.status)) {
        return without(format!("the stack is {}, which takes no change set", live.status)).await;
    }
    let made = match change_set::make(run, &request, kind, with_stack).await {
        Ok(made) => made,
        // With a placeholder in it, a refusal says nothing about the template.
        Err(Error::ChangeSetFailed { reason, .. }) if !request.unknown.is_empty() => return without(reason).await,
        Err(Error::Call(error)) if !request.unknown.is_empty() && error.is_about_state() => {
            return without(error.message).await;
        }
        Err(Error::Call(error)) if error.is_about_state() => {
            let now = describe(run, &stack.stack_name).await?.filter(|now| now.status != "DELETE_COMPLETE");
            let state = |stack: Option<StackDescription>| stack.map(|stack| (stack.stack_id, stack.status));
            let is_same = state(now) == state(found);
            return if is_same { Err(error.into()) } else { Ok(None) };
        }
        Err(error) => return Err(error),
    };
    let preview = stack::preview(run, &request, kind, live, made.as_ref(), protection.clone(), foreign.clone()).await;
    if let Some(made) = &made {
        leavings::discard(run, &made.leaving).await?;
    }
    preview.map(Some)
}

fn takes_change_sets(status: &str) -> bool {
    !is_in_progress(status) && !status.ends_with("_FAILED") && status != "ROLLBACK_COMPLETE"
}
