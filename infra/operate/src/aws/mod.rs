//! The adapters of the ports over the AWS SDK. Refuses decisions: they are the flows'.

mod account;
mod cloudformation;
mod lambda;
mod logs;
mod scheduler;
mod sqs;

pub use account::AwsAccount;

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
fn absent<T>(error: deploy::CallError) -> Result<Option<T>, deploy::CallError> {
    match error.kind {
        deploy::CallErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}
