//! What a deletion would delete and what it would leave. Changes nothing.

use serde::Serialize;

use aws_access::CallError;

use super::deletion_policy::policies;
use crate::plan::run_in_order;
use crate::run::{Context, Listener, RunState};
use crate::{BucketEmptier, CloudFormation, Error, Event, Keeps, Options, Plan, StackResource};

/// What a deletion would do, stack by stack in deletion order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletionPreview {
    /// The stacks.
    pub stacks: Vec<StackDeletion>,
}

/// What a deletion would do to one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackDeletion {
    /// Name within the stage.
    pub stack: String,
    /// Physical name.
    pub stack_name: String,
    /// Its status; `None` when there is no such stack.
    pub status: Option<String>,
    /// It is protected from termination.
    pub termination_protection: bool,
    /// What is deleted and what stays.
    pub resources: Vec<ResourceDeletion>,
    /// Its buckets that would be deleted and are not empty, which makes the deletion fail.
    pub buckets: Vec<Bucket>,
}

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceDeletion {
    /// Logical id.
    pub logical_id: String,
    /// Physical id.
    pub physical_id: String,
    /// For example `AWS::RDS::DBCluster`.
    pub resource_type: String,
    /// Losing it loses data.
    pub stateful: bool,
    /// What stays of it.
    pub keeps: Keeps,
}

/// A bucket that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Logical id.
    pub logical_id: String,
    /// Its name.
    pub bucket: String,
    /// Object versions and delete markers, at least.
    pub objects: usize,
    /// Whether there are more.
    pub more: bool,
}

impl DeletionPreview {
    /// Physical names of the stacks that are protected from termination.
    pub fn protected(&self) -> Vec<&str> {
        let protected = self.stacks.iter().filter(|stack| stack.termination_protection);
        protected.map(|stack| stack.stack_name.as_str()).collect()
    }
}

/// What a deletion of the stacks of `plan` would do, the last deployed first.
///
/// # Errors
/// [`Error::Stacks`] when a stack or bucket cannot be read.
pub async fn preview_deletion(
    cloudformation: &impl CloudFormation,
    buckets: &impl BucketEmptier,
    plan: &Plan,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<DeletionPreview, Error> {
    let state = RunState::default();
    let context = Context { cloudformation, options, state: &state, listener: Listener::new(on) };
    let step = async |index: usize| {
        let stack = &plan.stacks()[index];
        of_stack(&context, buckets, &stack.name, &stack.stack_name).await
    };
    let needs = vec![Vec::new(); plan.stacks().len()];
    let mut stacks = run_in_order(&plan.physical_names(), &needs, options.concurrency, step, |_, _| {}).await?;
    stacks.reverse();
    Ok(DeletionPreview { stacks })
}

/// Inspects one stack.
pub(super) async fn of_stack<C: CloudFormation>(
    context: &Context<'_, C>,
    buckets: &impl BucketEmptier,
    name: &str,
    stack: &str,
) -> Result<StackDeletion, Error> {
    let mut deletion = StackDeletion {
        stack: name.to_owned(),
        stack_name: stack.to_owned(),
        status: None,
        termination_protection: false,
        resources: Vec::new(),
        buckets: Vec::new(),
    };
    let Some(found) = context.describe_stack(stack).await?.filter(|found| found.status != "DELETE_COMPLETE") else {
        return Ok(deletion);
    };
    deletion.termination_protection = found.termination_protection;
    if found.status != "REVIEW_IN_PROGRESS" {
        let template = context.call(async || context.cloudformation.get_template(&found.stack_id).await).await?;
        // A resource of unknown fate counts as lost, but its buckets are not emptied on a guess.
        let policies = policies(&template).ok();
        let resources =
            context.call(async || context.cloudformation.list_stack_resources(&found.stack_id).await).await?;
        for resource in resources.into_iter().filter(|resource| resource.status != "DELETE_COMPLETE") {
            let keeps = policies.as_ref().and_then(|all| all.get(&resource.logical_id)).copied();
            let keeps = keeps.unwrap_or(Keeps::Nothing);
            if resource.resource_type == "AWS::S3::Bucket" && keeps == Keeps::Nothing && policies.is_some() {
                deletion.buckets.extend(not_empty(context, buckets, &resource).await?);
            }
            deletion.resources.push(ResourceDeletion {
                stateful: (context.options.is_stateful)(&resource.resource_type),
                logical_id: resource.logical_id,
                physical_id: resource.physical_id,
                resource_type: resource.resource_type,
                keeps,
            });
        }
    }
    deletion.status = Some(found.status);
    Ok(deletion)
}

async fn not_empty<C: CloudFormation>(
    context: &Context<'_, C>,
    buckets: &impl BucketEmptier,
    resource: &StackResource,
) -> Result<Option<Bucket>, CallError> {
    let bucket = &resource.physical_id;
    if bucket.is_empty() {
        return Ok(None);
    }
    let (objects, more) = context.call(async || buckets.objects(bucket).await).await?;
    let logical_id = resource.logical_id.clone();
    Ok((objects > 0).then(|| Bucket { logical_id, bucket: bucket.clone(), objects, more }))
}
