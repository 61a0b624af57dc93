//! Executes an approved change set and watches it to its end, the stack policy open for accepted losses meanwhile.
//! Refuses to leave the policy open.

use crate::change_set::Made;
use crate::leavings;
use crate::policies;
use crate::run::Run;
use crate::settle::describe;
use crate::watch::{self, Before, Watched};
use crate::{CallError, ChangeSetKind, CloudFormation, Error, Event, Operation, Outcome, Preview};

/// Answers with what happened; `None` when somebody else was quicker and the change set is void.
pub(crate) async fn execute<C: CloudFormation>(
    run: &Run<'_, C>,
    made: &Made,
    preview: &Preview,
    policy: Option<&str>,
) -> Result<Option<Outcome>, Error> {
    let (stack, stack_id) = (&preview.stack_name, &made.stack_id);
    let opened = match policies::open(run, stack, stack_id, policy, &preview.data_loss).await {
        Ok(opened) => opened,
        Err(error) => {
            leavings::discard(run, &made.leaving).await?;
            return Err(error);
        }
    };
    let ended = begin_and_watch(run, made, preview).await;
    if let Some(opened) = &opened {
        let restored = leavings::discard(run, opened).await;
        // What went wrong first is told first.
        if ended.is_ok() {
            restored?;
        }
    }
    let Some(ended) = ended? else { return Ok(None) };
    match ended.status.as_str() {
        "CREATE_COMPLETE" | "IMPORT_COMPLETE" => Ok(Some(Outcome::Created)),
        "UPDATE_COMPLETE" => Ok(Some(Outcome::Updated)),
        "DELETE_COMPLETE" => {
            failed(run, ended);
            Err(gone(stack))
        }
        _ => Err(failed(run, ended)),
    }
}

/// Tells a failure and makes it an error.
pub(crate) fn failed<C: CloudFormation>(run: &Run<'_, C>, ended: Watched) -> Error {
    let Watched { stack, status, cause, rolled_back } = ended;
    run.tell(Event::Failed {
        stack: stack.clone(),
        status: status.clone(),
        cause: cause.clone(),
        rolled_back: rolled_back.clone(),
    });
    Error::StackFailed { stack, status, cause: cause.map(Box::new), rolled_back }
}

async fn begin_and_watch<C: CloudFormation>(
    run: &Run<'_, C>,
    made: &Made,
    preview: &Preview,
) -> Result<Option<Watched>, Error> {
    let (stack, stack_id) = (&preview.stack_name, &made.stack_id);
    let begun = begin(run, made, stack).await;
    let before = match begun {
        Ok(Some(before)) => before,
        Ok(None) => return Ok(None),
        Err(error) => {
            leavings::discard(run, &made.leaving).await?;
            return Err(error.into());
        }
    };
    run.put_away(&made.leaving);
    let operation = match preview.kind {
        ChangeSetKind::Create => Operation::Create,
        ChangeSetKind::Update => Operation::Update,
    };
    let changes = preview.changes.len();
    run.tell(Event::Started { stack: stack.clone(), stack_id: stack_id.clone(), operation, changes });
    match watch::watch(run, stack, stack_id, before).await {
        // It is gone, and our operation with it.
        Err(error) if error.is_about_state() => match describe(run, stack).await? {
            Some(found) if found.stack_id != *stack_id => Ok(None),
            Some(_) => Err(error.into()),
            None => Err(gone(stack)),
        },
        ended => Ok(Some(ended?)),
    }
}

/// Starts the execution. A refusal means that it had begun, its answer lost, or that others were quicker (`None`).
async fn begin<C: CloudFormation>(run: &Run<'_, C>, made: &Made, stack: &str) -> Result<Option<Before>, CallError> {
    let before = match watch::before(run, &made.stack_id).await {
        Ok(before) => before,
        // Somebody took away the empty stack that held it, or there is another one by now.
        Err(error) if error.is_about_state() => {
            leavings::discard(run, &made.leaving).await.ok();
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let token = run.token("execute", stack);
    let refused = match run.call(async || run.cloudformation.execute_change_set(&made.id, &token).await).await {
        Ok(()) => return Ok(Some(before)),
        Err(error) if error.is_about_state() => error,
        Err(error) => return Err(error),
    };
    let newest = async || run.cloudformation.describe_stack_events(&made.stack_id, None).await;
    let events = match run.call(newest).await {
        Ok(page) => page.events,
        Err(error) if error.is_about_state() => Vec::new(),
        Err(error) => return Err(error),
    };
    if events.iter().any(|event| event.token.as_deref() == Some(token.as_str())) {
        return Ok(Some(before));
    }
    // A change set that can no longer be executed was overtaken; one that could be was refused for itself.
    let page = run.call(async || run.cloudformation.describe_change_set(None, &made.id, false, None).await).await;
    match page {
        Ok(page) if page.is_executable => Err(refused),
        Ok(_) => {
            leavings::discard(run, &made.leaving).await.ok();
            Ok(None)
        }
        Err(error) if error.is_about_state() => {
            run.put_away(&made.leaving);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The error of a stack that was deleted meanwhile.
pub(crate) fn gone(stack: &str) -> Error {
    Error::Gone { stack: stack.to_owned() }
}
