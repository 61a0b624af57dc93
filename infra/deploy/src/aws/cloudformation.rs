//! CloudFormation through the AWS SDK, call by call. Never waits forever, and rejects responses without the fields that AWS
//! always returns.

use std::time::Duration;

use aws_access::{Answer, CallError, CallErrorKind, call_error};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::timeout::TimeoutConfig;
use aws_sdk_cloudformation::types::{self, Capability, ChangeSetType, ExecutionStatus, Parameter, Tag, TemplateStage};

use super::next_page;
use super::resource_change::resource_change;
use crate::{
    ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation, EventsPage,
    StackDescription, StackEvent, StackResource, TemplateLocation,
};

/// The CloudFormation of one account and region.
#[derive(Debug, Clone)]
pub struct AwsCloudFormation {
    client: Client,
}

impl AwsCloudFormation {
    /// Uses a connection's configuration. Every call ends within 90 s, an attempt within 30 s.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_secs(90))
            .build();
        let config = aws_sdk_cloudformation::config::Builder::from(config).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config) }
    }
}

impl CloudFormation for AwsCloudFormation {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError> {
        let answer = match self.client.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = call_error("DescribeStacks", error);
                return if error.is_absent_stack() { Ok(None) } else { Err(error) };
            }
        };
        // For a name or an id, the response is one stack or the error above.
        Answer("DescribeStacks").any("Stacks", answer.stacks().first()).and_then(description).map(Some)
    }

    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<(String, String), CallError> {
        let parameter =
            |(name, value): &(String, String)| Parameter::builder().parameter_key(name).parameter_value(value).build();
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
        let call = self
            .client
            .create_change_set()
            .stack_name(&request.stack_name)
            .change_set_name(&request.name)
            .client_token(&request.token)
            .change_set_type(match request.kind {
                ChangeSetKind::Create => ChangeSetType::Create,
                ChangeSetKind::Update => ChangeSetType::Update,
            })
            // Roles with fixed names; the templates are ours and reviewed.
            .capabilities(Capability::CapabilityNamedIam)
            .set_include_nested_stacks(request.nested.then_some(true))
            .set_import_existing_resources(request.import_existing.then_some(true))
            .set_role_arn(request.role_arn.clone())
            .set_parameters(Some(request.parameters.iter().map(parameter).collect()))
            .set_tags(Some(request.tags.iter().map(tag).collect()));
        let call = match &request.template {
            TemplateLocation::Body(body) => call.template_body(body),
            TemplateLocation::Url(url) => call.template_url(url),
        };
        let answer = call.send().await.map_err(|error| call_error("CreateChangeSet", error))?;
        let ids = Answer("CreateChangeSet");
        Ok((ids.text("Id", answer.id())?, ids.text("StackId", answer.stack_id())?))
    }

    async fn describe_change_set(
        &self,
        stack: Option<&str>,
        change_set: &str,
        values: bool,
        next: Option<&str>,
    ) -> Result<ChangeSetPage, CallError> {
        let call = self.client.describe_change_set().change_set_name(change_set).include_property_values(values);
        let call = call.set_stack_name(stack.map(str::to_owned)).set_next_token(next.map(str::to_owned));
        let page = call.send().await.map_err(|error| call_error("DescribeChangeSet", error))?;
        let answer = Answer("DescribeChangeSet");
        let status = answer.text("Status", page.status().map(|status| status.as_str()))?;
        // Present only where there is something to say.
        let reason = page.status_reason().unwrap_or_default();
        let changes = page.changes().iter().filter_map(|change| change.resource_change()).map(resource_change);
        Ok(ChangeSetPage {
            id: answer.text("ChangeSetId", page.change_set_id())?,
            stack_id: answer.text("StackId", page.stack_id())?,
            status: ChangeSetStatus::of(&status, reason),
            is_executable: page.execution_status() == Some(&ExecutionStatus::Available),
            reason: reason.to_owned(),
            changes: changes.collect::<Result<_, _>>()?,
            next: next_page(page.next_token()),
        })
    }

    async fn list_change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>, CallError> {
        let mut summaries = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.list_change_sets().stack_name(stack).set_next_token(next);
            let page = match call.send().await.map_err(|error| call_error("ListChangeSets", error)) {
                Err(error) if error.is_absent_stack() => return Ok(summaries),
                page => page?,
            };
            let answer = Answer("ListChangeSets");
            for summary in page.summaries() {
                let name = answer.text("ChangeSetName", summary.change_set_name())?;
                let created_ms = answer.time_ms("CreationTime", summary.creation_time())?;
                summaries.push(ChangeSetSummary { name, created_ms });
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(summaries);
            }
        }
    }

    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError> {
        let call = self.client.execute_change_set().change_set_name(change_set_id).client_request_token(token);
        begun(call.send().await.map_err(|error| call_error("ExecuteChangeSet", error)))
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        let call = self.client.delete_change_set().stack_name(stack).change_set_name(name);
        match call.send().await.map_err(|error| call_error("DeleteChangeSet", error)) {
            Err(error) if error.is_absent_stack() || error.kind == CallErrorKind::NotFound => Ok(()),
            deleted => deleted.map(|_| ()),
        }
    }

    async fn delete_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError> {
        let call = self.client.delete_stack().stack_name(stack_id).client_request_token(token);
        let call = call.set_role_arn(role_arn.map(str::to_owned));
        begun(call.send().await.map_err(|error| call_error("DeleteStack", error)))
    }

    async fn cancel_update_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError> {
        let call = self.client.cancel_update_stack().stack_name(stack_id).client_request_token(token);
        begun(call.send().await.map_err(|error| call_error("CancelUpdateStack", error)))
    }

    async fn rollback_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError> {
        let call = self.client.rollback_stack().stack_name(stack_id).client_request_token(token);
        let call = call.set_role_arn(role_arn.map(str::to_owned));
        begun(call.send().await.map_err(|error| call_error("RollbackStack", error)))
    }

    async fn continue_update_rollback(
        &self,
        stack_id: &str,
        skip: &[String],
        role_arn: Option<&str>,
        token: &str,
    ) -> Result<(), CallError> {
        let call = self.client.continue_update_rollback().stack_name(stack_id).client_request_token(token);
        let call = call.set_role_arn(role_arn.map(str::to_owned));
        let call = call.set_resources_to_skip((!skip.is_empty()).then(|| skip.to_vec()));
        begun(call.send().await.map_err(|error| call_error("ContinueUpdateRollback", error)))
    }

    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError> {
        let call = self.client.describe_stack_events().stack_name(stack_id).set_next_token(next.map(str::to_owned));
        let page = call.send().await.map_err(|error| call_error("DescribeStackEvents", error))?;
        // A hook's event may have no resource status, and then it is not part of the stack's history.
        let is_status = |event: &&types::StackEvent| event.resource_status().is_some() || event.hook_type().is_none();
        let events = page.stack_events().iter().filter(is_status).map(stack_event);
        Ok(EventsPage { events: events.collect::<Result<_, _>>()?, next: next_page(page.next_token()) })
    }

    async fn list_stack_resources(&self, stack: &str) -> Result<Vec<StackResource>, CallError> {
        let mut resources = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("ListStackResources", error))?;
            for resource in page.stack_resource_summaries() {
                resources.push(stack_resource(resource)?);
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(resources);
            }
        }
    }

    async fn get_template(&self, stack: &str) -> Result<String, CallError> {
        let call = self.client.get_template().stack_name(stack).template_stage(TemplateStage::Original);
        let answer = call.send().await.map_err(|error| call_error("GetTemplate", error))?;
        Answer("GetTemplate").text("TemplateBody", answer.template_body())
    }

    async fn get_stack_policy(&self, stack: &str) -> Result<Option<String>, CallError> {
        let call = self.client.get_stack_policy().stack_name(stack);
        let answer = call.send().await.map_err(|error| call_error("GetStackPolicy", error))?;
        Ok(answer.stack_policy_body().filter(|policy| !policy.is_empty()).map(str::to_owned))
    }

    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<(), CallError> {
        let call = self.client.set_stack_policy().stack_name(stack).stack_policy_body(policy);
        call.send().await.map_err(|error| call_error("SetStackPolicy", error))?;
        Ok(())
    }

    async fn update_termination_protection(&self, stack: &str, enabled: bool) -> Result<(), CallError> {
        let call = self.client.update_termination_protection().stack_name(stack);
        let call = call.enable_termination_protection(enabled);
        call.send().await.map_err(|error| call_error("UpdateTerminationProtection", error))?;
        Ok(())
    }
}

