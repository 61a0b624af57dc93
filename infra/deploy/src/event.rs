//! What a deployment tells while it runs, as data. Refuses wording: the caller prints.

use crate::StackEvent;

/// One step of a deployment, told as it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The stacks that will be worked on, by physical name, in order.
    Planned(Vec<String>),
    /// The assets bucket was made.
    BucketCreated(String),
    /// An asset was uploaded.
    AssetUploaded {
        /// Asset name.
        asset: String,
        /// Key in the bucket.
        key: String,
        /// Size of the archive in bytes.
        bytes: usize,
    },
    /// An asset with this content is in the bucket already.
    AssetPresent {
        /// Asset name.
        asset: String,
        /// Key in the bucket.
        key: String,
    },
    /// An operation that somebody else started is under way; it is watched to its end first.
    Attached {
        /// Physical stack name.
        stack: String,
        /// Its status.
        status: String,
    },
    /// A change set or a deletion starts.
    Started {
        /// Physical stack name.
        stack: String,
        /// What starts.
        operation: Operation,
        /// Resources that change, the stack itself not counted; 0 when it is not known.
        changes: usize,
    },
    /// A resource changed its status.
    Resource {
        /// Physical stack name.
        stack: String,
        /// What happened.
        event: StackEvent,
    },
    /// A call was throttled or lost; the flow slows down and makes it again.
    Retrying {
        /// AWS operation.
        operation: &'static str,
        /// What was answered.
        reason: String,
    },
    /// Nothing to change.
    UpToDate {
        /// Physical stack name.
        stack: String,
    },
    /// A stack is finished.
    Finished {
        /// Physical stack name.
        stack: String,
        /// The status it ended in.
        status: String,
    },
}

/// What is done to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}
