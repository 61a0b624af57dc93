//! Brings a stack from whatever state it is in to one from which a change set can start. Never deletes one without
//! approval.

use aws_access::CallErrorKind;

use crate::ports::is_in_progress;
use crate::run::Context;
use crate::{
    Approver, Cause, CloudFormation, Error, Event, FailedStack, Operation, Remedy, StackDescription, Watched, watch,
};

/// What a stack may go through before it is ready: an operation of another deployer, a rollback, a deletion.
const STEPS: u32 = 12;

/// A stack at rest in a state that can be changed; `None` when there is none.
pub(super) async fn ready_for_change_set<C: CloudFormation>(
    context: &Context<'_, C>,
    name: &str,
    stack: &str,
    approver: &impl Approver,
) -> Result<Option<StackDescription>, Error> {
    let mut cause: Option<Box<Cause>> = None;
    let mut may_delete = false;
    // A remedy that was tried and did not change the state.
    let mut tried: Option<Remedy> = None;
    for _ in 0..STEPS {
        let Some(found) = context.describe_stack(stack).await? else { return Ok(None) };
        let status = found.status.as_str();
        if is_in_progress(status) {
            cause = watch::attach(context, stack, &found).await?.cause.map(Box::new).or(cause);
            continue;
        }
        let (remedy, fix) = match status {
            "DELETE_COMPLETE" => return Ok(None),
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => (
                Remedy::Delete,
                "it was deleted and did not go; repair or retain what its events name, then deploy again",
            ),
            "CREATE_FAILED" => {
                (Remedy::RollBack, "its creation failed and could not be rolled back; delete it manually")
            }
            "UPDATE_FAILED" => {
                (Remedy::RollBack, "its update failed and could not be rolled back; repair what its events name")
            }
            "UPDATE_ROLLBACK_FAILED" => (
                Remedy::ContinueRollBack,
                "an update failed and could not be rolled back; repair what its events name and deploy again, or name what \
                 to leave as it is with --skip-rollback STACK/RESOURCE",
            ),
            "IMPORT_ROLLBACK_FAILED" => {
                return Err(not_ready(
                    stack,
                    found,
                    cause,
                    "an import could not be rolled back; repair what its events name, then roll it back manually",
                ));
            }
            _ if status.ends_with("_FAILED") => {
                return Err(not_ready(stack, found, cause, "bring it to a _COMPLETE status first"));
            }
            _ => return Ok(Some(found)),
        };
        if tried == Some(remedy) {
            return Err(not_ready(stack, found, cause, fix));
        }
        tried = Some(remedy);
        // Rolling back a creation deletes what it had created.
        if (remedy == Remedy::Delete || status == "CREATE_FAILED") && !may_delete {
            ask(context, name, stack, &found, approver).await?;
            may_delete = true;
        }
        if let Some(ended) = apply_remedy(context, name, stack, &found, remedy).await? {
            cause = ended.cause.map(Box::new).or(cause);
        }
    }
    Err(Error::Overtaken { stack: stack.to_owned(), attempts: STEPS })
}

async fn ask<C: CloudFormation>(
    context: &Context<'_, C>,
    name: &str,
    stack: &str,
    found: &StackDescription,
    approver: &impl Approver,
) -> Result<(), Error> {
    let resources = context.call(async || context.cloudformation.list_stack_resources(&found.stack_id).await).await?;
    let resources = resources.into_iter().filter(|resource| resource.status != "DELETE_COMPLETE");
    let failed = FailedStack {
        stack: name.to_owned(),
        stack_name: stack.to_owned(),
        stack_id: found.stack_id.clone(),
        status: found.status.clone(),
        reason: found.status_reason.clone().filter(|reason| !reason.is_empty()),
        resources: resources.map(|resource| (resource.logical_id, resource.resource_type)).collect(),
    };
    let answer = approver.delete_failed(&failed).await;
    answer.map_err(|refusal| Error::Refused { stack: stack.to_owned(), refusal })
}

/// Applies the remedy for the state and follows it; `None` when the state had changed by then.
async fn apply_remedy<C: CloudFormation>(
    context: &Context<'_, C>,
    name: &str,
    stack: &str,
    found: &StackDescription,
    remedy: Remedy,
) -> Result<Option<Watched>, Error> {
    let (cloudformation, stack_id) = (context.cloudformation, found.stack_id.as_str());
    context.notify(Event::Recovering { stack: stack.to_owned(), status: found.status.clone(), remedy });
    let baseline = watch::baseline(context, stack_id).await?;
    let begun = match remedy {
        Remedy::Delete => {
            let operation = Operation::Delete;
            context.notify(Event::Started {
                stack: stack.to_owned(),
                stack_id: stack_id.to_owned(),
                operation,
                changes: 0,
            });
            let token = context.token("delete", stack);
            context.call(async || cloudformation.delete_stack(stack_id, context.role_arn(), &token).await).await
        }
        Remedy::RollBack => {
            let token = context.token("rollback", stack);
            context.call(async || cloudformation.rollback_stack(stack_id, context.role_arn(), &token).await).await
        }
        Remedy::ContinueRollBack => {
            let token = context.token("continue", stack);
            let skip = context.options.skip_rollback.iter().filter_map(|skip| skip.strip_prefix(&format!("{name}/")));
            let skip: Vec<String> = skip.map(str::to_owned).collect();
            context
                .call(async || {
                    cloudformation.continue_update_rollback(stack_id, &skip, context.role_arn(), &token).await
                })
                .await
        }
    };
    match begun {
        Ok(()) => Ok(Some(watch::follow_new(context, stack, stack_id, baseline).await?)),
        // Another deployer was faster, or the response to our own call got lost.
        Err(error) if error.kind == CallErrorKind::Invalid => {
            let now = context.describe_stack(stack).await?;
            let is_same = now.is_some_and(|now| now.stack_id == found.stack_id && now.status == found.status);
            if is_same { Err(error.into()) } else { Ok(None) }
        }
        Err(error) => Err(error.into()),
    }
}

fn not_ready(stack: &str, found: StackDescription, cause: Option<Box<Cause>>, fix: &'static str) -> Error {
    Error::StackNotReady { stack: stack.to_owned(), status: found.status, cause, fix }
}
