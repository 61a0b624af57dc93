//! Functions and event source mappings from Lambda, and invocations.

use aws_access::{Answer, CallError, call_error};
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::Value;

use super::{AwsCloud, absent};
use crate::{FunctionState, Functions, Invoked, Invoking, MappingState};

impl Functions for AwsCloud {
    async fn function(&self, name: &str) -> Result<Option<FunctionState>, CallError> {
        let configuration = self.lambda.get_function_configuration().function_name(name).send();
        let concurrency = self.lambda.get_function_concurrency().function_name(name).send();
        let (configuration, concurrency) = tokio::join!(configuration, concurrency);
        let function = match configuration {
            Ok(function) => function,
            Err(error) => return absent(call_error("GetFunctionConfiguration", error)),
        };
        let reserved = concurrency.map_err(|error| call_error("GetFunctionConcurrency", error))?;
        // Optional: a function without a reported state can be invoked.
        let state = function.state().map_or("Active", |state| state.as_str());
        let update = function.last_update_status().map(aws_sdk_lambda::types::LastUpdateStatus::as_str);
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let reason = match (state, update) {
            ("Active", Some("Failed")) => text(function.last_update_status_reason()),
            ("Active", _) => None,
            _ => text(function.state_reason()),
        };
        let number = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
        let answer = Answer("GetFunctionConfiguration");
        Ok(Some(FunctionState {
            state: state.to_owned(),
            reason,
            last_modified: function.last_modified().and_then(modified),
            memory_mb: answer.count("MemorySize", function.memory_size())?,
            timeout_seconds: answer.count("Timeout", function.timeout())?,
            reserved_concurrency: number(reserved.reserved_concurrent_executions()),
            dead_letter_target: text(function.dead_letter_config().and_then(|config| config.target_arn())),
            log_group: text(function.logging_config().and_then(|logging| logging.log_group()))
                .unwrap_or_else(|| format!("/aws/lambda/{name}")),
        }))
    }

    async fn mapping(&self, uuid: &str) -> Result<Option<MappingState>, CallError> {
        let mapping = match self.lambda.get_event_source_mapping().uuid(uuid).send().await {
            Ok(mapping) => mapping,
            Err(error) => return absent(call_error("GetEventSourceMapping", error)),
        };
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let number = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
        let answer = Answer("GetEventSourceMapping");
        let function = answer.text("FunctionArn", mapping.function_arn())?;
        Ok(Some(MappingState {
            state: answer.text("State", mapping.state())?,
            reason: text(mapping.state_transition_reason()),
            last_result: text(mapping.last_processing_result()),
            // Optional: a source that AWS does not manage has no ARN.
            source_arn: mapping.event_source_arn().unwrap_or_default().to_owned(),
            // arn:aws:lambda:REGION:ACCOUNT:function:NAME, sometimes with a qualifier.
            function: function.split(':').nth(6).unwrap_or(&function).to_owned(),
            batch_size: number(mapping.batch_size()),
            max_concurrency: number(
                mapping.scaling_config().and_then(aws_sdk_lambda::types::ScalingConfig::maximum_concurrency),
            ),
        }))
    }
}

impl Invoking for AwsCloud {
    async fn invoke(&self, function: &str, event: &Value) -> Result<Invoked, CallError> {
        let call = self.lambda.invoke().function_name(function).payload(Blob::new(event.to_string()));
        let answer = call.send().await.map_err(|error| call_error("Invoke", error))?;
        // Optional: absent when the function succeeded.
        let is_error = answer.function_error().is_some();
        Ok(Invoked { payload: answer.payload.map(Blob::into_inner).unwrap_or_default(), is_error })
    }
}

/// AWS writes `2026-11-22T01:02:03.000+0000`, other clouds the usual form.
fn modified(time: &str) -> Option<Timestamp> {
    let of_aws = || jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", time).ok()?.to_timestamp().ok();
    time.parse().ok().or_else(of_aws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_both_forms() {
        let time = "2026-11-22T01:02:03.5Z".parse().ok();
        for text in ["2026-11-22T01:02:03.500+0000", "2026-11-22T01:02:03.500Z"] {
            assert_eq!(modified(text), time, "{text}");
        }
        assert_eq!(modified("yesterday"), None);
    }
}
