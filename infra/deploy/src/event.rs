//! What a deployment tells while it runs, as data with stable codes. Refuses wording: the caller prints.

use serde::Serialize;

use crate::{Cause, ProtectionChange, RolledBack, StackEvent};

/// One step of a deployment, told as it happens. As JSON, `code` stands beside the fields: `{"code": "stack.up_to_date", "stack": ..}`.
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
    /// The assets bucket was made.
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
    /// An operation that somebody else started is under way; it is watched to its end first.
    #[serde(rename = "stack.attached")]
    Attached {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Another deployer seems to prepare a stack that is not there yet; it is let go first for a while.
    #[serde(rename = "stack.yielding")]
    Yielding {
        /// The stack.
        stack: String,
        /// Names of the other's change sets. It may have been killed and have left them.
        change_sets: Vec<String>,
        /// It is waited for so long, and no longer.
        seconds: u64,
    },
    /// The stack cannot be changed in its state and is brought to one where it can.
    #[serde(rename = "stack.recovering")]
    Recovering {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
        /// What is done.
        remedy: Remedy,
    },
    /// A change set is made; what it holds is shown to the approver.
    #[serde(rename = "change_set.ready")]
    ChangeSetReady {
        /// The stack.
        stack: String,
        /// ARN of the change set.
        change_set_id: String,
        /// Resources that change.
        changes: usize,
    },
    /// A change set was taken away without being executed.
    #[serde(rename = "change_set.deleted")]
    ChangeSetDeleted {
        /// The stack.
        stack: String,
        /// The stack had only been made to hold it, and went with it.
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
        /// Resources that change, the stack itself not counted; 0 when it is not known.
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
        /// How long this kind of resource usually takes, in seconds, when something begins and it is known.
        usual_seconds: Option<u64>,
    },
    /// A call was throttled or lost; the flow slows down and makes it again.
    #[serde(rename = "call.retrying")]
    Retrying {
        /// AWS operation.
        operation: String,
        /// What was answered.
        reason: String,
    },
    /// The credentials do not allow a call that can be done without.
    #[serde(rename = "call.denied")]
    Denied {
        /// AWS operation.
        operation: String,
        /// What was answered.
        reason: String,
    },
    /// AWS cannot be reached; the operation goes on there, and the watch goes on when it can be reached again.
    #[serde(rename = "connection.lost")]
    ConnectionLost {
        /// The stack that is watched.
        stack: String,
        /// What went wrong.
        reason: String,
    },
    /// AWS answers again.
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
    /// The stack policy is what it was.
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
    /// What runs is asked to stop.
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
        /// The first failure, when one was told.
        cause: Option<Cause>,
        /// What was undone.
        rolled_back: RolledBack,
    },
    /// A stack was not begun because of another.
    #[serde(rename = "stack.skipped")]
    Skipped {
        /// The stack.
        stack: String,
        /// The stack that it needs and that failed.
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

/// What is done to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// The way out of a state that no change set can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// DeleteStack: what failed is deleted. Asked for first.
    Delete,
    /// RollbackStack: back to the last state that held.
    RollBack,
    /// ContinueUpdateRollback: the roll-back that failed is tried again.
    ContinueRollBack,
}
