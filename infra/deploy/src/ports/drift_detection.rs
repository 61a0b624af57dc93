//! The port to CloudFormation's drift detection. Refuses SDK types and waiting.

use aws_access::CallError;
use serde::Serialize;

/// CloudFormation's drift detection.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait DriftDetection {
    /// DetectStackDrift; answers with the detection's id, `None` when there is no such stack.
    async fn detect_stack_drift(&self, stack: &str) -> Result<Option<String>, CallError>;

    /// DescribeStackDriftDetectionStatus.
    async fn detection(&self, id: &str) -> Result<Detection, CallError>;

    /// DescribeStackResourceDrifts, all pages: the resources that could be checked.
    async fn resource_drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, CallError>;

    /// ListStackResources, all pages: logical ids and types of all resources.
    async fn resource_types(&self, stack: &str) -> Result<Vec<(String, String)>, CallError>;
}

/// How far a detection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// Still at it.
    InProgress,
    /// Done: the stack's drift status, and why some resources could not be checked where that happened.
    Done {
        /// `IN_SYNC`, `DRIFTED` or `UNKNOWN`.
        status: String,
        /// CloudFormation's sentence about a detection that failed in part.
        failure: Option<String>,
    },
}

/// What became of a resource.
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

/// One property that is not as the template says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// JSON pointer below the resource's properties, for example `/RedrivePolicy/maxReceiveCount`.
    pub path: String,
    /// `ADD`, `REMOVE` or `NOT_EQUAL`, in AWS's words, seen from the template.
    pub kind: String,
    /// What the template says; `None` where it says nothing, or where the value must not be shown.
    pub expected: Option<String>,
    /// What is there; `None` where there is nothing, or where the value must not be shown.
    pub actual: Option<String>,
    /// AWS never gives such a value back, so neither do we.
    pub masked: bool,
}
