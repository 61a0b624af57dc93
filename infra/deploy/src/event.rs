//! What a deployment reports while it runs, as data with stable codes. The wording is the caller's.

use serde::Serialize;

use crate::{Cause, ProtectionChange, RolledBack, StackEvent};

/// One step of a deployment, reported as it happens. As JSON, `code` stands next to the fields: `{"code": "stack.up_to_date", "stack": ..}`.
/// Stacks are named by their physical name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum Event {
    /// The stacks that will be worked on, in order.
    #[serde(rename = "plan.ready")]
    Planned {
        /// Physical names.
        stacks: Vec<String>,
    },
    /// The assets bucket was created.
    #[serde(rename = "bucket.created")]
    BucketCreated {
        /// Its name.
        bucket: String,
    },
    /// An asset's upload starts.
    #[serde(rename = "asset.uploading")]
    AssetUploading {
        /// Asset name.
        asset: String,
        /// Size of the archive in bytes.
        bytes: usize,
    },
    /// An asset was uploaded.
    #[serde(rename = "asset.uploaded")]
    AssetUploaded {
        /// Asset name.
        asset: String,
        /// Key in the bucket.
        key: String,
        /// Size of the archive in bytes.
        bytes: usize,
    },
    /// An asset with this content is in the bucket already.
    #[serde(rename = "asset.present")]
    AssetPresent {
        /// Asset name.
        asset: String,
        /// Key in the bucket.
        key: String,
    },
    /// An operation that another caller started is in progress; it is followed to its end first.
    #[serde(rename = "stack.attached")]
    Attached {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Another deployer seems to be preparing a stack that does not exist yet; it may go first for a while.
    #[serde(rename = "stack.yielding")]
    Yielding {
        /// The stack.
        stack: String,
        /// Names of the other deployer's change sets. It may have been killed and left them behind.
        change_sets: Vec<String>,
        /// How long it may take at most.
        seconds: u64,
    },
    /// The stack cannot be changed in its state and is recovered first.
    #[serde(rename = "stack.recovering")]
    Recovering {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
        /// The remedy.
        remedy: Remedy,
    },
    /// A change set is ready; its contents are shown to the approver.
    #[serde(rename = "change_set.ready")]
    ChangeSetReady {
        /// The stack.
        stack: String,
        /// ARN of the change set.
        change_set_id: String,
        /// Resources that change.
        changes: usize,
    },
    /// A change set was deleted without being executed.
    #[serde(rename = "change_set.deleted")]
    ChangeSetDeleted {
        /// The stack.
        stack: String,
        /// The stack had only been created to hold it, and was deleted with it.
        with_stack: bool,
    },
    /// A change set or a deletion starts.
    #[serde(rename = "stack.started")]
    Started {
        /// The stack.
        stack: String,
        /// ARN.
        stack_id: String,
        /// What starts.
        operation: Operation,
        /// Resources that change, not counting the stack itself; 0 if unknown.
        changes: usize,
    },
    /// A resource changed its status.
    #[serde(rename = "resource.status")]
    Resource {
        /// The stack.
        stack: String,
        /// Logical ids of the nested stacks that lead to the resource, outermost first; empty in the stack itself.
        path: Vec<String>,
        /// What happened.
        #[serde(flatten)]
        event: StackEvent,
        /// How long this kind of resource usually takes, in seconds, if something begins and it is known.
        usual_seconds: Option<u64>,
    },
    /// A call was throttled or lost; the flow slows down and retries it.
    #[serde(rename = "call.retrying")]
    Retrying {
        /// AWS operation.
        operation: String,
        /// The response.
        reason: String,
    },
    /// The credentials do not allow an optional call.
    #[serde(rename = "call.denied")]
    Denied {
        /// AWS operation.
        operation: String,
        /// The response.
        reason: String,
    },
    /// AWS cannot be reached; the operation continues there, and the watch continues when AWS can be reached again.
    #[serde(rename = "connection.lost")]
    ConnectionLost {
        /// The stack that is watched.
        stack: String,
        /// What went wrong.
        reason: String,
    },
    /// AWS responds again.
    #[serde(rename = "connection.restored")]
    ConnectionRestored {
        /// The stack that is watched.
        stack: String,
    },
    /// Termination protection or the stack policy was changed.
    #[serde(rename = "stack.protected")]
    Protected {
        /// The stack.
        stack: String,
        /// What changed.
        #[serde(flatten)]
        change: ProtectionChange,
    },
    /// The stack policy is open for these resources, whose loss was accepted, until the operation ends.
    #[serde(rename = "stack.policy_opened")]
    PolicyOpened {
        /// The stack.
        stack: String,
        /// Logical ids.
        resources: Vec<String>,
    },
    /// The stack policy was restored.
    #[serde(rename = "stack.policy_restored")]
    PolicyRestored {
        /// The stack.
        stack: String,
    },
    /// A page of a bucket's objects was deleted.
    #[serde(rename = "bucket.emptying")]
    BucketEmptying {
        /// The stack that owns it.
        stack: String,
        /// The bucket.
        bucket: String,
        /// Object versions and delete markers deleted so far.
        deleted: usize,
    },
    /// The operation in progress is asked to stop.
    #[serde(rename = "stack.cancelling")]
    Cancelling {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Nothing to change.
    #[serde(rename = "stack.up_to_date")]
    UpToDate {
        /// The stack.
        stack: String,
    },
    /// A stack is finished.
    #[serde(rename = "stack.finished")]
    Finished {
        /// The stack.
        stack: String,
        /// The status it ended in.
        status: String,
    },
    /// A stack's operation failed.
    #[serde(rename = "stack.failed")]
    Failed {
        /// The stack.
        stack: String,
        /// The status it ended in.
        status: String,
        /// The first failure, if one was reported.
        cause: Option<Cause>,
        /// What was rolled back.
        rolled_back: RolledBack,
    },
    /// A stack was not started because of another.
    #[serde(rename = "stack.skipped")]
    Skipped {
        /// The stack.
        stack: String,
        /// The stack that it depends on and that failed.
        because: String,
    },
}

impl Event {
    /// The stable name of this kind of event, the same as `code` in its JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "plan.ready",
            Self::BucketCreated { .. } => "bucket.created",
            Self::AssetUploading { .. } => "asset.uploading",
            Self::AssetUploaded { .. } => "asset.uploaded",
            Self::AssetPresent { .. } => "asset.present",
            Self::Attached { .. } => "stack.attached",
            Self::Yielding { .. } => "stack.yielding",
            Self::Recovering { .. } => "stack.recovering",
            Self::ChangeSetReady { .. } => "change_set.ready",
            Self::ChangeSetDeleted { .. } => "change_set.deleted",
            Self::Started { .. } => "stack.started",
            Self::Resource { .. } => "resource.status",
            Self::Retrying { .. } => "call.retrying",
            Self::Denied { .. } => "call.denied",
            Self::ConnectionLost { .. } => "connection.lost",
            Self::ConnectionRestored { .. } => "connection.restored",
            Self::Protected { .. } => "stack.protected",
            Self::PolicyOpened { .. } => "stack.policy_opened",
            Self::PolicyRestored { .. } => "stack.policy_restored",
            Self::BucketEmptying { .. } => "bucket.emptying",
            Self::Cancelling { .. } => "stack.cancelling",
            Self::UpToDate { .. } => "stack.up_to_date",
            Self::Finished { .. } => "stack.finished",
            Self::Failed { .. } => "stack.failed",
            Self::Skipped { .. } => "stack.skipped",
        }
    }
}

/// The operation on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Creation.
    Create,
    /// Update.
    Update,
    /// Deletion.
    Delete,
}

/// The remedy for a state from which no change set can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// DeleteStack: what failed is deleted. Needs approval.
    Delete,
    /// RollbackStack: back to the last stable state.
    RollBack,
    /// ContinueUpdateRollback: the failed rollback is retried.
    ContinueRollBack,
}
