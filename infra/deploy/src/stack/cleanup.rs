//! Removes what a run must not leave behind: change sets that were not executed, stacks created only to hold them, opened policies.
//! Never touches change sets of others, or a stack that one of those waits on.

use super::change_set_name::abandoned;
use crate::run::{Context, Temporary};
use crate::{CloudFormation, Error, Event};

/// Polls for the end of an empty stack's deletion, which takes a second or two.
const DELETION: u32 = 20;

/// Removes everything that was recorded; continues after a failure and returns the first.
pub(crate) async fn remove_all<C: CloudFormation>(context: &Context<'_, C>) -> Result<(), Error> {
    let mut result = Ok(());
    for temporary in context.temporaries() {
        result = result.and(remove(context, &temporary).await);
    }
    result
}

/// Removes one thing. What does not exist any more counts as removed.
pub(super) async fn remove<C: CloudFormation>(context: &Context<'_, C>, temporary: &Temporary) -> Result<(), Error> {
    match temporary {
        Temporary::ChangeSet { stack, name, with_stack, nested } => {
            // Change sets of nested stacks, and the empty nested stacks that hold them, are only deleted with the change set itself.
            if *nested {
                delete_change_set(context, stack, name).await?;
            }
            let with_stack = *with_stack && delete_empty_stack(context, stack, name).await?;
            if !with_stack && !nested {
                context.call(async || context.cloudformation.delete_change_set(stack, name).await).await?;
            }
            context.notify(Event::ChangeSetDeleted { stack: stack.clone(), with_stack });
        }
        Temporary::Policy { stack, policy } => {
            context.call(async || context.cloudformation.set_stack_policy(stack, policy).await).await?;
            context.notify(Event::PolicyRestored { stack: stack.clone() });
        }
    }
    context.forget_temporary(temporary);
    Ok(())
}

/// Removes the change sets that killed runs of ours left on a stack, while one of this run exists to compare times with.
/// What cannot be removed now is removed by a later run.
pub(super) async fn remove_abandoned<C: CloudFormation>(context: &Context<'_, C>, stack: &str) {
    let listed = context.call(async || context.cloudformation.list_change_sets(stack).await).await.unwrap_or_default();
    for name in abandoned(&listed) {
        let deleted = context.call(async || context.cloudformation.delete_change_set(stack, &name).await).await;
        if deleted.is_ok() {
            context.notify(Event::ChangeSetDeleted { stack: stack.to_owned(), with_stack: false });
        }
    }
}

/// Deletes a change set with those of nested stacks, which takes a moment.
async fn delete_change_set<C: CloudFormation>(context: &Context<'_, C>, stack: &str, name: &str) -> Result<(), Error> {
    context.call(async || context.cloudformation.delete_change_set(stack, name).await).await?;
    let mut pauses = context.options.pace.start();
    for _ in 0..DELETION {
        let listed = context.call(async || context.cloudformation.list_change_sets(stack).await).await?;
        if listed.iter().all(|listed| listed.name != name) {
            break;
        }
        pauses.pause().await;
    }
    Ok(())
}

/// Deletes a stack that contains nothing but our own change sets, which are deleted with it; returns whether it did.
async fn delete_empty_stack<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    own: &str,
) -> Result<bool, Error> {
    let describe = async || context.cloudformation.describe_stack(stack).await;
    let Some(found) = context.call(describe).await? else { return Ok(false) };
    if found.status != "REVIEW_IN_PROGRESS" {
        return Ok(false);
    }
    let listed = context.call(async || context.cloudformation.list_change_sets(stack).await).await?;
    let abandoned = abandoned(&listed);
    if listed.iter().any(|listed| listed.name != own && !abandoned.contains(&listed.name)) {
        return Ok(false);
    }
    let token = context.token("shell", &found.stack_id);
    context
        .call(async || context.cloudformation.delete_stack(&found.stack_id, context.role_arn(), &token).await)
        .await?;
    let mut pauses = context.options.pace.start();
    for _ in 0..DELETION {
        let now = context.call(async || context.cloudformation.describe_stack(&found.stack_id).await).await?;
        if now.is_none_or(|now| now.status == "DELETE_COMPLETE") {
            break;
        }
        pauses.pause().await;
    }
    Ok(true)
}
