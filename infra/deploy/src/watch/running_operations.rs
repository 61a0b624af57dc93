//! Follows or cancels the operations in progress on a plan's stacks, whoever started them. Never deletes a stack being created
//! unless asked to.

use super::follow;
use crate::plan::run_in_order;
use crate::ports::is_in_progress;
use crate::run::Context;
use crate::{CloudFormation, Error, Event, Plan, StackDescription, Watched};

/// What to do with a stack that is being created, on cancellation. CloudFormation cannot cancel a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It continues.
    GoesOn,
    /// It is deleted.
    Delete,
}

/// The result for a stack that was asked to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// It was stopped and has come to rest: rolled back, or deleted.
    Stopped(Box<Watched>),
    /// It continues: a creation, a rollback or a deletion.
    GoesOn {
        /// Physical name.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Nothing was in progress.
    AtRest {
        /// Physical name.
        stack: String,
    },
}

/// Follows the operations in progress on a plan's stacks.
pub(crate) async fn follow_all<C: CloudFormation>(
    context: &Context<'_, C>,
    plan: &Plan,
) -> Result<Vec<Watched>, Error> {
    let names = plan.physical_names();
    let step = async |index: usize| {
        let stack: &str = &names[index];
        let Some(found) = context.describe_stack(stack).await?.filter(|found| is_in_progress(&found.status)) else {
            return Ok(None);
        };
        let ended = follow::attach(context, stack, &found).await?;
        let status = ended.status.clone();
        context.notify(match is_failure(&status) {
            true => Event::Failed {
                stack: stack.to_owned(),
                status,
                cause: ended.cause.clone(),
                rolled_back: ended.rolled_back.clone(),
            },
            false => Event::Finished { stack: stack.to_owned(), status },
        });
        Ok(Some(ended))
    };
    let needs = vec![Vec::new(); names.len()];
    let watched = run_in_order(&names, &needs, names.len(), step, |_, _| {}).await?;
    Ok(watched.into_iter().flatten().collect())
}

/// Cancels the operations in progress on a plan's stacks, all at the same time.
pub(crate) async fn cancel_all<C: CloudFormation>(
    context: &Context<'_, C>,
    plan: &Plan,
    creation: Creation,
) -> Result<Vec<Cancelled>, Error> {
    let names = plan.physical_names();
    let step = async |index: usize| {
        let stack: &str = &names[index];
        match context.describe_stack(stack).await?.filter(|found| is_in_progress(&found.status)) {
            Some(found) => stop(context, stack, found, creation).await,
            None => Ok(Cancelled::AtRest { stack: stack.to_owned() }),
        }
    };
    let needs = vec![Vec::new(); names.len()];
    run_in_order(&names, &needs, names.len(), step, |_, _| {}).await
}

async fn stop<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    found: StackDescription,
    creation: Creation,
) -> Result<Cancelled, Error> {
    let (cloudformation, stack_id) = (context.cloudformation, found.stack_id.as_str());
    let token = context.token("cancel", stack);
    let begun = match (found.status.as_str(), creation) {
        ("UPDATE_IN_PROGRESS", _) => {
            context.notify(Event::Cancelling { stack: stack.to_owned(), status: found.status.clone() });
            context.call(async || cloudformation.cancel_update_stack(stack_id, &token).await).await
        }
        ("CREATE_IN_PROGRESS", Creation::Delete) => {
            context.notify(Event::Cancelling { stack: stack.to_owned(), status: found.status.clone() });
            let baseline = follow::baseline(context, stack_id).await?;
            context.call(async || cloudformation.delete_stack(stack_id, context.role_arn(), &token).await).await?;
            return Ok(Cancelled::Stopped(Box::new(follow::follow_new(context, stack, stack_id, baseline).await?)));
        }
        _ => return Ok(Cancelled::GoesOn { stack: stack.to_owned(), status: found.status }),
    };
    match begun {
        Ok(()) => {}
        // It was too late to stop, or our response got lost: either way it comes to rest by itself.
        Err(error) if error.is_about_state() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Cancelled::Stopped(Box::new(follow::follow_current(context, stack, stack_id).await?)))
}

fn is_failure(status: &str) -> bool {
    status.contains("ROLLBACK") || status.ends_with("_FAILED")
}
