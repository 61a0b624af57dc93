//! The resources of a stage's stacks, nested stacks included. Names come from CloudFormation and are never guessed.

use std::collections::BTreeMap;

use aws_access::CallError;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::Serialize;

/// The part of CloudFormation that an inventory needs.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Stacks {
    /// DescribeStacks of one name or id; `None` when there is none.
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackState>, CallError>;

    /// ListStackResources, all pages.
    async fn list_resources(&self, stack: &str) -> Result<Vec<Resource>, CallError>;
}

/// A stack as DescribeStacks returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackState {
    /// Physical name.
    pub stack_name: String,
    /// For example `UPDATE_COMPLETE`.
    pub status: String,
    /// CloudFormation's message about the status.
    pub status_reason: Option<String>,
    /// When it was created or last changed.
    pub changed_at: Option<Timestamp>,
    /// `IN_SYNC`, `DRIFTED`, `UNKNOWN` or `NOT_CHECKED`, as of `drift_checked_at`.
    pub drift: String,
    /// When drift was last detected.
    pub drift_checked_at: Option<Timestamp>,
    /// Whether CloudFormation refuses to delete it.
    pub termination_protection: bool,
    /// Outputs in CloudFormation's order.
    #[serde(skip)]
    pub outputs: Vec<(String, String)>,
}

/// One resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resource {
    /// Physical name of the stack, the outermost one of a nested stack.
    pub stack: String,
    /// Logical id in the template; prefixed with the id of its nested stack and a slash where there is one.
    pub logical_id: String,
    /// Name, URL, ARN or id, by the type.
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    #[serde(skip)]
    pub resource_type: String,
}

impl Resource {
    /// The physical id after its last `/`: for a queue's URL, its name.
    pub fn name(&self) -> &str {
        self.physical_id.rsplit('/').next().unwrap_or(&self.physical_id)
    }
}

/// The stacks of a stage with all their resources.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// By physical name, in the order requested; `None` where it is not deployed.
    pub stacks: Vec<(String, Option<StackState>)>,
    /// In the order of the stacks, then by logical id.
    pub resources: Vec<Resource>,
}

impl Inventory {
    /// The resources of one type, for example `AWS::Lambda::Function`.
    pub fn of_type<'a>(&'a self, resource_type: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.resource_type == resource_type)
    }

    /// Whether none of the stacks is deployed.
    pub fn is_empty(&self) -> bool {
        self.stacks.iter().all(|(_, state)| state.is_none())
    }

    /// Logical ids where they are unambiguous in the inventory, else with their stack's name.
    pub fn short_names(&self) -> BTreeMap<&Resource, String> {
        let is_shared = |id: &str| self.resources.iter().filter(|resource| resource.logical_id == id).count() > 1;
        (self.resources.iter())
            .map(|resource| match is_shared(&resource.logical_id) {
                true => (resource, format!("{}/{}", resource.stack, resource.logical_id)),
                false => (resource, resource.logical_id.clone()),
            })
            .collect()
    }
}

/// Fetches stacks and their resources, all at the same time.
///
/// # Errors
/// When a call fails. A missing stack is not an error.
pub async fn inventory(stacks: &impl Stacks, stack_names: &[String]) -> Result<Inventory, CallError> {
    let found = try_join_all(stack_names.iter().map(|name| async move {
        let Some(state) = stacks.describe_stack(name).await? else { return Ok((name.clone(), None, Vec::new())) };
        let mut resources = resources(stacks, name).await?;
        resources.sort();
        Ok::<_, CallError>((name.clone(), Some(state), resources))
    }));
    let mut inventory = Inventory::default();
    for (name, state, resources) in found.await? {
        inventory.stacks.push((name, state));
        inventory.resources.extend(resources);
    }
    Ok(inventory)
}

async fn resources(stacks: &impl Stacks, stack: &str) -> Result<Vec<Resource>, CallError> {
    let mut all = Vec::new();
    let mut open = vec![(String::new(), stack.to_owned())];
    while let Some((prefix, id)) = open.pop() {
        for resource in stacks.list_resources(&id).await? {
            let logical_id = format!("{prefix}{}", resource.logical_id);
            // A resource that was never created, or was deleted by its own stack, has no physical id.
            if resource.physical_id.is_empty() {
                continue;
            }
            if resource.resource_type == "AWS::CloudFormation::Stack" {
                open.push((format!("{logical_id}/"), resource.physical_id));
                continue;
            }
            all.push(Resource { stack: stack.to_owned(), logical_id, ..resource });
        }
    }
    Ok(all)
}
