//! Takes the stacks of a stage away, last made first. Refuses to empty buckets or to touch what the stacks retain.

use crate::cloudformation::is_in_progress;
use crate::deployer::Options;
use crate::retry::retry;
use crate::stack::{attach, delete};
use crate::{CloudFormation, Error, Event, Plan};

/// What happened to a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destroyed {
    /// It was there and is gone.
    Deleted(String),
    /// It was not there.
    Absent(String),
}

/// Deletes the stacks of `plan` against its order and waits for each.
///
/// # Errors
/// The first stack that could not be deleted, with the first resource that failed; those before it are gone.
pub async fn destroy(
    cloudformation: &impl CloudFormation,
    plan: &Plan,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Vec<Destroyed>, Error> {
    let names: Vec<String> = plan.stacks().iter().rev().map(|stack| stack.stack_name.clone()).collect();
    on(Event::Planned(names.clone()));
    let mut destroyed = Vec::new();
    for name in names {
        let mut described = retry(options.pace, on, async || cloudformation.describe_stack(&name).await).await?;
        while let Some(found) = described.as_ref().filter(|found| is_in_progress(&found.status)) {
            attach(cloudformation, &name, found, options, on).await?;
            described = retry(options.pace, on, async || cloudformation.describe_stack(&name).await).await?;
        }
        match described.filter(|found| found.status != "DELETE_COMPLETE") {
            Some(found) => {
                delete(cloudformation, &name, &found.stack_id, options, on).await?;
                destroyed.push(Destroyed::Deleted(name));
            }
            None => destroyed.push(Destroyed::Absent(name)),
        }
    }
    Ok(destroyed)
}
