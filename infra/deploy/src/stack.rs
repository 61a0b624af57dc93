//! One stack from whatever state it is in to the state of its template. Refuses to execute what nobody approved.

use tokio::sync::Mutex;

use crate::change_set::{self, Made, NAME_PREFIX, Request};
use crate::execution;
use crate::leavings::{self, abandoned};
use crate::policies;
use crate::preview::data_loss;
use crate::run::Run;
use crate::settle::{describe, settle};
use crate::{
    Approver, Basis, ChangeSetKind, CloudFormation, Error, Event, Outcome, Preview, ProtectionChange, StackDescription,
};

/// How often somebody else may be quicker before this gives up.
const ATTEMPTS: u32 = 10;

/// Looks at a stack that waits on another deployer's change set, before ours is put beside it: half a minute at AWS.
const PATIENCE: u32 = 15;

/// Brings one stack up to date; answers with what happened and how the stack is now. `gate` lets one question through at a time.
pub(crate) async fn deploy<C: CloudFormation>(
    run: &Run<'_, C>,
    approver: &impl Approver,
    gate: &Mutex<()>,
    request: &Request,
) -> Result<(Outcome, StackDescription), Error> {
    let stack = &request.stack_name;
    let mut patience = PATIENCE;
    for _ in 0..ATTEMPTS {
        let found = settle(run, &request.name, stack, approver).await?;
        let shell = shell(run, stack, found.as_ref(), &mut patience).await?;
        let Some(Shell { with_stack, foreign }) = shell else { continue };
        let live = found.as_ref().filter(|found| found.status != "REVIEW_IN_PROGRESS");
        let kind = if live.is_some() { ChangeSetKind::Update } else { ChangeSetKind::Create };
        let made = match change_set::make(run, request, kind, with_stack).await {
            Err(Error::Call(refused)) if refused.is_about_state() => {
                let now = describe(run, stack).await?;
                let state = |stack: Option<StackDescription>| stack.map(|stack| (stack.stack_id, stack.status));
                // Refused because somebody else began after we had looked: look again. Otherwise it is our own fault.
                if state(now) == state(found) {
                    return Err(refused.into());
                }
                continue;
            }
            made => made?,
        };
        let (policy, protection) = policies::compare(run, &request.protection, live).await?;
        let made = match (made, live) {
            (Some(made), _) => made,
            (None, Some(live)) => return unchanged(run, approver, gate, request, live, protection).await,
            (None, None) => {
                return Err(Error::ChangeSetFailed { stack: stack.clone(), reason: "it is empty".to_owned() });
            }
        };
        let id = made.id.clone();
        run.tell(Event::ChangeSetReady { stack: stack.clone(), change_set_id: id, changes: made.changes.len() });
        let asked = async {
            let preview = preview(run, request, kind, live, Some(&made), protection.clone(), foreign).await?;
            approved(approver, gate, &preview).await.map(|()| preview)
        };
        let preview = match asked.await {
            Ok(preview) => preview,
            Err(error) => {
                leavings::discard(run, &made.leaving).await?;
                return Err(error);
            }
        };
        let Some(outcome) = execution::execute(run, &made, &preview, policy.as_deref()).await? else {
            continue;
        };
        if let Some(change) = &protection {
            policies::apply(run, stack, &made.stack_id, change).await?;
        }
        return Ok((outcome, finished(run, stack, &made.stack_id).await?));
    }
    Err(Error::Overtaken { stack: stack.clone(), attempts: ATTEMPTS })
}

/// A stack whose template changes nothing may still have to be protected otherwise.
async fn unchanged<C: CloudFormation>(
    run: &Run<'_, C>,
    approver: &impl Approver,
    gate: &Mutex<()>,
    request: &Request,
    live: &StackDescription,
    protection: Option<ProtectionChange>,
) -> Result<(Outcome, StackDescription), Error> {
    let stack = &request.stack_name;
    let Some(change) = protection else {
        run.tell(Event::UpToDate { stack: stack.clone() });
        return Ok((Outcome::UpToDate, live.clone()));
    };
    let kind = ChangeSetKind::Update;
    let preview = preview(run, request, kind, Some(live), None, Some(change.clone()), Vec::new()).await?;
    approved(approver, gate, &preview).await?;
    policies::apply(run, stack, &live.stack_id, &change).await?;
    run.tell(Event::Finished { stack: stack.clone(), status: live.status.clone() });
    Ok((Outcome::Updated, live.clone()))
}

