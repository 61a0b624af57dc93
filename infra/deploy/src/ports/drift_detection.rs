//! The port to CloudFormation's drift detection. No SDK types and no waiting.

use aws_access::CallError;
use serde::Serialize;

/// CloudFormation's drift detection.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait DriftDetection {
    /// DetectStackDrift; returns the detection's id, `None` when there is no such stack.
    async fn detect_stack_drift(&self, stack: &str) -> Result<Option<String>, CallError>;

    /// DescribeStackDriftDetectionStatus.
    async fn detection(&self, id: &str) -> Result<Detection, CallError>;

    /// DescribeStackResourceDrifts, all pages: the resources that could be checked.
    async fn resource_drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, CallError>;

    /// ListStackResources, all pages: logical ids and types of all resources.
    async fn resource_types(&self, stack: &str) -> Result<Vec<(String, String)>, CallError>;
}

/// The state of a detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// In progress.
    InProgress,
    /// Done: the stack's drift status, and why some resources could not be checked, if that happened.
    Done {
        /// `IN_SYNC`, `DRIFTED` or `UNKNOWN`.
        status: String,
        /// CloudFormation's message about a detection that failed in part.
        failure: Option<String>,
    },
}

/// The state of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    InSync,
    Modified,
    Deleted,
    /// The check failed.
    Unknown,
}

/// One resource that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceDrift {
    pub logical_id: String,
    pub physical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    pub status: DriftStatus,
    /// Why it is unknown.
    pub reason: Option<String>,
    pub differences: Vec<Difference>,
}

/// One property that differs from the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// JSON pointer below the resource's properties, for example `/RedrivePolicy/maxReceiveCount`.
    pub path: String,
    /// `ADD`, `REMOVE` or `NOT_EQUAL`, in AWS's terms, relative to the template.
    pub kind: String,
    /// The value in the template; `None` if it has none, or if the value must not be shown.
    pub expected: Option<String>,
    /// The actual value; `None` if there is none, or if it must not be shown.
    pub actual: Option<String>,
    /// AWS never returns such a value, so neither do we.
    pub masked: bool,
}
