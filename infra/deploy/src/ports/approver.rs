//! The port for approval: called with what would be done, before it is done. Has no defaults.

use serde::Serialize;

use crate::Preview;

/// Decides what may be done. Called once at a time, even when stacks are deployed in parallel.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Approver {
    /// Called before a change set is executed, with exactly what would be executed. Losses that were not accepted by name
    /// are rejected earlier.
    async fn approve(&self, preview: &Preview) -> Result<(), Refusal>;

    /// Called before a stack is deleted to make way: one whose creation or deletion failed.
    async fn delete_failed(&self, stack: &FailedStack) -> Result<(), Refusal>;
}

/// A stack that has to be deleted before it can be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedStack {
    /// Name within the stage.
    pub stack: String,
    /// Physical name.
    pub stack_name: String,
    /// ARN.
    pub stack_id: String,
    /// `ROLLBACK_COMPLETE`, `ROLLBACK_FAILED`, `CREATE_FAILED` or `DELETE_FAILED`.
    pub status: String,
    /// CloudFormation's message about the status.
    pub reason: Option<String>,
    /// Logical ids and types of the stack's remaining resources.
    pub resources: Vec<(String, String)>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Why, and what would allow it: a lowercase fragment, for example
    /// `the change set replaces resources; give --approve never to allow it`.
    pub reason: String,
    /// What was refused, for example `Queue (AWS::SQS::Queue) is replaced`; may be empty.
    pub refused: Vec<String>,
}
