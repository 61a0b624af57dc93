//! Watches and stops what is under way, whoever started it. Refuses to delete a creation unasked.

use crate::cloudformation::is_in_progress;
use crate::deployer::names;
use crate::run::Run;
use crate::settle::{attach, describe};
use crate::watch::{self, Watched};
use crate::{CloudFormation, Error, Event, Plan, StackDescription, schedule};

/// What to do with a stack that is being made, when everything shall stop. CloudFormation cannot cancel a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It goes on.
    GoesOn,
    /// It is deleted.
    Delete,
}

/// What became of a stack that was asked to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// It was stopped and has come to rest: rolled back, or deleted.
    Stopped(Box<Watched>),
    /// It goes on: a creation, a roll-back or a deletion.
    GoesOn {
        /// Physical name.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Nothing was under way.
    AtRest {
        /// Physical name.
        stack: String,
    },
}

/// Watches what is under way in a plan's stacks.
pub(crate) async fn watch<C: CloudFormation>(run: &Run<'_, C>, plan: &Plan) -> Result<Vec<Watched>, Error> {
    let names = names(plan);
    let step = async |index: usize| {
        let stack: &str = &names[index];
        let Some(found) = describe(run, stack).await?.filter(|found| is_in_progress(&found.status)) else {
            return Ok(None);
        };
        let ended = attach(run, stack, &found).await?;
        let status = ended.status.clone();
        run.tell(match is_failure(&status) {
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
    let watched = schedule::run(&names, &needs, names.len(), step, |_, _| {}).await?;
    Ok(watched.into_iter().flatten().collect())
}

/// Stops what is under way in a plan's stacks, all at the same time.
pub(crate) async fn cancel<C: CloudFormation>(
    run: &Run<'_, C>,
    plan: &Plan,
    creation: Creation,
) -> Result<Vec<Cancelled>, Error> {
    let names = names(plan);
    let step = async |index: usize| {
        let stack: &str = &names[index];
        match describe(run, stack).await?.filter(|found| is_in_progress(&found.status)) {
            Some(found) => stop(run, stack, found, creation).await,
            None => Ok(Cancelled::AtRest { stack: stack.to_owned() }),
        }
    };
    let needs = vec![Vec::new(); names.len()];
    schedule::run(&names, &needs, names.len(), step, |_, _| {}).await
}

async fn stop<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    found: StackDescription,
    creation: Creation,
) -> Result<Cancelled, Error> {
    let (cloudformation, stack_id) = (run.cloudformation, found.stack_id.as_str());
    let token = run.token("cancel", stack);
    let begun = match (found.status.as_str(), creation) {
        ("UPDATE_IN_PROGRESS", _) => {
            run.tell(Event::Cancelling { stack: stack.to_owned(), status: found.status.clone() });
            run.call(async || cloudformation.cancel_update_stack(stack_id, &token).await).await
        }
        ("CREATE_IN_PROGRESS", Creation::Delete) => {
            run.tell(Event::Cancelling { stack: stack.to_owned(), status: found.status.clone() });
            let before = watch::before(run, stack_id).await?;
            run.call(async || cloudformation.delete_stack(stack_id, run.role_arn(), &token).await).await?;
            return Ok(Cancelled::Stopped(Box::new(watch::watch(run, stack, stack_id, before).await?)));
        }
        _ => return Ok(Cancelled::GoesOn { stack: stack.to_owned(), status: found.status }),
    };
    match begun {
        Ok(()) => {}
        // It was past stopping by then, or our answer got lost: either way it comes to rest by itself.
        Err(error) if error.is_about_state() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Cancelled::Stopped(Box::new(watch::attach(run, stack, stack_id).await?)))
}

fn is_failure(status: &str) -> bool {
    status.contains("ROLLBACK") || status.ends_with("_FAILED")
}
