//! CloudFormation through the AWS SDK. Refuses nothing, but to wait forever: every call is passed on as it is.

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::timeout::TimeoutConfig;
use aws_sdk_cloudformation::types::{Capability, ChangeSetType, ExecutionStatus, Parameter, Tag, TemplateStage};

use super::call_error;
use super::changes::resource_change;
use crate::{
    CallError, ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation,
    EventsPage, StackDescription, StackEvent, StackResource, TemplateLocation,
};

/// The CloudFormation of one account and region.
#[derive(Debug, Clone)]
pub struct AwsCloudFormation {
    client: Client,
}

impl AwsCloudFormation {
    /// Over a connection's configuration. Every call is answered or given up within 90 s, an attempt within 30 s.
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
                return if is_absent(&error) { Ok(None) } else { Err(error) };
            }
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(answer.stacks().first().map(|stack| StackDescription {
            stack_id: text(stack.stack_id()),
            status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            status_reason: stack.stack_status_reason().map(str::to_owned),
            outputs: (stack.outputs().iter())
                .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
                .collect(),
            parameters: (stack.parameters().iter())
                .map(|parameter| {
                    let value = parameter.resolved_value().or(parameter.parameter_value());
                    (text(parameter.parameter_key()), text(value))
                })
                .collect(),
            tags: stack.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect(),
            termination_protection: stack.enable_termination_protection().unwrap_or_default(),
        }))
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
            // Roles with names of their own; the templates are ours and reviewed.
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
        Ok((answer.id().unwrap_or_default().to_owned(), answer.stack_id().unwrap_or_default().to_owned()))
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
        let status = page.status().map(|status| status.as_str()).unwrap_or_default();
        let reason = page.status_reason().unwrap_or_default();
        Ok(ChangeSetPage {
            id: page.change_set_id().unwrap_or_default().to_owned(),
            stack_id: page.stack_id().unwrap_or_default().to_owned(),
            status: ChangeSetStatus::of(status, reason),
            is_executable: page.execution_status() == Some(&ExecutionStatus::Available),
            reason: reason.to_owned(),
            changes: page.changes().iter().filter_map(|change| change.resource_change()).map(resource_change).collect(),
            next: token(page.next_token()),
        })
    }

    async fn list_change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>, CallError> {
        let mut summaries = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.list_change_sets().stack_name(stack).set_next_token(next);
            let page = match call.send().await.map_err(|error| call_error("ListChangeSets", error)) {
                Err(error) if is_absent(&error) => return Ok(summaries),
                page => page?,
            };
            summaries.extend(page.summaries().iter().map(|summary| ChangeSetSummary {
                name: summary.change_set_name().unwrap_or_default().to_owned(),
                created_ms: summary.creation_time().and_then(|time| time.to_millis().ok()).unwrap_or_default(),
            }));
            next = token(page.next_token());
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
            Err(error) if is_absent(&error) || error.code.as_deref() == Some("ChangeSetNotFound") => Ok(()),
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
        let events = page.stack_events().iter().map(|event| StackEvent {
            event_id: event.event_id().unwrap_or_default().to_owned(),
            timestamp_ms: event.timestamp().and_then(|time| time.to_millis().ok()).unwrap_or_default(),
            logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
            physical_id: event.physical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: event.resource_status_reason().unwrap_or_default().to_owned(),
            token: event.client_request_token().map(str::to_owned),
        });
        Ok(EventsPage { events: events.collect(), next: token(page.next_token()) })
    }

    async fn list_stack_resources(&self, stack: &str) -> Result<Vec<StackResource>, CallError> {
        let mut resources = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("ListStackResources", error))?;
            resources.extend(page.stack_resource_summaries().iter().map(|resource| StackResource {
                logical_id: resource.logical_resource_id().unwrap_or_default().to_owned(),
                physical_id: resource.physical_resource_id().unwrap_or_default().to_owned(),
                resource_type: resource.resource_type().unwrap_or_default().to_owned(),
                status: resource.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                reason: resource.resource_status_reason().unwrap_or_default().to_owned(),
            }));
            next = token(page.next_token());
            if next.is_none() {
                return Ok(resources);
            }
        }
    }

    async fn get_template(&self, stack: &str) -> Result<String, CallError> {
        let call = self.client.get_template().stack_name(stack).template_stage(TemplateStage::Original);
        let answer = call.send().await.map_err(|error| call_error("GetTemplate", error))?;
        Ok(answer.template_body().unwrap_or_default().to_owned())
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

/// The one way in which CloudFormation says that there is no such stack.
fn is_absent(error: &CallError) -> bool {
    error.code.as_deref() == Some("ValidationError") && error.message.contains("does not exist")
}

/// A token belongs to one call and its repetitions: when it is known, an answer got lost and what was asked for has begun.
fn begun<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if error.code.as_deref().is_some_and(|code| code.starts_with("TokenAlreadyExists")) => Ok(()),
        answer => answer.map(drop),
    }
}

fn token(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallErrorKind;

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
