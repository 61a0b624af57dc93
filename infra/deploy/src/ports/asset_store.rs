//! The port to the assets bucket, and what is uploaded to it. Never overwrites: a key has the hash of its content.

use std::fs::File;

use aws_access::CallError;

use crate::Sha256;

/// One stage's part of the assets bucket of an account and region, as the flow needs it.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait AssetStore {
    /// The bucket's name.
    fn bucket(&self) -> &str;

    /// The stage: the first segment of every key.
    fn stage(&self) -> &str;

    /// The account it has to belong to.
    fn account(&self) -> &str;

    /// URL of an object, for CloudFormation's TemplateURL.
    fn url(&self, key: &str) -> String;

    /// Creates the bucket if it does not exist, and completes one whose creation was interrupted.
    async fn ensure_bucket(&self) -> Result<BucketState, CallError>;

    /// What S3 says about the object with this key, without its content.
    async fn stored(&self, key: &str) -> Result<Stored, CallError>;

    /// Uploads an object if no object has its key, and has S3 refuse other bytes than those of its SHA-256.
    async fn put(&self, object: Object<'_>) -> Result<Written, CallError>;
}

/// An object to upload.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Where.
    pub key: &'a str,
    /// Its media type.
    pub content_type: &'a str,
    /// Of the whole body.
    pub sha256: Sha256,
    /// The content.
    pub body: Body<'a>,
}

/// The content of an object.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// This file from its start, streamed.
    File(&'a File),
}

/// What S3 says about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// There is none.
    Absent,
    /// There is one.
    Present {
        /// The SHA-256 that S3 computed when it was written, in S3's notation: Base64, and for an object of several parts another form. `None` when
        /// the writer did not ask for one.
        sha256: Option<String>,
    },
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The object is there now.
    Created,
    /// An object with this key was there; nothing was written.
    Exists,
}

/// The state of the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketState {
    /// It existed.
    Present,
    /// It was created now.
    Created,
    /// It does not exist, and the credentials may not create it.
    Missing,
    /// Another account owns it.
    Foreign,
}
