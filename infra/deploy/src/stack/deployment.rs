//! Brings one stack from whatever state it is in to the state of its template. Never executes an unapproved change.

use tokio::sync::Mutex;

use super::preview::preview;
use super::recovery::ready_for_change_set;
use super::review_stack::{self, PATIENCE, ReviewStack};
use super::{change_set, cleanup, execution};
use crate::plan::ResolvedStack;
use crate::run::Context;
use crate::{
    Approver, ChangeSetKind, CloudFormation, Error, Event, Outcome, Preview, ProtectionChange, StackDescription,
    protection,
};

/// How often another deployer may be faster before this gives up.
const ATTEMPTS: u32 = 10;

/// Brings one stack up to date; returns what happened and the stack's new state. `gate` allows one approval at a time.
pub(crate) async fn deploy<C: CloudFormation>(
    context: &Context<'_, C>,
    approver: &impl Approver,
    gate: &Mutex<()>,
    resolved: &ResolvedStack,
) -> Result<(Outcome, StackDescription), Error> {
    let stack = &resolved.stack_name;
    let mut patience = PATIENCE;
    for _ in 0..ATTEMPTS {
        let found = ready_for_change_set(context, &resolved.name, stack, approver).await?;
        let review = review_stack::look(context, stack, found.as_ref(), &mut patience).await?;
        let Some(ReviewStack { with_stack, foreign }) = review else { continue };
        let live = found.as_ref().filter(|found| found.status != "REVIEW_IN_PROGRESS");
        let kind = if live.is_some() { ChangeSetKind::Update } else { ChangeSetKind::Create };
        let made = match change_set::make(context, resolved, kind, with_stack).await {
            Err(Error::Call(refused)) if refused.is_about_state() => {
                let now = context.describe_stack(stack).await?;
                let state = |stack: Option<StackDescription>| stack.map(|stack| (stack.stack_id, stack.status));
                // Rejected because another deployer began after we had looked: look again. Otherwise our request is wrong.
                if state(now) == state(found) {
                    return Err(refused.into());
                }
                continue;
            }
            made => made?,
        };
        let (policy, protection) = protection::compare(context, &resolved.protection, live).await?;
        let made = match (made, live) {
            (Some(made), _) => made,
            (None, Some(live)) => return unchanged(context, approver, gate, resolved, live, protection).await,
            (None, None) => {
                return Err(Error::ChangeSetFailed { stack: stack.clone(), reason: "it is empty".to_owned() });
            }
        };
        let id = made.id.clone();
        context.notify(Event::ChangeSetReady { stack: stack.clone(), change_set_id: id, changes: made.changes.len() });
        let asked = async {
            let preview = preview(context, resolved, kind, live, Some(&made), protection.clone(), foreign).await?;
            approved(approver, gate, &preview).await.map(|()| preview)
        };
        let preview = match asked.await {
            Ok(preview) => preview,
            Err(error) => {
                cleanup::remove(context, &made.temporary).await?;
                return Err(error);
            }
        };
        let Some(outcome) = execution::execute(context, &made, &preview, policy.as_deref()).await? else {
            continue;
        };
        if let Some(change) = &protection {
            protection::apply(context, stack, &made.stack_id, change).await?;
        }
        return Ok((outcome, finished(context, stack, &made.stack_id).await?));
    }
    Err(Error::Overtaken { stack: stack.clone(), attempts: ATTEMPTS })
}

/// A stack whose template changes nothing may still need a change of its protection.
async fn unchanged<C: CloudFormation>(
    context: &Context<'_, C>,
    approver: &impl Approver,
    gate: &Mutex<()>,
    resolved: &ResolvedStack,
    live: &StackDescription,
    protection: Option<ProtectionChange>,
) -> Result<(Outcome, StackDescription), Error> {
    let stack = &resolved.stack_name;
    let Some(change) = protection else {
        context.notify(Event::UpToDate { stack: stack.clone() });
        return Ok((Outcome::UpToDate, live.clone()));
    };
    let kind = ChangeSetKind::Update;
    let preview = preview(context, resolved, kind, Some(live), None, Some(change.clone()), Vec::new()).await?;
    approved(approver, gate, &preview).await?;
    protection::apply(context, stack, &live.stack_id, &change).await?;
    context.notify(Event::Finished { stack: stack.clone(), status: live.status.clone() });
    Ok((Outcome::Updated, live.clone()))
}

/// Asks for approval, unless data would be lost that was not accepted by name: approval does not cover that.
async fn approved(approver: &impl Approver, gate: &Mutex<()>, preview: &Preview) -> Result<(), Error> {
    let stack = preview.stack_name.clone();
    if preview.data_loss.iter().any(|loss| !loss.accepted) {
        return Err(Error::DataLoss { stack, losses: preview.data_loss.clone() });
    }
    let _one_at_a_time = gate.lock().await;
    approver.approve(preview).await.map_err(|refusal| Error::Refused { stack, refusal })
}

async fn finished<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
) -> Result<StackDescription, Error> {
    let found = context.describe_stack(stack_id).await?.filter(|found| found.status != "DELETE_COMPLETE");
    let found = found.ok_or_else(|| execution::gone(stack))?;
    context.notify(Event::Finished { stack: stack.to_owned(), status: found.status.clone() });
    Ok(found)
}
