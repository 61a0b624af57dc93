//! How a stack operation ended: the first failure, and what a rollback undid and left. Does not judge whether that is good.

use std::fmt;

use serde::Serialize;

/// How an operation that was followed ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Physical stack name.
    pub stack: String,
    /// The stack's status, for example `UPDATE_ROLLBACK_COMPLETE`.
    pub status: String,
    /// The first failure, if there was one.
    pub cause: Option<Cause>,
    /// What a rollback undid and what stays behind.
    pub rolled_back: RolledBack,
}

/// The first resource that failed in a stack operation; the failures after it follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Logical ids of the nested stacks that lead to the resource, outermost first; empty in the stack itself.
    pub path: Vec<String>,
    /// Logical id in the template.
    pub logical_id: String,
    /// Physical id, empty when there is none.
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// For example `CREATE_FAILED`.
    pub status: String,
    /// CloudFormation's message.
    pub reason: String,
    /// The property that the message blames, for example `RedrivePolicy.maxReceiveCount`.
    pub property: Option<String>,
    /// When, in milliseconds since 1970, UTC.
    pub timestamp_ms: i64,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for nested in &self.path {
            write!(f, "{nested}/")?;
        }
        write!(f, "{} ({}) {}: {}", self.logical_id, self.resource_type, self.status, self.reason)
    }
}

/// What a rollback did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RolledBack {
    /// Logical ids of what was undone: deleted again, or changed back. Prefixed with the nested stacks, `Nested/Queue`.
    pub undone: Vec<String>,
    /// What was not undone.
    pub left: Vec<Leftover>,
}

/// A resource that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// Logical id, prefixed with the nested stacks.
    pub logical_id: String,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Physical id.
    pub physical_id: String,
    /// `DELETE_SKIPPED`, `DELETE_FAILED`, `UPDATE_FAILED`, ..
    pub status: String,
    /// CloudFormation's message, or the policy that keeps it.
    pub reason: String,
}
