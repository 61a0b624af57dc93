//! Brings termination protection and stack policy to what the plan says, and opens the policy for accepted losses.
//! Refuses a call that would change nothing.

use crate::protection::opened;
use crate::run::{Leaving, Run};
use crate::{CallError, CloudFormation, DataLoss, Error, Event, Protection, ProtectionChange, StackDescription};

/// The live policy and what has to change; `found` is `None` for a stack that is about to be made.
pub(crate) async fn compare<C: CloudFormation>(
    run: &Run<'_, C>,
    wanted: &Protection,
    found: Option<&StackDescription>,
) -> Result<(Option<String>, Option<ProtectionChange>), CallError> {
    let Some(found) = found else { return Ok((None, wanted.change(false, None))) };
    let answer = run.call(async || run.cloudformation.get_stack_policy(&found.stack_id).await).await;
    // Who wants no policy need not know whether there is one.
    let policy = match &wanted.stack_policy {
        Some(_) => answer?,
        None => run.if_allowed(answer)?.flatten(),
    };
    let change = wanted.change(found.termination_protection, policy.as_deref());
    Ok((policy, change))
}

pub(crate) async fn apply<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    stack_id: &str,
    change: &ProtectionChange,
) -> Result<(), CallError> {
    if let Some(enabled) = change.termination {
        run.call(async || run.cloudformation.update_termination_protection(stack_id, enabled).await).await?;
    }
    if let Some(policy) = &change.stack_policy {
        run.call(async || run.cloudformation.set_stack_policy(stack_id, policy).await).await?;
    }
    run.tell(Event::Protected { stack: stack.to_owned(), change: change.clone() });
    Ok(())
}

/// Opens a policy for the accepted losses alone; answers with what has to be put back, when it was opened.
pub(crate) async fn open<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    stack_id: &str,
    policy: Option<&str>,
    losses: &[DataLoss],
) -> Result<Option<Leaving>, Error> {
    // What a nested stack loses, its own policy rules; ours rules the nested stack.
    let ids = losses.iter().filter_map(|loss| loss.name.split('/').nth(1)).map(str::to_owned);
    let ids: std::collections::BTreeSet<String> = ids.collect();
    let (Some(policy), false) = (policy, ids.is_empty()) else { return Ok(None) };
    let resources: Vec<String> = ids.into_iter().collect();
    let Some(open) = opened(policy, &resources) else {
        return Err(Error::PolicyNotOpened { stack: stack.to_owned(), resources });
    };
    let leaving = Leaving::Policy { stack: stack.to_owned(), policy: policy.to_owned() };
    run.leave(leaving.clone());
    run.call(async || run.cloudformation.set_stack_policy(stack_id, &open).await).await?;
    run.tell(Event::PolicyOpened { stack: stack.to_owned(), resources });
    Ok(Some(leaving))
}
