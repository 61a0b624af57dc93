//! Stacks and their resources from CloudFormation, read-only.

use aws_access::{Answer, CallError, call_error};
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types;
use jiff::Timestamp;

use super::{AwsCloud, next_page};
use crate::{Resource, StackState, Stacks};

impl Stacks for AwsCloud {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackState>, CallError> {
        let answer = match self.cloudformation.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = call_error("DescribeStacks", error);
                return if error.is_absent_stack() { Ok(None) } else { Err(error) };
            }
        };
        // For a name or an id, the response is one stack or the error above.
        Answer("DescribeStacks").any("Stacks", answer.stacks().first()).and_then(state).map(Some)
    }

    async fn list_resources(&self, stack: &str) -> Result<Vec<Resource>, CallError> {
        let mut resources = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let call = self.cloudformation.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("ListStackResources", error))?;
            let answer = Answer("ListStackResources");
            for resource in page.stack_resource_summaries() {
                resources.push(Resource {
                    stack: stack.to_owned(),
                    logical_id: answer.text("LogicalResourceId", resource.logical_resource_id())?,
                    // Optional: a resource that has not been created yet has none.
                    physical_id: resource.physical_resource_id().unwrap_or_default().to_owned(),
                    resource_type: answer.text("ResourceType", resource.resource_type())?,
                });
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(resources);
            }
        }
    }
}

fn state(stack: &types::Stack) -> Result<StackState, CallError> {
    let answer = Answer("DescribeStacks");
    let time = |time: &DateTime| Timestamp::from_second(time.secs()).ok();
    let drift = stack.drift_information();
    let outputs = stack.outputs().iter().map(|output| {
        let key = answer.text("OutputKey", output.output_key())?;
        Ok((key, answer.any("OutputValue", output.output_value())?.to_owned()))
    });
    Ok(StackState {
        stack_name: answer.text("StackName", stack.stack_name())?,
        status: answer
            .text("StackStatus", stack.stack_status().map(aws_sdk_cloudformation::types::StackStatus::as_str))?,
        status_reason: stack.stack_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        changed_at: stack.last_updated_time().or(stack.creation_time()).and_then(time),
        drift: drift
            .and_then(|drift| drift.stack_drift_status())
            .map_or_else(|| "NOT_CHECKED".to_owned(), |status| status.as_str().to_owned()),
        drift_checked_at: drift.and_then(|drift| drift.last_check_timestamp()).and_then(time),
        // Documented as optional: a stack for which it was never set is not protected.
        termination_protection: stack.enable_termination_protection().unwrap_or_default(),
        outputs: outputs.collect::<Result<_, CallError>>()?,
    })
}
