//! The name of a bucket that others must know before the bucket exists.

use cfn::Value;
use cfn::intrinsics::sub;

/// A bucket's name that is known before the bucket exists: `<name>-<account id>`, since names are unique over all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName(String);

impl BucketName {
    /// `name` without the account, such as `orders-dev`.
    pub fn of_account(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub fn value(&self) -> Value<String> {
        sub(format!("{}-${{AWS::AccountId}}", self.0))
    }

    /// The bucket's ARN without a reference to the bucket, for a policy that must exist before it.
    pub fn arn(&self) -> Value<String> {
        sub(format!("arn:${{AWS::Partition}}:s3:::{}-${{AWS::AccountId}}", self.0))
    }
}