/// Parameters, outputs and tags may have empty values, but never missing ones.
fn description(stack: &types::Stack) -> Result<StackDescription, CallError> {
    let answer = Answer("DescribeStacks");
    let value = |field, value: Option<&str>| answer.any(field, value).map(str::to_owned);
    let outputs = stack.outputs().iter().map(|output| {
        Ok((answer.text("OutputKey", output.output_key())?, value("OutputValue", output.output_value())?))
    });
    let parameters = stack.parameters().iter().map(|parameter| {
        let resolved = parameter.resolved_value().or(parameter.parameter_value());
        Ok((answer.text("ParameterKey", parameter.parameter_key())?, value("ParameterValue", resolved)?))
    });
    let tags = stack.tags().iter().map(|tag| Ok((answer.text("Key", tag.key())?, value("Value", tag.value())?)));
    Ok(StackDescription {
        stack_id: answer.text("StackId", stack.stack_id())?,
        status: answer.text("StackStatus", stack.stack_status().map(|status| status.as_str()))?,
        status_reason: stack.stack_status_reason().map(str::to_owned),
        outputs: outputs.collect::<Result<_, CallError>>()?,
        parameters: parameters.collect::<Result<_, CallError>>()?,
        tags: tags.collect::<Result<_, CallError>>()?,
        // Documented as optional: a stack for which it was never set is not protected.
        termination_protection: stack.enable_termination_protection().unwrap_or_default(),
    })
}

