//! Deletes the stacks of a stage in reverse order and reports what stays behind. Never touches a protected stack or a non-empty bucket
//! without consent, or anything that a stack does not own.

use super::deletion_preview::{self, StackDeletion};
use crate::plan::run_in_order;
use crate::ports::is_in_progress;
use crate::run::{Context, Listener, RunState};
use crate::{
    BucketEmptier, CloudFormation, Emptied, Error, Event, Keeps, Leftover, Operation, Options, Plan, ProtectionChange,
    protection, watch,
};

/// What the caller consents to.
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
    /// It existed and is deleted.
    Deleted {
        /// Physical name.
        stack: String,
        /// What stays behind: retained, skipped, or kept as a snapshot.
        leftovers: Vec<Leftover>,
    },
    /// It did not exist.
    Absent {
        /// Physical name.
        stack: String,
    },
}

/// Deletes the stacks of `plan` in reverse order, independent ones in parallel, and waits for each.
///
/// # Errors
/// [`Error::Protected`] before anything is deleted, when a stack is protected and `consent` does not cover turning that off.
/// [`Error::Stacks`] with the stacks that could not be deleted; the stacks they depend on are left alone, all others are deleted.
pub async fn destroy(
    cloudformation: &impl CloudFormation,
    buckets: &impl BucketEmptier,
    plan: &Plan,
    consent: Consent,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Vec<Destroyed>, Error> {
    let state = RunState::default();
    let context = Context { cloudformation, options, state: &state, listener: Listener::new(on) };
    let mut names = plan.physical_names();
    names.reverse();
    if !consent.unprotect {
        for stack in &names {
            if context.describe_stack(stack).await?.is_some_and(|found| found.termination_protection) {
                return Err(Error::Protected { stack: stack.clone() });
            }
        }
    }
    context.notify(Event::Planned { stacks: names.clone() });
    let stacks: Vec<_> = plan.stacks().iter().rev().collect();
    let step = async |index: usize| {
        let stack = stacks[index];
        delete(&context, buckets, &stack.name, &stack.stack_name, consent).await
    };
    let skip = |index: usize, because: usize| {
        context.notify(Event::Skipped { stack: names[index].clone(), because: names[because].clone() });
    };
    run_in_order(&names, &needs(plan), options.concurrency, step, skip).await
}

/// For each stack in deletion order, the stacks that use its outputs: they are deleted first.
fn needs(plan: &Plan) -> Vec<Vec<usize>> {
    let takes = plan.dependencies();
    let last = takes.len().saturating_sub(1);
    let users =
        |place: usize| (0..takes.len()).filter(|&user| takes[user].contains(&place)).map(|user| last - user).collect();
    (0..takes.len()).rev().map(users).collect()
}

async fn delete<C: CloudFormation>(
    context: &Context<'_, C>,
    buckets: &impl BucketEmptier,
    name: &str,
    stack: &str,
    consent: Consent,
) -> Result<Destroyed, Error> {
    while let Some(found) = context.describe_stack(stack).await?.filter(|found| is_in_progress(&found.status)) {
        watch::attach(context, stack, &found).await?;
    }
    let deletion = deletion_preview::of_stack(context, buckets, name, stack).await?;
    let Some(found) = context.describe_stack(stack).await?.filter(|found| found.status != "DELETE_COMPLETE") else {
        return Ok(Destroyed::Absent { stack: stack.to_owned() });
    };
    let stack_id = found.stack_id.as_str();
    if found.termination_protection {
        if !consent.unprotect {
            return Err(Error::Protected { stack: stack.to_owned() });
        }
        let change = ProtectionChange { termination: Some(false), stack_policy: None };
        protection::apply(context, stack, stack_id, &change).await?;
    }
    if consent.empty_buckets {
        empty(context, buckets, &deletion).await?;
    }
    let changes = deletion.resources.len();
    let operation = Operation::Delete;
    context.notify(Event::Started { stack: stack.to_owned(), stack_id: stack_id.to_owned(), operation, changes });
    let baseline = watch::baseline(context, stack_id).await?;
    let token = context.token("delete", stack);
    context.call(async || context.cloudformation.delete_stack(stack_id, context.role_arn(), &token).await).await?;
    let ended = watch::follow_new(context, stack, stack_id, baseline).await?;
    if ended.status != "DELETE_COMPLETE" {
        return Err(watch::failed(context, ended));
    }
    context.notify(Event::Finished { stack: stack.to_owned(), status: ended.status });
    Ok(Destroyed::Deleted { stack: stack.to_owned(), leftovers: leftovers(&deletion, ended.rolled_back.left) })
}

async fn empty<C: CloudFormation>(
    context: &Context<'_, C>,
    buckets: &impl BucketEmptier,
    deletion: &StackDeletion,
) -> Result<(), Error> {
    for found in &deletion.buckets {
        let mut deleted = 0;
        loop {
            let Emptied { deleted: now, refused, more } =
                context.call(async || buckets.empty_page(&found.bucket).await).await?;
            deleted += now;
            let (stack, bucket) = (deletion.stack_name.clone(), found.bucket.clone());
            context.notify(Event::BucketEmptying { stack, bucket, deleted });
            // Objects that cannot be deleted reappear on every page.
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

/// What the events reported, and what the policies keep without an event.
fn leftovers(deletion: &StackDeletion, mut left: Vec<Leftover>) -> Vec<Leftover> {
    for resource in deletion.resources.iter().filter(|resource| resource.keeps != Keeps::Nothing) {
        if left.iter().any(|left| left.logical_id == resource.logical_id) {
            continue;
        }
        let (status, reason) = match resource.keeps {
            Keeps::Snapshot => ("DELETE_COMPLETE", "a final snapshot is kept, as its DeletionPolicy says"),
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