/// What is known of a stack that exists only to hold change sets.
pub(crate) struct Shell {
    /// It was made by us, or is about to be, and may go with our change set.
    pub(crate) with_stack: bool,
    /// Names of other people's change sets on it.
    pub(crate) foreign: Vec<String>,
}

/// Looks who else has plans with a stack that is not there yet. Another deployer gets the time to go first; `None` when it
/// did something in that time.
pub(crate) async fn shell<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    found: Option<&StackDescription>,
    patience: &mut u32,
) -> Result<Option<Shell>, Error> {
    let Some(found) = found.filter(|found| found.status == "REVIEW_IN_PROGRESS") else {
        return Ok(Some(Shell { with_stack: found.is_none(), foreign: Vec::new() }));
    };
    let own = format!("{NAME_PREFIX}{}-", run.options.run_id);
    let mut is_told = false;
    loop {
        let listed = run.call(async || run.cloudformation.list_change_sets(stack).await).await?;
        let is_ours = |name: &str| name.starts_with(NAME_PREFIX);
        let abandoned = abandoned(&listed);
        let is_waiting = |name: &String| is_ours(name) && !name.starts_with(&own) && !abandoned.contains(name);
        let names = listed.iter().map(|listed| listed.name.clone());
        let waiting: Vec<String> = names.filter(is_waiting).collect();
        if waiting.is_empty() || *patience == 0 {
            let with_stack = !listed.is_empty() && listed.iter().all(|listed| is_ours(&listed.name));
            let foreign = listed.into_iter().map(|listed| listed.name).filter(|name| !name.starts_with(&own));
            return Ok(Some(Shell { with_stack, foreign: foreign.collect() }));
        }
        if !std::mem::replace(&mut is_told, true) {
            let seconds = (run.options.pace.most * *patience).as_secs();
            run.tell(Event::Yielding { stack: stack.to_owned(), change_sets: waiting, seconds });
        }
        *patience -= 1;
        tokio::time::sleep(run.options.pace.most).await;
        let now = describe(run, stack).await?;
        if now.is_none_or(|now| now.stack_id != found.stack_id || now.status != found.status) {
            return Ok(None);
        }
    }
}

/// Asks, unless data would be lost that nobody accepted by name: that is not open to a yes.
async fn approved(approver: &impl Approver, gate: &Mutex<()>, preview: &Preview) -> Result<(), Error> {
    let stack = preview.stack_name.clone();
    if preview.data_loss.iter().any(|loss| !loss.accepted) {
        return Err(Error::DataLoss { stack, losses: preview.data_loss.clone() });
    }
    let _one_at_a_time = gate.lock().await;
    approver.approve(preview).await.map_err(|refusal| Error::Refused { stack, refusal })
}

async fn finished<C: CloudFormation>(run: &Run<'_, C>, stack: &str, stack_id: &str) -> Result<StackDescription, Error> {
    let found = describe(run, stack_id).await?.filter(|found| found.status != "DELETE_COMPLETE");
    let found = found.ok_or_else(|| execution::gone(stack))?;
    run.tell(Event::Finished { stack: stack.to_owned(), status: found.status.clone() });
    Ok(found)
}

/// Everything there is to say about a change set before it is executed.
pub(crate) async fn preview<C: CloudFormation>(
    run: &Run<'_, C>,
    request: &Request,
    kind: ChangeSetKind,
    live: Option<&StackDescription>,
    made: Option<&Made>,
    protection: Option<ProtectionChange>,
    foreign_change_sets: Vec<String>,
) -> Result<Preview, Error> {
    let live_template = match live {
        Some(live) => run.if_allowed(run.call(async || run.cloudformation.get_template(&live.stack_id).await).await)?,
        None => None,
    };
    let changes = made.map(|made| made.changes.clone()).unwrap_or_default();
    Ok(Preview {
        stack: request.name.clone(),
        stack_name: request.stack_name.clone(),
        kind,
        basis: match made {
            Some(made) => Basis::ChangeSet { id: made.id.clone(), values_incomplete: made.values_incomplete },
            None => Basis::NoChanges,
        },
        data_loss: data_loss(&request.name, &changes, run.options),
        changes,
        live_template,
        template: request.text.clone(),
        live_parameters: live.map(|live| live.parameters.clone()).unwrap_or_default(),
        parameters: request.parameters.clone(),
        unknown_parameters: request.unknown.clone(),
        live_tags: live.map(|live| live.tags.clone()).unwrap_or_default(),
        tags: request.tags.clone(),
        protection,
        foreign_change_sets,
    })
}
