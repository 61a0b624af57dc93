//! An account as the doctor sees it: only whether a deployment would be possible.

use std::time::SystemTime;

use aws_access::{Answer, CallError, CallErrorKind, Ec2, call_error};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use jiff::Timestamp;

use super::next_page;
use crate::doctor::{Account, Identity};
use crate::vpc::{Endpoints, Vpc};

/// The account of a configuration; nothing is called before the first check.
#[derive(Debug, Clone)]
pub struct AwsAccount {
    config: SdkConfig,
}

impl AwsAccount {
    /// Uses a configuration whose credentials may be missing or wrong.
    pub fn new(config: SdkConfig) -> Self {
        Self { config }
    }
}

impl Account for AwsAccount {
    async fn identity(&self) -> Result<Identity, CallError> {
        let denied = |message: &str, source| CallError {
            operation: "GetCallerIdentity",
            code: None,
            message: message.to_owned(),
            kind: CallErrorKind::Unsigned,
            source,
        };
        let provider = self.config.credentials_provider().ok_or_else(|| denied("no credentials are set", None))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| denied("no credentials were found", Some(error.into())))?;
        let expires_at = credentials.expiry().and_then(|end| {
            let end = end.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
        });
        // Without a region there is no endpoint to call; the region check reports that.
        if self.config.region().is_none() {
            return Ok(Identity { arn: format!("access key {}", credentials.access_key_id()), expires_at });
        }
        let answer = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let answer = answer.map_err(|error| call_error("GetCallerIdentity", error))?;
        Ok(Identity { arn: Answer("GetCallerIdentity").text("Arn", answer.arn())?, expires_at })
    }

    async fn stacks(&self) -> Result<u64, CallError> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let (mut stacks, mut next) = (0, None::<String>);
        loop {
            let page = client.list_stacks().set_next_token(next).send().await;
            let page = page.map_err(|error| call_error("ListStacks", error))?;
            for stack in page.stack_summaries() {
                let status = stack.stack_status().map(aws_sdk_cloudformation::types::StackStatus::as_str);
                let is_there = Answer("ListStacks").text("StackStatus", status)? != "DELETE_COMPLETE";
                stacks += u64::from(is_there);
            }
            next = next_page(page.next_token());
            if next.is_none() {
                return Ok(stacks);
            }
        }
    }

    async fn vpc(&self, vpc_id: &str, endpoints: &Endpoints) -> Result<Vpc, CallError> {
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        Vpc::read(&Ec2::new(&self.config), &region, vpc_id, endpoints).await
    }

    async fn concurrency(&self) -> Result<u64, CallError> {
        let answer = aws_sdk_lambda::Client::new(&self.config).get_account_settings().send().await;
        let answer = answer.map_err(|error| call_error("GetAccountSettings", error))?;
        let most = answer.account_limit().map(|limit| limit.concurrent_executions());
        let most = Answer("GetAccountSettings").any("ConcurrentExecutions", most)?;
        Ok(u64::try_from(most).unwrap_or_default())
    }

    async fn quota(&self, service: &str, code: &str) -> Result<f64, CallError> {
        let client = aws_sdk_servicequotas::Client::new(&self.config);
        let applied = client.get_service_quota().service_code(service).quota_code(code).send().await;
        let quota = match applied.map_err(|error| call_error("GetServiceQuota", error)) {
            Ok(applied) => applied.quota,
            // An increase was never requested, so the default applies.
            Err(error) if error.kind == CallErrorKind::NotFound => {
                let default =
                    client.get_aws_default_service_quota().service_code(service).quota_code(code).send().await;
                default.map_err(|error| call_error("GetAWSDefaultServiceQuota", error))?.quota
            }
            Err(error) => return Err(error),
        };
        Answer("GetServiceQuota").any("Value", quota.and_then(|quota| quota.value))
    }
}
