//! Drift detection through the AWS SDK. Refuses nothing: every call is passed on as it is.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDriftStatus};

use super::call_error;
use crate::drift::{Detection, Difference, DriftDetection, DriftStatus, ResourceDrift};
use crate::{CallError, CallErrorKind};

/// The drift detection of one account and region.
#[derive(Debug, Clone)]
pub struct AwsDriftDetection {
    client: Client,
}

impl AwsDriftDetection {
    /// Over a connection's configuration.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl DriftDetection for AwsDriftDetection {
    async fn detect_stack_drift(&self, stack: &str) -> Result<Option<String>, CallError> {
        match self.client.detect_stack_drift().stack_name(stack).send().await {
            Ok(answer) => Ok(answer.stack_drift_detection_id),
            Err(error) => {
                let error = call_error("DetectStackDrift", error);
                let is_absent = error.kind == CallErrorKind::Invalid && error.message.contains("does not exist");
                if is_absent { Ok(None) } else { Err(error) }
            }
        }
    }

    async fn detection(&self, id: &str) -> Result<Detection, CallError> {
        let answer = self.client.describe_stack_drift_detection_status().stack_drift_detection_id(id).send().await;
        let answer = answer.map_err(|error| call_error("DescribeStackDriftDetectionStatus", error))?;
        if answer.detection_status() == Some(&StackDriftDetectionStatus::DetectionInProgress) {
            return Ok(Detection::InProgress);
        }
        let is_complete = answer.detection_status() == Some(&StackDriftDetectionStatus::DetectionComplete);
        let reason = answer.detection_status_reason().unwrap_or("the detection failed");
        Ok(Detection::Done {
            status: answer.stack_drift_status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
            failure: (!is_complete).then(|| reason.to_owned()),
        })
    }

    async fn resource_drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, CallError> {
        let (mut drifts, mut next) = (Vec::new(), None::<String>);
        loop {
            let call = self.client.describe_stack_resource_drifts().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("DescribeStackResourceDrifts", error))?;
            for drift in page.stack_resource_drifts() {
                let status = match drift.stack_resource_drift_status() {
                    Some(StackResourceDriftStatus::InSync) => DriftStatus::InSync,
                    Some(StackResourceDriftStatus::Modified) => DriftStatus::Modified,
                    Some(StackResourceDriftStatus::Deleted) => DriftStatus::Deleted,
                    // Listed, and yet nobody has looked.
                    Some(StackResourceDriftStatus::NotChecked) => continue,
                    _ => DriftStatus::Unknown,
                };
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let differences = drift.property_differences().iter().map(|difference| {
                    // `null` is how it says that one side has nothing.
                    let value = |value: Option<&str>| value.filter(|value| *value != "null").map(str::to_owned);
                    Difference {
                        path: text(difference.property_path()),
                        kind: difference.difference_type().map_or("NOT_EQUAL", |kind| kind.as_str()).to_owned(),
                        expected: value(difference.expected_value()),
                        actual: value(difference.actual_value()),
                        masked: false,
                    }
                });
                drifts.push(ResourceDrift {
                    logical_id: text(drift.logical_resource_id()),
                    physical_id: text(drift.physical_resource_id()),
                    resource_type: text(drift.resource_type()),
                    status,
                    reason: drift.drift_status_reason().map(str::to_owned),
                    differences: differences.collect(),
                });
            }
            next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
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
            types.extend(page.stack_resource_summaries().iter().map(|resource| {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                (text(resource.logical_resource_id()), text(resource.resource_type()))
            }));
            next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                return Ok(types);
            }
        }
    }
}
