//! The adapters of the ports over the AWS SDK. Decisions belong to the flows. A response that lacks a field that AWS always returns
//! is an error; defaults are used only for what AWS documents as optional.

mod account;
mod cloudformation;
mod lambda;
mod logs;
mod scheduler;
mod sqs;

pub use account::AwsAccount;

use aws_access::{CallError, CallErrorKind};
use aws_config::SdkConfig;

/// All services that a stage is observed through, in one account and region.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    cloudformation: aws_sdk_cloudformation::Client,
    lambda: aws_sdk_lambda::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    scheduler: aws_sdk_scheduler::Client,
    sqs: aws_sdk_sqs::Client,
}

impl AwsCloud {
    /// Uses a connection's configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            scheduler: aws_sdk_scheduler::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }
}

/// `None` if AWS says that there is no such thing.
fn absent<T>(error: CallError) -> Result<Option<T>, CallError> {
    match error.kind {
        CallErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

/// The token of the next page, when there is one.
fn next_page(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
