//! The port to CloudFormation: the calls that a deployment makes, in AWS's terms. No SDK types and no waiting.

use serde::Serialize;

use aws_access::CallError;

use crate::ResourceChange;

/// CloudFormation as the flow needs it. A call returns once, in bounded time; retrying, waiting and ordering are the
/// flow's. Stacks are named by name or ARN; by its ARN a deleted stack can still be described.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait CloudFormation {
    /// DescribeStacks of one name or id; `None` when there is none.
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError>;

    /// CreateChangeSet; returns the ids of the change set and its stack.
    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<(String, String), CallError>;

    /// One page of DescribeChangeSet, with property values (IncludePropertyValues) or without. A change set is named by its
    /// ARN, or by its name and its stack.
    async fn describe_change_set(
        &self,
        stack: Option<&str>,
        change_set: &str,
        values: bool,
        next: Option<&str>,
    ) -> Result<ChangeSetPage, CallError>;

    /// ListChangeSets, all pages.
    async fn list_change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>, CallError>;

    /// ExecuteChangeSet; the same token makes a retry harmless.
    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError>;

    /// DeleteChangeSet by name; one that does not exist, or whose stack does not, counts as deleted.
    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError>;

    /// DeleteStack; the same token makes a retry harmless.
    async fn delete_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError>;

    /// CancelUpdateStack; the same token makes a retry harmless.
    async fn cancel_update_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError>;

    /// RollbackStack; the same token makes a retry harmless.
    async fn rollback_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError>;

    /// ContinueUpdateRollback, skipping these logical ids; the same token makes a retry harmless.
    async fn continue_update_rollback(
        &self,
        stack_id: &str,
        skip: &[String],
        role_arn: Option<&str>,
        token: &str,
    ) -> Result<(), CallError>;

    /// One page of DescribeStackEvents, newest event first.
    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError>;

    /// ListStackResources, all pages.
    async fn list_stack_resources(&self, stack: &str) -> Result<Vec<StackResource>, CallError>;

    /// GetTemplate, as it was submitted.
    async fn get_template(&self, stack: &str) -> Result<String, CallError>;

    /// GetStackPolicy; `None` when there is none.
    async fn get_stack_policy(&self, stack: &str) -> Result<Option<String>, CallError>;

    /// SetStackPolicy. Setting the current policy changes nothing.
    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<(), CallError>;

    /// UpdateTerminationProtection. Setting the current value changes nothing.
    async fn update_termination_protection(&self, stack: &str, enabled: bool) -> Result<(), CallError>;
}

/// A stack as DescribeStacks returns it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackDescription {
    /// ARN; stays readable when the stack is deleted.
    pub stack_id: String,
    /// For example `UPDATE_COMPLETE`.
    pub status: String,
    /// CloudFormation's message about the status.
    pub status_reason: Option<String>,
    /// Outputs in CloudFormation's order.
    pub outputs: Vec<(String, String)>,
    /// Parameters; `****` where the template says NoEcho.
    pub parameters: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Whether termination protection is on.
    pub termination_protection: bool,
}

/// A resource as ListStackResources returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackResource {
    /// Logical id.
    pub logical_id: String,
    /// Physical id, empty while there is none.
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// For example `CREATE_COMPLETE`.
    pub status: String,
    /// CloudFormation's message, empty if there is none.
    pub reason: String,
}

/// A change set as ListChangeSets returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetSummary {
    /// Its name.
    pub name: String,
    /// Milliseconds since 1970, UTC.
    pub created_ms: i64,
}

/// Whether a change set creates a stack or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetKind {
    /// The stack does not exist, or exists only as the shell of an earlier change set.
    Create,
    /// The stack exists.
    Update,
}

/// Where CloudFormation reads the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateLocation {
    /// In the request: at most 51,200 bytes.
    Body(String),
    /// In S3: at most 1,000,000 bytes.
    Url(String),
}

