//! What a deletion takes and what it leaves, found out before it is asked for. Refuses to change anything.

use serde::Serialize;

use crate::deletion_policy::policies;
use crate::deployer::names;
use crate::run::{Ledger, Run, Teller};
use crate::settle::describe;
use crate::{CallError, CloudFormation, Error, Event, Options, Plan, StackResource, schedule};

/// The port to the buckets of stacks.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait BucketEmptier {
    /// How many object versions and delete markers a bucket holds, at least, and whether there are more. A bucket that is
    /// not there holds none.
    async fn objects(&self, bucket: &str) -> Result<(usize, bool), CallError>;

    /// Deletes a page of a bucket's object versions and delete markers.
    async fn empty_page(&self, bucket: &str) -> Result<Emptied, CallError>;
}

/// What became of a page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emptied {
    /// How many are gone.
    pub deleted: usize,
    /// Keys that are not, each with S3's sentence, for example because of an object lock.
    pub refused: Vec<String>,
    /// There are more.
    pub more: bool,
}

/// What a deletion would do, stack for stack in the order of the deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// The stacks.
    pub stacks: Vec<SurveyedStack>,
}

/// What a deletion would do to one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SurveyedStack {
    /// Name within the stage.
    pub stack: String,
    /// Physical name.
    pub stack_name: String,
    /// Its status; `None` when there is no such stack.
    pub status: Option<String>,
    /// It is protected from termination.
    pub termination_protection: bool,
    /// What dies and what stays.
    pub resources: Vec<SurveyedResource>,
    /// Its buckets that would be deleted and hold something, which makes the deletion fail.
    pub buckets: Vec<Bucket>,
}

/// What becomes of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SurveyedResource {
    /// Logical id.
    pub logical_id: String,
    /// Physical id.
    pub physical_id: String,
    /// For example `AWS::RDS::DBCluster`.
    pub resource_type: String,
    /// Its loss is a loss of data.
    pub stateful: bool,
    /// What stays of it.
    pub keeps: Keeps,
}

/// What stays of a resource after its stack, by its DeletionPolicy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeps {
    /// Nothing.
    Nothing,
    /// A final snapshot.
    Snapshot,
    /// The resource itself.
    Resource,
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
    /// There are more.
    pub more: bool,
}

impl Survey {
    /// Physical names of the stacks that are protected from termination.
    pub fn protected(&self) -> Vec<&str> {
        let protected = self.stacks.iter().filter(|stack| stack.termination_protection);
        protected.map(|stack| stack.stack_name.as_str()).collect()
    }
}

/// Looks at the stacks of `plan`, last made first.
///
/// # Errors
/// [`Error::Stacks`] when a stack or bucket cannot be read.
pub async fn survey(
    cloudformation: &impl CloudFormation,
    buckets: &impl BucketEmptier,
    plan: &Plan,
    options: &Options,
    on: &mut dyn FnMut(Event),
) -> Result<Survey, Error> {
    let ledger = Ledger::default();
    let run = Run { cloudformation, options, ledger: &ledger, teller: Teller::new(on) };
    let step = async |index: usize| {
        let stack = &plan.stacks()[index];
        of_stack(&run, buckets, &stack.name, &stack.stack_name).await
    };
    let needs = vec![Vec::new(); plan.stacks().len()];
    let mut stacks = schedule::run(&names(plan), &needs, options.concurrency, step, |_, _| {}).await?;
    stacks.reverse();
    Ok(Survey { stacks })
}

/// Looks at one stack.
pub(crate) async fn of_stack<C: CloudFormation>(
    run: &Run<'_, C>,
    buckets: &impl BucketEmptier,
    name: &str,
    stack: &str,
) -> Result<SurveyedStack, Error> {
    let mut surveyed = SurveyedStack {
        stack: name.to_owned(),
        stack_name: stack.to_owned(),
        status: None,
        termination_protection: false,
        resources: Vec::new(),
        buckets: Vec::new(),
    };
    let Some(found) = describe(run, stack).await?.filter(|found| found.status != "DELETE_COMPLETE") else {
        return Ok(surveyed);
    };
    surveyed.termination_protection = found.termination_protection;
    if found.status != "REVIEW_IN_PROGRESS" {
        let template = run.call(async || run.cloudformation.get_template(&found.stack_id).await).await?;
        // What cannot be read counts as lost, but its buckets are not emptied on a guess.
        let policies = policies(&template).ok();
        let resources = run.call(async || run.cloudformation.list_stack_resources(&found.stack_id).await).await?;
        for resource in resources.into_iter().filter(|resource| resource.status != "DELETE_COMPLETE") {
            let keeps = policies.as_ref().and_then(|all| all.get(&resource.logical_id)).copied();
            let keeps = keeps.unwrap_or(Keeps::Nothing);
            if resource.resource_type == "AWS::S3::Bucket" && keeps == Keeps::Nothing && policies.is_some() {
                surveyed.buckets.extend(not_empty(run, buckets, &resource).await?);
            }
            surveyed.resources.push(SurveyedResource {
                stateful: (run.options.is_stateful)(&resource.resource_type),
                logical_id: resource.logical_id,
                physical_id: resource.physical_id,
                resource_type: resource.resource_type,
                keeps,
            });
        }
    }
    surveyed.status = Some(found.status);
    Ok(surveyed)
}

async fn not_empty<C: CloudFormation>(
    run: &Run<'_, C>,
    buckets: &impl BucketEmptier,
    resource: &StackResource,
) -> Result<Option<Bucket>, CallError> {
    let bucket = &resource.physical_id;
    if bucket.is_empty() {
        return Ok(None);
    }
    let (objects, more) = run.call(async || buckets.objects(bucket).await).await?;
    let logical_id = resource.logical_id.clone();
    Ok((objects > 0).then(|| Bucket { logical_id, bucket: bucket.clone(), objects, more }))
}
