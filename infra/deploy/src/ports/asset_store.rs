//! The port to the assets bucket, and what goes into it. Refuses to overwrite: a key is the hash of its content.

use std::fs::File;

use aws_access::CallError;

/// The assets bucket of one account and region, as the flow needs it.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait AssetStore {
    /// The bucket's name.
    fn bucket(&self) -> &str;

    /// The account it has to belong to.
    fn account(&self) -> &str;

    /// Address of an object, for CloudFormation's TemplateURL.
    fn url(&self, key: &str) -> String;

    /// Makes the bucket when it is absent, and finishes one whose making was interrupted.
    async fn ensure_bucket(&self) -> Result<BucketState, CallError>;

    /// Whether an object with this key is there.
    async fn contains(&self, key: &str) -> Result<bool, CallError>;

    /// Uploads an object.
    async fn put(&self, key: &str, content_type: &str, bytes: &[u8]) -> Result<(), CallError>;

    /// Uploads the whole of a file, which is sent as it is read.
    async fn put_file(&self, key: &str, content_type: &str, file: &File) -> Result<(), CallError>;
}

/// What was found, or made, in place of the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketState {
    /// It was there.
    Present,
    /// It was made now.
    Created,
    /// Somebody else owns it.
    Foreign,
}
