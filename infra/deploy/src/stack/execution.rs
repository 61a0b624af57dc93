//! Executes an approved change set and follows it to its end, with the stack policy open for accepted losses meanwhile.
//! Never leaves the policy open.

use aws_access::CallError;

use super::change_set::Made;
use super::cleanup;
use crate::run::Context;
use crate::watch::{self, Baseline};
use crate::{ChangeSetKind, CloudFormation, Error, Event, Operation, Outcome, Preview, Watched, protection};

/// Returns what happened; `None` when another deployer was faster and the change set is void.
pub(super) async fn execute<C: CloudFormation>(
    context: &Context<'_, C>,
    made: &Made,
    preview: &Preview,
    policy: Option<&str>,
) -> Result<Option<Outcome>, Error> {
    let (stack, stack_id) = (&preview.stack_name, &made.stack_id);
    let opened = match protection::open_policy(context, stack, stack_id, policy, &preview.data_loss).await {
        Ok(opened) => opened,
        Err(error) => {
            cleanup::remove(context, &made.temporary).await?;
            return Err(error);
        }
    };
    let ended = begin_and_watch(context, made, preview).await;
    if let Some(opened) = &opened {
        let restored = cleanup::remove(context, opened).await;
        // The first failure is reported first.
        if ended.is_ok() {
            restored?;
        }
    }
    let Some(ended) = ended? else { return Ok(None) };
    match ended.status.as_str() {
        "CREATE_COMPLETE" | "IMPORT_COMPLETE" => Ok(Some(Outcome::Created)),
        "UPDATE_COMPLETE" => Ok(Some(Outcome::Updated)),
        "DELETE_COMPLETE" => {
            watch::failed(context, ended);
            Err(gone(stack))
        }
        _ => Err(watch::failed(context, ended)),
    }
}

async fn begin_and_watch<C: CloudFormation>(
    context: &Context<'_, C>,
    made: &Made,
    preview: &Preview,
) -> Result<Option<Watched>, Error> {
    let (stack, stack_id) = (&preview.stack_name, &made.stack_id);
    let begun = begin(context, made, stack).await;
    let baseline = match begun {
        Ok(Some(baseline)) => baseline,
        Ok(None) => return Ok(None),
        Err(error) => {
            cleanup::remove(context, &made.temporary).await?;
            return Err(error.into());
        }
    };
    context.forget_temporary(&made.temporary);
    let operation = match preview.kind {
        ChangeSetKind::Create => Operation::Create,
        ChangeSetKind::Update => Operation::Update,
    };
    let changes = preview.changes.len();
    context.notify(Event::Started { stack: stack.clone(), stack_id: stack_id.clone(), operation, changes });
    match watch::follow_new(context, stack, stack_id, baseline).await {
        // The stack is gone, and our operation with it.
        Err(error) if error.is_about_state() => match context.describe_stack(stack).await? {
            Some(found) if found.stack_id != *stack_id => Ok(None),
            Some(_) => Err(error.into()),
            None => Err(gone(stack)),
        },
        ended => Ok(Some(ended?)),
    }
}

/// Starts the execution. A rejection means that it had already begun and the response got lost, or that another deployer was faster (`None`).
async fn begin<C: CloudFormation>(
    context: &Context<'_, C>,
    made: &Made,
    stack: &str,
) -> Result<Option<Baseline>, CallError> {
    let baseline = match watch::baseline(context, &made.stack_id).await {
        Ok(baseline) => baseline,
        // The empty stack that held it was deleted, or replaced by another.
        Err(error) if error.is_about_state() => {
            cleanup::remove(context, &made.temporary).await.ok();
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let token = context.token("execute", stack);
    let refused = match context.call(async || context.cloudformation.execute_change_set(&made.id, &token).await).await {
        Ok(()) => return Ok(Some(baseline)),
        Err(error) if error.is_about_state() => error,
        Err(error) => return Err(error),
    };
    let newest = async || context.cloudformation.describe_stack_events(&made.stack_id, None).await;
    let events = match context.call(newest).await {
        Ok(page) => page.events,
        Err(error) if error.is_about_state() => Vec::new(),
        Err(error) => return Err(error),
    };
    if events.iter().any(|event| event.token.as_deref() == Some(token.as_str())) {
        return Ok(Some(baseline));
    }
    // A change set that can no longer be executed was overtaken; if it still could be, the request itself was rejected.
    let page =
        context.call(async || context.cloudformation.describe_change_set(None, &made.id, false, None).await).await;
    match page {
        Ok(page) if page.is_executable => Err(refused),
        Ok(_) => {
            cleanup::remove(context, &made.temporary).await.ok();
            Ok(None)
        }
        Err(error) if error.is_about_state() => {
            context.forget_temporary(&made.temporary);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The error for a stack that was deleted meanwhile.
pub(super) fn gone(stack: &str) -> Error {
    Error::Gone { stack: stack.to_owned() }
}
