//! A log group of our own where a service would make one: with a retention, and deleted with its stack.

use cfn::aws_logs::CfnLogGroup;
use cfn::{Handle, IntoValue};

use crate::{Exceptions, RemovalPolicy, Stack, Suppression};

const ENCRYPTED: Suppression = Suppression::checkov(
    "CKV_AWS_158",
    "CloudWatch Logs encrypts all it keeps; a key of our own costs by the month, and secrets are never logged",
);

/// `name` is the one that the service writes to; `retention_days` is one of [`crate::RETENTION_DAYS`].
#[track_caller]
pub(crate) fn log_group(
    stack: &mut Stack,
    id: String,
    name: impl IntoValue<String>,
    retention_days: u32,
) -> Handle<CfnLogGroup> {
    let group = CfnLogGroup::new().log_group_name(name).retention_in_days(retention_days).suppress(ENCRYPTED);
    stack.add(id, RemovalPolicy::Destroy.apply(group))
}
