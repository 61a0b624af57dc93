//! Takes the stacks of a stage away, last made first, and says what stays behind. Refuses to touch a protected stack, a full
//! bucket, and anything a stack does not own, unless told.

use crate::cloudformation::is_in_progress;
use crate::deployer::names;
use crate::event::Operation;
use crate::run::{Ledger, Run, Teller};
use crate::settle::{attach, describe};
use crate::survey::{self, Emptied, SurveyedStack};
use crate::{
    BucketEmptier, CloudFormation, Error, Event, Keeps, Leftover, Options, Plan, ProtectionChange, execution, policies,
    schedule, watch,
};

/// What whoever deletes has said yes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    /// Termination protection may be turned off.
    pub unprotect: bool,
    /// Buckets that the stacks own may be emptied.
    pub empty_buckets: bool,
}

/// What happened to a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destroyed {
    /// It was there and is gone.
    Deleted {
        /// Physical name.
        stack: String,
        /// What stays behind: retained, skipped, or kept as a snapshot.
        leftovers: Vec<Leftover>,
    },
    /// It was not there.
    Absent {
        /// Physical name.
        stack: String,
    },
}

/// Deletes the stacks of `plan` against its order, independent ones at the same time, and waits for each.
///
/// # Errors
/// [`Error::Protected`] before anything is deleted when a stack is protected and `consent` does not say to turn that off.
/// [`Error::Stacks`] with the stacks that could not be deleted; those that they need are left alone, all others are gone.
pub async fn destroy(
    cloudformation: &impl CloudFormation,
    buckets: &impl BucketEmptier,
    plan: &Plan,
    consent: Consent,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Vec<Destroyed>, Error> {
    let ledger = Ledger::default();
    let run = Run { cloudformation, options, ledger: &ledger, teller: Teller::new(on) };
    let mut names = names(plan);
    names.reverse();
    if !consent.unprotect {
        for stack in &names {
            if describe(&run, stack).await?.is_some_and(|found| found.termination_protection) {
                return Err(Error::Protected { stack: stack.clone() });
            }
        }
    }
    run.tell(Event::Planned { stacks: names.clone() });
    let stacks: Vec<_> = plan.stacks().iter().rev().collect();
    let step = async |index: usize| {
        let stack = stacks[index];
        delete(&run, buckets, &stack.name, &stack.stack_name, consent).await
    };
    let skip = |index: usize, because: usize| {
        run.tell(Event::Skipped { stack: names[index].clone(), because: names[because].clone() });
    };
    schedule::run(&names, &needs(plan), options.concurrency, step, skip).await
}

/// For each stack in the order of deletion, those that take its outputs: they go first.
fn needs(plan: &Plan) -> Vec<Vec<usize>> {
    let takes = crate::deployer::needs(plan);
    let last = takes.len().saturating_sub(1);
    let users =
        |place: usize| (0..takes.len()).filter(|&user| takes[user].contains(&place)).map(|user| last - user).collect();
    (0..takes.len()).rev().map(users).collect()
}

async fn delete<C: CloudFormation>(
    run: &Run<'_, C>,
    buckets: &impl BucketEmptier,
    name: &str,
    stack: &str,
    consent: Consent,
) -> Result<Destroyed, Error> {
    while let Some(found) = describe(run, stack).await?.filter(|found| is_in_progress(&found.status)) {
        attach(run, stack, &found).await?;
    }
    let surveyed = survey::of_stack(run, buckets, name, stack).await?;
    let Some(found) = describe(run, stack).await?.filter(|found| found.status != "DELETE_COMPLETE") else {
        return Ok(Destroyed::Absent { stack: stack.to_owned() });
    };
    let stack_id = found.stack_id.as_str();
    if found.termination_protection {
        if !consent.unprotect {
            return Err(Error::Protected { stack: stack.to_owned() });
        }
        let change = ProtectionChange { termination: Some(false), stack_policy: None };
        policies::apply(run, stack, stack_id, &change).await?;
    }
    if consent.empty_buckets {
        empty(run, buckets, &surveyed).await?;
    }
    let changes = surveyed.resources.len();
    let operation = Operation::Delete;
    run.tell(Event::Started { stack: stack.to_owned(), stack_id: stack_id.to_owned(), operation, changes });
    let before = watch::before(run, stack_id).await?;
    let token = run.token("delete", stack);
    run.call(async || run.cloudformation.delete_stack(stack_id, run.role_arn(), &token).await).await?;
    let ended = watch::watch(run, stack, stack_id, before).await?;
    if ended.status != "DELETE_COMPLETE" {
        return Err(execution::failed(run, ended));
    }
    run.tell(Event::Finished { stack: stack.to_owned(), status: ended.status });
    Ok(Destroyed::Deleted { stack: stack.to_owned(), leftovers: leftovers(&surveyed, ended.rolled_back.left) })
}

async fn empty<C: CloudFormation>(
    run: &Run<'_, C>,
    buckets: &impl BucketEmptier,
    surveyed: &SurveyedStack,
) -> Result<(), Error> {
    for found in &surveyed.buckets {
        let mut deleted = 0;
        loop {
            let Emptied { deleted: now, refused, more } =
                run.call(async || buckets.empty_page(&found.bucket).await).await?;
            deleted += now;
            let (stack, bucket) = (surveyed.stack_name.clone(), found.bucket.clone());
            run.tell(Event::BucketEmptying { stack, bucket, deleted });
            // What cannot be deleted comes on every page again.
            if !refused.is_empty() && now == 0 {
                return Err(Error::BucketNotEmptied { bucket: found.bucket.clone(), refused });
            }
            if !more && refused.is_empty() {
                break;
            }
        }
    }
    Ok(())
}

/// What the events told, and what the policies keep without an event.
fn leftovers(surveyed: &SurveyedStack, mut left: Vec<Leftover>) -> Vec<Leftover> {
    for resource in surveyed.resources.iter().filter(|resource| resource.keeps != Keeps::Nothing) {
        if left.iter().any(|left| left.logical_id == resource.logical_id) {
            continue;
        }
        let (status, reason) = match resource.keeps {
            Keeps::Snapshot => ("DELETE_COMPLETE", "a final snapshot stays, by its DeletionPolicy"),
            _ => ("DELETE_SKIPPED", "it stays, by its DeletionPolicy"),
        };
        left.push(Leftover {
            logical_id: resource.logical_id.clone(),
            resource_type: resource.resource_type.clone(),
            physical_id: resource.physical_id.clone(),
            status: status.to_owned(),
            reason: reason.to_owned(),
        });
    }
    left
}
