//! What an approver is shown: the change set, the live stack, and what data is lost. Judges nothing beyond data loss.

use serde::Serialize;

use crate::{ChangeSetKind, DataLoss, ProtectionChange, ResourceChange};

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
    /// The live template as it was submitted, if there is a stack and the credentials may read it.
    pub live_template: Option<String>,
    /// The template to be deployed.
    pub template: String,
    /// Live parameter names and values; `****` where the template says NoEcho.
    pub live_parameters: Vec<(String, String)>,
    /// Parameter names and values to be deployed.
    pub parameters: Vec<(String, String)>,
    /// Parameters whose value is an output that is only known after another stack of the plan is deployed. In
    /// `parameters` they have a placeholder, which is never deployed.
    pub unknown_parameters: Vec<String>,
    /// Live tags.
    pub live_tags: Vec<(String, String)>,
    /// Tags to be deployed.
    pub tags: Vec<(String, String)>,
    /// Changes to termination protection and stack policy, if there are any.
    pub protection: Option<ProtectionChange>,
    /// Stateful resources whose data would be lost.
    pub data_loss: Vec<DataLoss>,
    /// Names of other deployers' change sets on the same stack; executing this one deletes them.
    pub foreign_change_sets: Vec<String>,
}

/// Where a preview's changes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Basis {
    /// A change set that CloudFormation created.
    ChangeSet {
        /// Its ARN.
        id: String,
        /// CloudFormation omitted values from its response; those that a second call returned are merged in.
        values_incomplete: bool,
    },
    /// CloudFormation found nothing to change.
    NoChanges,
    /// No change set could be created while parameters are unknown; compare the templates.
    TemplateOnly {
        /// CloudFormation's message.
        reason: String,
    },
}

impl Preview {
    /// Whether a deployment would do anything.
    pub fn has_changes(&self) -> bool {
        self.basis != Basis::NoChanges || self.protection.is_some()
    }
}
