//! What would change, as data: the change set that was made, the live stack, and what is lost. Refuses to judge beyond data loss.

use serde::Serialize;

use crate::{ChangeSetKind, ProtectionChange};

/// What a stack's deployment would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Name within the stage.
    pub stack: String,
    /// Physical name.
    pub stack_name: String,
    /// Create or update.
    pub kind: ChangeSetKind,
    /// Where the changes come from.
    pub basis: Basis,
    /// The changes, in CloudFormation's order; empty when there are none.
    pub changes: Vec<ResourceChange>,
    /// The live template as it was sent, when there is a stack and the credentials may read it.
    pub live_template: Option<String>,
    /// The template to be deployed.
    pub template: String,
    /// Live parameter names and values; `****` where the template says NoEcho.
    pub live_parameters: Vec<(String, String)>,
    /// Parameter names and values to be deployed.
    pub parameters: Vec<(String, String)>,
    /// Parameters whose value is an output that is only known after another stack of the plan is deployed. In
    /// `parameters` a placeholder stands for them, which is never deployed.
    pub unknown_parameters: Vec<String>,
    /// Live tags.
    pub live_tags: Vec<(String, String)>,
    /// Tags to be deployed.
    pub tags: Vec<(String, String)>,
    /// What changes of termination protection and stack policy, when anything does.
    pub protection: Option<ProtectionChange>,
    /// Stateful resources whose data would be lost.
    pub data_loss: Vec<DataLoss>,
    /// Names of other people's change sets that wait on the same stack; executing this one deletes them.
    pub foreign_change_sets: Vec<String>,
}

/// Where a preview's changes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Basis {
    /// A change set that CloudFormation made.
    ChangeSet {
        /// Its ARN.
        id: String,
        /// CloudFormation left values out of its answer; those that a second question brought are merged in.
        values_incomplete: bool,
    },
    /// CloudFormation found nothing to change.
    NoChanges,
    /// No change set could be made while parameters are unknown; compare the templates.
    TemplateOnly {
        /// CloudFormation's sentence.
        reason: String,
    },
}

/// A change of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResourceChange {
    /// What is done.
    pub action: ChangeAction,
    /// Logical id.
    pub logical_id: String,
    /// Physical id, when there is one.
    pub physical_id: Option<String>,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Whether a new resource takes its place.
    pub replacement: Replacement,
    /// What happens to the old resource, in AWS's words: `Delete`, `Retain`, `Snapshot`, `ReplaceAndDelete`, `ReplaceAndRetain`, `ReplaceAndSnapshot`.
    pub policy_action: Option<String>,
    /// What is touched: `Properties`, `Metadata`, `Tags`, `UpdatePolicy`, ..
    pub scope: Vec<String>,
    /// Property for property.
    pub details: Vec<PropertyDetail>,
    /// ARN of a nested stack's own change set.
    pub nested: Option<String>,
    /// The changes within that nested stack.
    pub children: Vec<ResourceChange>,
}

/// What a change does to a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is made.
    Add,
    /// It is changed, or replaced.
    #[default]
    Modify,
    /// It is deleted or let go, as `policy_action` says.
    Remove,
    /// An existing resource becomes part of the stack.
    Import,
    /// Not known before the execution.
    Dynamic,
}

/// Whether a new resource takes the place of the old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// It stays the same resource.
    #[default]
    No,
    /// It depends on values that are not known before the execution.
    Conditional,
    /// A new resource is made, the old one goes as `policy_action` says.
    Yes,
}

/// A change of one property.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PropertyDetail {
    /// `Properties`, `Tags`, `Metadata`, ..
    pub attribute: String,
    /// Property path, for example `RedrivePolicy.maxReceiveCount`; the property's name where AWS tells no path.
    pub path: Option<String>,
    /// Value before, when AWS told it.
    pub before: Option<String>,
    /// Value after, when AWS told it.
    pub after: Option<String>,
    /// `Never`, `Conditionally` or `Always`. `Never`, too, where AWS leaves it open and the value is the id or the ARN of a
    /// resource that is not replaced.
    pub requires_recreation: String,
    /// `Static` or `Dynamic`: whether the new value is known before the execution.
    pub evaluation: String,
    /// `ResourceReference`, `ParameterReference`, `ResourceAttribute`, `DirectModification` or `Automatic`.
    pub change_source: Option<String>,
    /// The parameter or resource that the change comes from, for example `Queue.Arn`.
    pub causing_entity: Option<String>,
}

/// A stateful resource that a change takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataLoss {
    /// How it is accepted: `<stack within the stage>/<logical id>`, with the nested stacks between.
    pub name: String,
    /// For example `AWS::RDS::DBCluster`.
    pub resource_type: String,
    /// Physical id.
    pub physical_id: Option<String>,
    /// Removed, or replaced.
    pub action: ChangeAction,
    /// `No` for a removal.
    pub replacement: Replacement,
    /// Its loss was accepted by name.
    pub accepted: bool,
}

impl Preview {
    /// Whether a deployment would do anything.
    pub fn has_changes(&self) -> bool {
        self.basis != Basis::NoChanges || self.protection.is_some()
    }
}

impl ResourceChange {
    /// Whether the old resource goes with nothing kept of it. What is only possible counts.
    pub fn loses_old(&self) -> bool {
        let goes = match self.action {
            ChangeAction::Remove => true,
            ChangeAction::Modify => self.replacement != Replacement::No,
            ChangeAction::Dynamic => true,
            ChangeAction::Add | ChangeAction::Import => false,
        };
        let kept = (self.policy_action.as_deref()).is_some_and(|action| {
            matches!(action, "Retain" | "Snapshot" | "ReplaceAndRetain" | "ReplaceAndSnapshot" | "RetainExceptOnCreate")
        });
        goes && !kept
    }
}

/// The losses among `changes`, below the path `stack` (`FipeData`, `FipeData/Nested`).
pub(crate) fn data_loss(stack: &str, changes: &[ResourceChange], options: &crate::Options) -> Vec<DataLoss> {
    let mut losses = Vec::new();
    for change in changes {
        let name = format!("{stack}/{}", change.logical_id);
        // A nested stack that goes takes along what nobody listed.
        let stateful =
            (options.is_stateful)(&change.resource_type) || change.resource_type == "AWS::CloudFormation::Stack";
        // In place, a nested stack's loss is that of its resources, which are listed below it.
        let is_listed = !change.children.is_empty() && change.action == ChangeAction::Dynamic;
        if stateful && change.loses_old() && !is_listed {
            losses.push(DataLoss {
                accepted: options.accept_data_loss.contains(&name),
                name: name.clone(),
                resource_type: change.resource_type.clone(),
                physical_id: change.physical_id.clone(),
                action: change.action,
                replacement: change.replacement,
            });
        }
        losses.extend(data_loss(&name, &change.children, options));
    }
    losses
}