/// The parameters of CreateChangeSet.
#[derive(Debug, Clone)]
pub struct ChangeSetRequest {
    /// Physical stack name.
    pub stack_name: String,
    /// Name of the change set, `[a-zA-Z][-a-zA-Z0-9]*`.
    pub name: String,
    /// Makes a retry of the request harmless.
    pub token: String,
    /// Create or update.
    pub kind: ChangeSetKind,
    /// The template.
    pub template: TemplateLocation,
    /// Parameter names and values.
    pub parameters: Vec<(String, String)>,
    /// Tags of the stack, which CloudFormation puts on its resources too.
    pub tags: Vec<(String, String)>,
    /// Whether nested stacks get change sets of their own.
    pub nested: bool,
    /// The role that CloudFormation works with; without one, the stack's own or the caller's permissions.
    pub role_arn: Option<String>,
    /// Resources with names of their own that exist already are imported (ImportExistingResources).
    pub import_existing: bool,
}

/// The state of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// Still being created.
    Pending,
    /// Can be executed.
    Ready,
    /// Contains no change: the stack is up to date.
    Empty,
    /// Rejected.
    Failed(String),
}

/// One page of a change set as DescribeChangeSet returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetPage {
    /// ARN.
    pub id: String,
    /// ARN of its stack.
    pub stack_id: String,
    /// Its state.
    pub status: ChangeSetStatus,
    /// Whether it can be executed now: its ExecutionStatus is `AVAILABLE`.
    pub is_executable: bool,
    /// CloudFormation's message. On a change set that is ready it warns when property values were omitted.
    pub reason: String,
    /// The changes of this page.
    pub changes: Vec<ResourceChange>,
    /// Token of the next page.
    pub next: Option<String>,
}

impl ChangeSetStatus {
    /// Parses AWS's status and reason.
    pub fn of(status: &str, reason: &str) -> Self {
        match status {
            "CREATE_COMPLETE" => Self::Ready,
            "FAILED" if reason.contains("didn't contain changes") => Self::Empty,
            "FAILED" if reason.contains("No updates are to be performed") => Self::Empty,
            "FAILED" => Self::Failed(reason.to_owned()),
            _ => Self::Pending,
        }
    }
}

/// One page of events.
#[derive(Debug, Clone, Default)]
pub struct EventsPage {
    /// Newest first.
    pub events: Vec<StackEvent>,
    /// Token of the next, older page.
    pub next: Option<String>,
}

/// One line of a stack's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackEvent {
    /// Unique id.
    pub event_id: String,
    /// Milliseconds since 1970, UTC.
    pub timestamp_ms: i64,
    /// Logical id; of the stack itself, its name.
    pub logical_id: String,
    /// Physical id, empty while there is none.
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// For example `CREATE_IN_PROGRESS`.
    pub status: String,
    /// CloudFormation's message, empty if there is none.
    pub reason: String,
    /// ClientRequestToken of the call that began the operation.
    pub token: Option<String>,
}

impl StackEvent {
    /// Whether this is about the stack `stack_id` itself and not about one of its resources.
    pub fn is_of_stack(&self, stack_id: &str) -> bool {
        self.resource_type == NESTED_STACK && self.physical_id == stack_id
    }

    /// Whether this ends an operation of the stack, if it is about the stack itself.
    pub(crate) fn is_end(&self) -> bool {
        !is_in_progress(&self.status)
    }

    /// Whether the resource failed by itself, not because another failed first.
    pub fn is_cause(&self) -> bool {
        self.status.ends_with("_FAILED") && !self.is_cancelled()
    }

    /// Whether this only says that the resource was cancelled because another had failed.
    pub fn is_cancelled(&self) -> bool {
        self.status.ends_with("_FAILED") && self.reason.to_ascii_lowercase().contains("cancelled")
    }
}

/// The type of a nested stack, and of a stack itself in its own events.
pub(crate) const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

/// Whether an operation is in progress in this status. REVIEW_IN_PROGRESS is not: the stack waits for a change set.
pub(crate) fn is_in_progress(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"
}
