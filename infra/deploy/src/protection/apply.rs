//! Sets termination protection and stack policy as the plan says, and opens the policy for accepted losses.
//! Makes no call that would change nothing.

use aws_access::CallError;

use super::stack_policy::opened;
use crate::run::{Context, Temporary};
use crate::{CloudFormation, DataLoss, Error, Event, Protection, ProtectionChange, StackDescription};

/// The live policy and the necessary change; `found` is `None` for a stack that is about to be created.
pub(crate) async fn compare<C: CloudFormation>(
    context: &Context<'_, C>,
    wanted: &Protection,
    found: Option<&StackDescription>,
) -> Result<(Option<String>, Option<ProtectionChange>), CallError> {
    let Some(found) = found else { return Ok((None, wanted.change(false, None))) };
    let answer = context.call(async || context.cloudformation.get_stack_policy(&found.stack_id).await).await;
    // If no policy is wanted, it does not matter whether one is set.
    let policy = match &wanted.stack_policy {
        Some(_) => answer?,
        None => context.if_allowed(answer)?.flatten(),
    };
    let change = wanted.change(found.termination_protection, policy.as_deref());
    Ok((policy, change))
}

pub(crate) async fn apply<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
    change: &ProtectionChange,
) -> Result<(), CallError> {
    if let Some(enabled) = change.termination {
        context.call(async || context.cloudformation.update_termination_protection(stack_id, enabled).await).await?;
    }
    if let Some(policy) = &change.stack_policy {
        context.call(async || context.cloudformation.set_stack_policy(stack_id, policy).await).await?;
    }
    context.notify(Event::Protected { stack: stack.to_owned(), change: change.clone() });
    Ok(())
}

/// Opens a policy for the accepted losses only; returns what has to be restored, if it was opened.
pub(crate) async fn open_policy<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
    policy: Option<&str>,
    losses: &[DataLoss],
) -> Result<Option<Temporary>, Error> {
    // Losses inside a nested stack are governed by its own policy; ours governs the nested stack.
    let ids = losses.iter().filter_map(|loss| loss.name.split('/').nth(1)).map(str::to_owned);
    let ids: std::collections::BTreeSet<String> = ids.collect();
    let (Some(policy), false) = (policy, ids.is_empty()) else { return Ok(None) };
    let resources: Vec<String> = ids.into_iter().collect();
    let Some(open) = opened(policy, &resources) else {
        return Err(Error::PolicyNotOpened { stack: stack.to_owned(), resources });
    };
    let temporary = Temporary::Policy { stack: stack.to_owned(), policy: policy.to_owned() };
    context.add_temporary(temporary.clone());
    context.call(async || context.cloudformation.set_stack_policy(stack_id, &open).await).await?;
    context.notify(Event::PolicyOpened { stack: stack.to_owned(), resources });
    Ok(Some(temporary))
}
