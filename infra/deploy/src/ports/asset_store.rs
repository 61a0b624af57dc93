//! The port to the assets bucket, and what is uploaded to it. Never overwrites: a key is the hash of its content.

use std::fs::File;

use aws_access::CallError;

/// The assets bucket of one account and region, as the flow needs it.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait AssetStore {
    /// The bucket's name.
    fn bucket(&self) -> &str;

    /// The account it has to belong to.
    fn account(&self) -> &str;

    /// URL of an object, for CloudFormation's TemplateURL.
    fn url(&self, key: &str) -> String;

    /// Creates the bucket if it does not exist, and completes one whose creation was interrupted.
    async fn ensure_bucket(&self) -> Result<BucketState, CallError>;

    /// Whether an object with this key exists.
    async fn contains(&self, key: &str) -> Result<bool, CallError>;

    /// Uploads an object.
    async fn put(&self, key: &str, content_type: &str, bytes: &[u8]) -> Result<(), CallError>;

    /// Uploads a file, which is streamed.
    async fn put_file(&self, key: &str, content_type: &str, file: &File) -> Result<(), CallError>;
}

/// The state of the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketState {
    /// It existed.
    Present,
    /// It was created now.
    Created,
    /// Another account owns it.
    Foreign,
}
