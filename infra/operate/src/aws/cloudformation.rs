//! Stacks and their resources from CloudFormation. Refuses to change them.

use deploy::CallError;
use deploy::aws::call_error;
use jiff::Timestamp;

use super::AwsCloud;
use crate::{Resource, StackState, Stacks};

impl Stacks for AwsCloud {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackState>, CallError> {
        let answer = match self.cloudformation.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = call_error("DescribeStacks", error);
                // The one way in which it says that there is none.
                let is_absent =
                    error.code.as_deref() == Some("ValidationError") && error.message.contains("does not exist");
                return if is_absent { Ok(None) } else { Err(error) };
            }
        };
        let time = |time: &aws_sdk_cloudformation::primitives::DateTime| Timestamp::from_second(time.secs()).ok();
        Ok(answer.stacks().first().map(|stack| {
            let drift = stack.drift_information();
            StackState {
                stack_name: stack.stack_name().unwrap_or_default().to_owned(),
                status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                status_reason: stack.stack_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
                changed_at: stack.last_updated_time().or(stack.creation_time()).and_then(time),
                drift: drift
                    .and_then(|drift| drift.stack_drift_status())
                    .map_or_else(|| "NOT_CHECKED".to_owned(), |status| status.as_str().to_owned()),
                drift_checked_at: drift.and_then(|drift| drift.last_check_timestamp()).and_then(time),
                termination_protection: stack.enable_termination_protection().unwrap_or_default(),
                outputs: (stack.outputs().iter())
                    .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
                    .collect(),
            }
        }))
    }

    async fn list_resources(&self, stack: &str) -> Result<Vec<Resource>, CallError> {
        let mut resources = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let call = self.cloudformation.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("ListStackResources", error))?;
            resources.extend(page.stack_resource_summaries().iter().map(|resource| Resource {
                stack: stack.to_owned(),
                logical_id: resource.logical_resource_id().unwrap_or_default().to_owned(),
                physical_id: resource.physical_resource_id().unwrap_or_default().to_owned(),
                resource_type: resource.resource_type().unwrap_or_default().to_owned(),
            }));
            next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                return Ok(resources);
            }
        }
    }
}
