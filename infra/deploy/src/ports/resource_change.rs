//! The changes in a change set, resource by resource. No SDK types, and no judgement beyond what CloudFormation says.

use serde::Serialize;

/// A change of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResourceChange {
    /// The action.
    pub action: ChangeAction,
    /// Logical id.
    pub logical_id: String,
    /// Physical id, when there is one.
    pub physical_id: Option<String>,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Whether it is replaced by a new resource.
    pub replacement: Replacement,
    /// What happens to the old resource, in AWS's words: `Delete`, `Retain`, `Snapshot`, `ReplaceAndDelete`, `ReplaceAndRetain`, `ReplaceAndSnapshot`.
    pub policy_action: Option<String>,
    /// What is affected: `Properties`, `Metadata`, `Tags`, `UpdatePolicy`, ..
    pub scope: Vec<String>,
    /// Property by property.
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
    /// It is created.
    Add,
    /// It is changed, or replaced.
    #[default]
    Modify,
    /// It is deleted or retained, as `policy_action` says.
    Remove,
    /// An existing resource becomes part of the stack.
    Import,
    /// Not known before execution.
    Dynamic,
}

/// Whether a new resource replaces the old one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// It stays the same resource.
    #[default]
    No,
    /// It depends on values that are not known before execution.
    Conditional,
    /// A new resource is created, and the old one is treated as `policy_action` says.
    Yes,
}

/// A change of one property.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PropertyDetail {
    /// `Properties`, `Tags`, `Metadata`, ..
    pub attribute: String,
    /// Property path, for example `RedrivePolicy.maxReceiveCount`; the property's name where AWS returns no path.
    pub path: Option<String>,
    /// Value before, if AWS returned it.
    pub before: Option<String>,
    /// Value after, if AWS returned it.
    pub after: Option<String>,
    /// `Never`, `Conditionally` or `Always`. `Never`, too, where AWS leaves it open and the value is the id or the ARN of a
    /// resource that is not replaced.
    pub requires_recreation: String,
    /// `Static` or `Dynamic`: whether the new value is known before execution.
    pub evaluation: String,
    /// `ResourceReference`, `ParameterReference`, `ResourceAttribute`, `DirectModification` or `Automatic`.
    pub change_source: Option<String>,
    /// The parameter or resource that the change comes from, for example `Queue.Arn`.
    pub causing_entity: Option<String>,
}

impl ResourceChange {
    /// Whether the old resource is deleted without keeping anything. A possible deletion counts.
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