/// Physical id and reason are documented as optional: before the resource exists, or when there is nothing to say.
fn stack_event(event: &types::StackEvent) -> Result<StackEvent, CallError> {
    let answer = Answer("DescribeStackEvents");
    Ok(StackEvent {
        event_id: answer.text("EventId", event.event_id())?,
        timestamp_ms: answer.time_ms("Timestamp", event.timestamp())?,
        logical_id: answer.text("LogicalResourceId", event.logical_resource_id())?,
        physical_id: event.physical_resource_id().unwrap_or_default().to_owned(),
        resource_type: answer.text("ResourceType", event.resource_type())?,
        status: answer.text("ResourceStatus", event.resource_status().map(|status| status.as_str()))?,
        reason: event.resource_status_reason().unwrap_or_default().to_owned(),
        token: event.client_request_token().map(str::to_owned),
    })
}

/// Physical id and reason are optional, as for events.
fn stack_resource(resource: &types::StackResourceSummary) -> Result<StackResource, CallError> {
    let answer = Answer("ListStackResources");
    Ok(StackResource {
        logical_id: answer.text("LogicalResourceId", resource.logical_resource_id())?,
        physical_id: resource.physical_resource_id().unwrap_or_default().to_owned(),
        resource_type: answer.text("ResourceType", resource.resource_type())?,
        status: answer.text("ResourceStatus", resource.resource_status().map(|status| status.as_str()))?,
        reason: resource.resource_status_reason().unwrap_or_default().to_owned(),
    })
}

/// A token belongs to one call and its retries: if it is already known, a response got lost and the operation has begun.
fn begun<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if matches!(error.code.as_deref(), Some("TokenAlreadyExistsException" | "TokenAlreadyExists")) => {
            Ok(())
        }
        answer => answer.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_known_says_that_the_operation_has_begun_and_no_other_refusal_does() {
        let refused = |code: &str| {
            let (code, message) = (Some(code.to_owned()), String::new());
            let kind = CallErrorKind::Invalid;
            Err::<(), _>(CallError { operation: "DeleteStack", code, message, kind, source: None })
        };
        assert!(begun(refused("TokenAlreadyExistsException")).is_ok());
        assert!(begun(refused("ValidationError")).is_err());
    }
}
