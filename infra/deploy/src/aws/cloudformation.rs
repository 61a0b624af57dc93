//! CloudFormation through the AWS SDK. Refuses nothing: every call is passed on as it is.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetType, Parameter, Tag};

use super::call_error;
use crate::{
    CallError, ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudFormation, EventsPage,
    StackDescription, StackEvent, TemplateLocation,
};

/// The CloudFormation of one account and region.
#[derive(Debug, Clone)]
pub struct AwsCloudFormation {
    client: Client,
}

impl AwsCloudFormation {
    /// Over a connection's configuration.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl CloudFormation for AwsCloudFormation {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError> {
        let answer = match self.client.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = call_error("DescribeStacks", error);
                // The one way in which it says that there is none.
                let is_absent =
                    error.code.as_deref() == Some("ValidationError") && error.message.contains("does not exist");
                return if is_absent { Ok(None) } else { Err(error) };
            }
        };
        Ok(answer.stacks().first().map(|stack| StackDescription {
            stack_id: stack.stack_id().unwrap_or_default().to_owned(),
            status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            status_reason: stack.stack_status_reason().map(str::to_owned),
            outputs: (stack.outputs().iter())
                .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
                .collect(),
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
            .set_parameters(Some(request.parameters.iter().map(parameter).collect()))
            .set_tags(Some(request.tags.iter().map(tag).collect()));
        let call = match &request.template {
            TemplateLocation::Body(body) => call.template_body(body),
            TemplateLocation::Url(url) => call.template_url(url),
        };
        let answer = call.send().await.map_err(|error| call_error("CreateChangeSet", error))?;
        Ok((answer.id().unwrap_or_default().to_owned(), answer.stack_id().unwrap_or_default().to_owned()))
    }

    async fn describe_change_set(&self, change_set_id: &str) -> Result<ChangeSet, CallError> {
        let mut changes = 0;
        let mut next: Option<String> = None;
        loop {
            let call = self.client.describe_change_set().change_set_name(change_set_id).set_next_token(next);
            let page = call.send().await.map_err(|error| call_error("DescribeChangeSet", error))?;
            changes += page.changes().len();
            next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                let status = page.status().map(|status| status.as_str()).unwrap_or_default();
                let status = ChangeSetStatus::of(status, page.status_reason().unwrap_or_default());
                return Ok(ChangeSet { status, changes });
            }
        }
    }

    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError> {
        let call = self.client.execute_change_set().change_set_name(change_set_id).client_request_token(token);
        call.send().await.map_err(|error| call_error("ExecuteChangeSet", error))?;
        Ok(())
    }

    async fn delete_change_set(&self, change_set_id: &str) -> Result<(), CallError> {
        let call = self.client.delete_change_set().change_set_name(change_set_id);
        call.send().await.map_err(|error| call_error("DeleteChangeSet", error))?;
        Ok(())
    }

    async fn delete_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError> {
        let call = self.client.delete_stack().stack_name(stack_id).client_request_token(token);
        call.send().await.map_err(|error| call_error("DeleteStack", error))?;
        Ok(())
    }

    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError> {
        let call = self.client.describe_stack_events().stack_name(stack_id).set_next_token(next.map(str::to_owned));
        let page = call.send().await.map_err(|error| call_error("DescribeStackEvents", error))?;
        let events = page.stack_events().iter().map(|event| StackEvent {
            event_id: event.event_id().unwrap_or_default().to_owned(),
            timestamp: event.timestamp().map(|time| time.secs()).unwrap_or_default(),
            logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
            physical_id: event.physical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: event.resource_status_reason().unwrap_or_default().to_owned(),
        });
        Ok(EventsPage { events: events.collect(), next: page.next_token().map(str::to_owned) })
    }
}
