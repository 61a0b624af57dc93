//! The adapters of the ports over the AWS SDK. Refuses decisions: they are the flows'. An answer that lacks what AWS always gives
//! is an error; a default stands only for what AWS documents as optional.

mod account;
mod cloudformation;
mod lambda;
mod logs;
mod scheduler;
mod sqs;

pub use account::AwsAccount;

use aws_access::{CallError, CallErrorKind};
use aws_config::SdkConfig;

/// Everything that is looked after, of one account and region.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    cloudformation: aws_sdk_cloudformation::Client,
    lambda: aws_sdk_lambda::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    scheduler: aws_sdk_scheduler::Client,
    sqs: aws_sdk_sqs::Client,
}

impl AwsCloud {
    /// Over a connection's configuration.
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

/// `None` where AWS says that there is no such thing.
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
