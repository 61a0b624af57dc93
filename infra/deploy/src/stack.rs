//! One stack from whatever state it is in to the state of its template. Refuses to delete anything that was not asked for.

use crate::cloudformation::is_in_progress;
use crate::deployer::{Options, Outcome};
use crate::event::Operation;
use crate::retry::retry;
use crate::watch::{Ended, Start, newest_event, watch};
use crate::{
    CallErrorKind, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudFormation, Error, Event, StackDescription,
    TemplateLocation,
};

/// A stack with every value settled.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) stack_name: String,
    pub(crate) template: TemplateLocation,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
}

/// Brings one stack up to date; answers with what happened and how the stack is now.
pub(crate) async fn deploy(
    cloudformation: &impl CloudFormation,
    request: Request,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<(Outcome, StackDescription), Error> {
    let stack = request.stack_name.clone();
    let (kind, change_set) = loop {
        let found = settle(cloudformation, &stack, options, on).await?;
        let kind = match &found {
            None => ChangeSetKind::Create,
            Some(found) if found.status == "REVIEW_IN_PROGRESS" => ChangeSetKind::Create,
            Some(_) => ChangeSetKind::Update,
        };
        match create_change_set(cloudformation, request.clone(), kind, found.is_none(), options, on).await {
            Err(Error::Call(refused)) if refused.kind == CallErrorKind::Invalid => {
                let now = retry(options.pace, on, async || cloudformation.describe_stack(&stack).await).await?;
                let status = |stack: Option<StackDescription>| stack.map(|stack| stack.status);
                // Refused because somebody else began after we had looked: look again. Otherwise it is our own fault.
                if status(now) == status(found) {
                    return Err(refused.into());
                }
            }
            made => break (kind, made?),
        }
    };
    let Some((change_set_id, stack_id, changes)) = change_set else {
        on(Event::UpToDate { stack: stack.clone() });
        return Ok((Outcome::UpToDate, describe(cloudformation, &stack, options, on).await?));
    };
    let operation = match kind {
        ChangeSetKind::Create => Operation::Create,
        ChangeSetKind::Update => Operation::Update,
    };
    on(Event::Started { stack: stack.clone(), operation, changes });
    let start = Start::After(newest_event(cloudformation, &stack_id, options.pace, on).await?);
    let token = options.token("execute", &stack);
    retry(options.pace, on, async || cloudformation.execute_change_set(&change_set_id, &token).await).await?;
    let ended = watch(cloudformation, &stack, &stack_id, start, options.pace, on).await?;
    let outcome = match ended.status.as_str() {
        "CREATE_COMPLETE" => Outcome::Created,
        "UPDATE_COMPLETE" => Outcome::Updated,
        _ => return Err(Error::StackFailed { stack, status: ended.status, cause: ended.cause.map(Box::new) }),
    };
    on(Event::Finished { stack, status: ended.status });
    Ok((outcome, describe(cloudformation, &stack_id, options, on).await?))
}

/// Waits for what others have under way, and deletes what was never created when that is allowed. Answers with a stack
/// that a change set can start from, or with none.
async fn settle(
    cloudformation: &impl CloudFormation,
    stack: &str,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Option<StackDescription>, Error> {
    let mut cause = None;
    loop {
        let found = retry(options.pace, on, async || cloudformation.describe_stack(stack).await).await?;
        let Some(found) = found else { return Ok(None) };
        let status = found.status.as_str();
        if is_in_progress(status) {
            cause = attach(cloudformation, stack, &found, options, on).await?.cause.map(Box::new);
            continue;
        }
        let fix = match status {
            "DELETE_COMPLETE" => return Ok(None),
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" if options.replace_failed => {
                delete(cloudformation, stack, &found.stack_id, options, on).await?;
                continue;
            }
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => {
                "its creation failed and it holds nothing that works; deploy again with --replace-failed, which deletes it first"
            }
            "DELETE_FAILED" => "its deletion failed; run destroy again, which tells what could not be deleted",
            "UPDATE_ROLLBACK_FAILED" => {
                "an update failed and could not be rolled back; repair what its events name, then `aws cloudformation continue-update-rollback`"
            }
            "UPDATE_FAILED" => "an update was stopped half-way; run `aws cloudformation rollback-stack` first",
            _ if status.ends_with("_FAILED") => "bring it to a _COMPLETE status first",
            _ => return Ok(Some(found)),
        };
        return Err(Error::StackNotReady { stack: stack.to_owned(), status: found.status, cause, fix });
    }
}

/// Watches what somebody else started to its end.
pub(crate) async fn attach(
    cloudformation: &impl CloudFormation,
    stack: &str,
    found: &StackDescription,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Ended, Error> {
    on(Event::Attached { stack: stack.to_owned(), status: found.status.clone() });
    Ok(watch(cloudformation, stack, &found.stack_id, Start::UnderWay, options.pace, on).await?)
}

/// Deletes a stack and waits for the end.
pub(crate) async fn delete(
    cloudformation: &impl CloudFormation,
    stack: &str,
    stack_id: &str,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    on(Event::Started { stack: stack.to_owned(), operation: Operation::Delete, changes: 0 });
    let start = Start::After(newest_event(cloudformation, stack_id, options.pace, on).await?);
    let token = options.token("delete", stack);
    retry(options.pace, on, async || cloudformation.delete_stack(stack_id, &token).await).await?;
    let ended = watch(cloudformation, stack, stack_id, start, options.pace, on).await?;
    if ended.status != "DELETE_COMPLETE" {
        return Err(Error::StackFailed {
            stack: stack.to_owned(),
            status: ended.status,
            cause: ended.cause.map(Box::new),
        });
    }
    on(Event::Finished { stack: stack.to_owned(), status: ended.status });
    Ok(())
}

/// Makes a change set and waits until it can be executed: its id, the stack's id and the number of changes. `None` when it
/// holds no change. Leaves nothing behind when it is refused.
async fn create_change_set(
    cloudformation: &impl CloudFormation,
    request: Request,
    kind: ChangeSetKind,
    makes_stack: bool,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Option<(String, String, usize)>, Error> {
    let stack = request.stack_name.clone();
    let request = ChangeSetRequest {
        name: format!("infra-{}", options.run_id),
        token: options.token("create", &stack),
        kind,
        stack_name: request.stack_name,
        template: request.template,
        parameters: request.parameters,
        tags: request.tags,
    };
    let pace = options.pace;
    let (id, stack_id) = retry(pace, on, async || cloudformation.create_change_set(&request).await).await?;
    let mut pauses = pace.start();
    let change_set = loop {
        let change_set = retry(pace, on, async || cloudformation.describe_change_set(&id).await).await?;
        if change_set.status != ChangeSetStatus::Pending {
            break change_set;
        }
        pauses.pause().await;
    };
    let failure = match change_set.status {
        ChangeSetStatus::Pending | ChangeSetStatus::Ready => return Ok(Some((id, stack_id, change_set.changes))),
        ChangeSetStatus::Empty => None,
        ChangeSetStatus::Failed(reason) => Some(reason),
    };
    retry(pace, on, async || cloudformation.delete_change_set(&id).await).await?;
    let Some(reason) = failure else { return Ok(None) };
    if makes_stack {
        // The request has made a stack without resources to hold the change set.
        let token = options.token("delete", &stack);
        retry(pace, on, async || cloudformation.delete_stack(&stack_id, &token).await).await?;
    }
    Err(Error::ChangeSetFailed { stack, reason })
}

async fn describe(
    cloudformation: &impl CloudFormation,
    stack: &str,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<StackDescription, Error> {
    let found = retry(options.pace, on, async || cloudformation.describe_stack(stack).await).await?;
    found.ok_or_else(|| Error::StackNotReady {
        stack: stack.to_owned(),
        status: "gone".to_owned(),
        cause: None,
        fix: "it was deleted while it was deployed; deploy again",
    })
}
