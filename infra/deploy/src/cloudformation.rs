//! The port to CloudFormation: the seven calls that a deployment makes, in AWS's words. Refuses SDK types and waiting.

use crate::CallError;

/// CloudFormation as the flow needs it. A call answers once; repeating, waiting and ordering are the flow's.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait CloudFormation {
    /// DescribeStacks of one name or id; `None` when there is none. By id, a deleted stack is still described.
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError>;

    /// CreateChangeSet; answers with the ids of the change set and its stack.
    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<(String, String), CallError>;

    /// DescribeChangeSet, all pages.
    async fn describe_change_set(&self, change_set_id: &str) -> Result<ChangeSet, CallError>;

    /// ExecuteChangeSet; the same token makes a repetition harmless.
    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError>;

    /// DeleteChangeSet.
    async fn delete_change_set(&self, change_set_id: &str) -> Result<(), CallError>;

    /// DeleteStack; the same token makes a repetition harmless.
    async fn delete_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError>;

    /// One page of DescribeStackEvents, newest event first.
    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError>;
}

/// A stack as DescribeStacks tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackDescription {
    /// ARN; stays readable when the stack is deleted.
    pub stack_id: String,
    /// For example `UPDATE_COMPLETE`.
    pub status: String,
    /// CloudFormation's sentence about the status.
    pub status_reason: Option<String>,
    /// Outputs in CloudFormation's order.
    pub outputs: Vec<(String, String)>,
}

/// Whether a change set makes a stack or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What CreateChangeSet is asked for.
#[derive(Debug, Clone)]
pub struct ChangeSetRequest {
    /// Physical stack name.
    pub stack_name: String,
    /// Name of the change set, `[a-zA-Z][-a-zA-Z0-9]*`.
    pub name: String,
    /// Makes a repetition of the request harmless.
    pub token: String,
    /// Create or update.
    pub kind: ChangeSetKind,
    /// The template.
    pub template: TemplateLocation,
    /// Parameter names and values.
    pub parameters: Vec<(String, String)>,
    /// Tags of the stack, which CloudFormation puts on its resources too.
    pub tags: Vec<(String, String)>,
}

/// How far a change set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// Still being made.
    Pending,
    /// Can be executed.
    Ready,
    /// Holds no change: the stack is up to date.
    Empty,
    /// Refused.
    Failed(String),
}

/// A change set as DescribeChangeSet tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// How far it is.
    pub status: ChangeSetStatus,
    /// Number of resources that change.
    pub changes: usize,
}

impl ChangeSetStatus {
    /// Reads AWS's status and reason.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Unique id.
    pub event_id: String,
    /// Seconds since 1970, UTC.
    pub timestamp: i64,
    /// Logical id; of the stack itself, its name.
    pub logical_id: String,
    /// Physical id, empty while there is none.
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// For example `CREATE_IN_PROGRESS`.
    pub status: String,
    /// CloudFormation's sentence, empty when there is none.
    pub reason: String,
}

impl StackEvent {
    /// Whether this is about the stack `stack_id` itself and not about one of its resources.
    pub fn is_of_stack(&self, stack_id: &str) -> bool {
        self.resource_type == "AWS::CloudFormation::Stack" && self.physical_id == stack_id
    }

    /// Whether the resource failed by itself, not because another failed first.
    pub fn is_cause(&self) -> bool {
        self.status.ends_with("_FAILED") && !self.is_cancelled()
    }

    /// Whether this only says that the resource was given up because another had failed.
    pub fn is_cancelled(&self) -> bool {
        self.status.ends_with("_FAILED") && self.reason.to_ascii_lowercase().contains("cancelled")
    }
}

/// Whether an operation is under way in this status. REVIEW_IN_PROGRESS is not one: the stack waits for a change set.
pub(crate) fn is_in_progress(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"
}
