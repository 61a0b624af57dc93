//! Drift detection through the AWS SDK, call by call.

use aws_access::{Answer, CallError, call_error};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDriftStatus};

use super::next_page;
use crate::ports::{Detection, Difference, DriftDetection, DriftStatus, ResourceDrift};

/// The drift detection of one account and region.
#[derive(Debug, Clone)]
pub struct AwsDriftDetection {
    client: Client,
}

impl AwsDriftDetection {
    /// Uses a connection's configuration.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl DriftDetection for AwsDriftDetection {
    async fn detect_stack_drift(&self, stack: &str) -> Result<Option<String>, CallError> {
        match self.client.detect_stack_drift().stack_name(stack).send().await {
            Ok(answer) => {
                let id = answer.stack_drift_detection_id();
                Answer("DetectStackDrift").text("StackDriftDetectionId", id).map(Some)
            }
            Err(error) => {
                let error = call_error("DetectStackDrift", error);
                if error.is_absent_stack() { Ok(None) } else { Err(error) }
            }
        }
    }

    async fn detection(&self, id: &str) -> Result<Detection, CallError> {
        let answer = self.client.describe_stack_drift_detection_status().stack_drift_detection_id(id).send().await;
        let answer = answer.map_err(|error| call_error("DescribeStackDriftDetectionStatus", error))?;
        let status = answer.detection_status().map(|status| status.as_str());
        Answer("DescribeStackDriftDetectionStatus").text("DetectionStatus", status)?;
        if answer.detection_status() == Some(&StackDriftDetectionStatus::DetectionInProgress) {
            return Ok(Detection::InProgress);
        }
        let is_complete = answer.detection_status() == Some(&StackDriftDetectionStatus::DetectionComplete);
        let reason = answer.detection_status_reason().unwrap_or("the detection failed");
        Ok(Detection::Done {
            // Present only when the detection is complete.
            status: answer.stack_drift_status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
            failure: (!is_complete).then(|| reason.to_owned()),
        })
    }

    async fn resource_drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, CallError> {
        let (mut drifts, mut next) = (Vec::new(), None::<String>);
        loop {
            let call = self.client.describe_stack_resource_drifts().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("DescribeStackResourceDrifts", error))?;
            let answer = Answer("DescribeStackResourceDrifts");
            for drift in page.stack_resource_drifts() {
                let status = drift.stack_resource_drift_status().map(|status| status.as_str());
                answer.text("StackResourceDriftStatus", status)?;
                let status = match drift.stack_resource_drift_status() {
                    Some(StackResourceDriftStatus::InSync) => DriftStatus::InSync,
                    Some(StackResourceDriftStatus::Modified) => DriftStatus::Modified,
                    Some(StackResourceDriftStatus::Deleted) => DriftStatus::Deleted,
                    // Listed, but not checked yet.
                    Some(StackResourceDriftStatus::NotChecked) => continue,
                    _ => DriftStatus::Unknown,
                };
                let differences = drift.property_differences().iter().map(|difference| {
                    // `null` means that one side has nothing.
                    let value = |value: Option<&str>| value.filter(|value| *value != "null").map(str::to_owned);
                    let kind = difference.difference_type().map(|kind| kind.as_str());
                    Ok(Difference {
                        path: answer.text("PropertyPath", difference.property_path())?,
                        kind: answer.text("DifferenceType", kind)?,
                        expected: value(difference.expected_value()),
                        actual: value(difference.actual_value()),
                        masked: false,
                    })
                });
                drifts.push(ResourceDrift {
                    logical_id: answer.text("LogicalResourceId", drift.logical_resource_id())?,
                    physical_id: drift.physical_resource_id().unwrap_or_default().to_owned(),
                    resource_type: answer.text("ResourceType", drift.resource_type())?,
                    status,
                    reason: drift.drift_status_reason().map(str::to_owned),
                    differences: differences.collect::<Result<_, CallError>>()?,
                });
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(drifts);
            }
        }
    }

    async fn resource_types(&self, stack: &str) -> Result<Vec<(String, String)>, CallError> {
        let (mut types, mut next) = (Vec::new(), None::<String>);
        loop {
            let call = self.client.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("ListStackResources", error))?;
            let answer = Answer("ListStackResources");
            for resource in page.stack_resource_summaries() {
                let logical_id = answer.text("LogicalResourceId", resource.logical_resource_id())?;
                types.push((logical_id, answer.text("ResourceType", resource.resource_type())?));
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(types);
            }
        }
    }
}
