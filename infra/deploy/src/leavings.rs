//! Puts away what a run must not leave: change sets that were not executed, stacks made only to hold them, opened policies.
//! Refuses to touch change sets of others, and a stack that one of those waits on.

use crate::change_set::NAME_PREFIX;
use crate::run::{Leaving, Run};
use crate::{ChangeSetSummary, CloudFormation, Error, Event};

/// A change set of ours that is older by this than another belongs to a run that was killed: no approval takes so long. Both
/// times are AWS's; the clock of this machine may be wrong.
const ABANDONED_MS: i64 = 60 * 60 * 1000;

/// Questions for the end of an empty stack's deletion, which takes a second or two.
const DELETION: u32 = 20;

/// Puts away everything that was written down; goes on after a failure and tells the first.
pub(crate) async fn discard_all<C: CloudFormation>(run: &Run<'_, C>) -> Result<(), Error> {
    let leavings = run.leavings();
    let mut result = Ok(());
    for leaving in leavings {
        result = result.and(discard(run, &leaving).await);
    }
    result
}

/// Puts one thing away. What is gone already counts as put away.
pub(crate) async fn discard<C: CloudFormation>(run: &Run<'_, C>, leaving: &Leaving) -> Result<(), Error> {
    match leaving {
        Leaving::ChangeSet { stack, name, with_stack, nested } => {
            // Only with the change set itself do those of nested stacks go, and the empty nested stacks that hold them.
            if *nested {
                delete_change_set(run, stack, name).await?;
            }
            let with_stack = *with_stack && delete_shell(run, stack, name).await?;
            if !with_stack && !nested {
                run.call(async || run.cloudformation.delete_change_set(stack, name).await).await?;
            }
            run.tell(Event::ChangeSetDeleted { stack: stack.clone(), with_stack });
        }
        Leaving::Policy { stack, policy } => {
            run.call(async || run.cloudformation.set_stack_policy(stack, policy).await).await?;
            run.tell(Event::PolicyRestored { stack: stack.clone() });
        }
    }
    run.put_away(leaving);
    Ok(())
}

/// Names of the change sets that killed runs of ours have left.
pub(crate) fn abandoned(listed: &[ChangeSetSummary]) -> Vec<String> {
    let newest = listed.iter().map(|listed| listed.created_ms).max().unwrap_or_default();
    let is_old = |listed: &&ChangeSetSummary| {
        listed.name.starts_with(NAME_PREFIX) && newest.saturating_sub(listed.created_ms) > ABANDONED_MS
    };
    listed.iter().filter(is_old).map(|listed| listed.name.clone()).collect()
}

/// Takes away what killed runs of ours have left on a stack, while a change set of this run is there to tell the time. What
/// cannot be swept now is swept another time.
pub(crate) async fn sweep<C: CloudFormation>(run: &Run<'_, C>, stack: &str) {
    let listed = run.call(async || run.cloudformation.list_change_sets(stack).await).await.unwrap_or_default();
    for name in abandoned(&listed) {
        let deleted = run.call(async || run.cloudformation.delete_change_set(stack, &name).await).await;
        if deleted.is_ok() {
            run.tell(Event::ChangeSetDeleted { stack: stack.to_owned(), with_stack: false });
        }
    }
}

/// Deletes a change set and those of nested stacks with it, which takes a moment.
async fn delete_change_set<C: CloudFormation>(run: &Run<'_, C>, stack: &str, name: &str) -> Result<(), Error> {
    run.call(async || run.cloudformation.delete_change_set(stack, name).await).await?;
    let mut pauses = run.options.pace.start();
    for _ in 0..DELETION {
        let listed = run.call(async || run.cloudformation.list_change_sets(stack).await).await?;
        if listed.iter().all(|listed| listed.name != name) {
            break;
        }
        pauses.pause().await;
    }
    Ok(())
}

/// Deletes a stack that holds nothing but our own change sets, which go with it; answers whether it did.
async fn delete_shell<C: CloudFormation>(run: &Run<'_, C>, stack: &str, own: &str) -> Result<bool, Error> {
    let describe = async || run.cloudformation.describe_stack(stack).await;
    let Some(found) = run.call(describe).await? else { return Ok(false) };
    if found.status != "REVIEW_IN_PROGRESS" {
        return Ok(false);
    }
    let listed = run.call(async || run.cloudformation.list_change_sets(stack).await).await?;
    let abandoned = abandoned(&listed);
    if listed.iter().any(|listed| listed.name != own && !abandoned.contains(&listed.name)) {
        return Ok(false);
    }
    let token = run.token("shell", &found.stack_id);
    run.call(async || run.cloudformation.delete_stack(&found.stack_id, run.role_arn(), &token).await).await?;
    let mut pauses = run.options.pace.start();
    for _ in 0..DELETION {
        let now = run.call(async || run.cloudformation.describe_stack(&found.stack_id).await).await?;
        if now.is_none_or(|now| now.status == "DELETE_COMPLETE") {
            break;
        }
        pauses.pause().await;
    }
    Ok(true)
}
