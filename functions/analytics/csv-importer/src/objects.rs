//! Objects in S3: exactly the version that a notification names, from any byte on. The key's newest version may be another one by now.

use std::error::Error;

use analytics_core::CreatedObject;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};

/// What is known of an object without reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    pub bytes: u64,
    /// Of the metadata `upload-id`.
    pub upload_id: Option<String>,
    /// Of the metadata `dry-run`.
    pub dry_run: bool,
}

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is not there, or not any more.
    #[error("the version {version} of {key:?} does not exist in {bucket}")]
    Gone { bucket: String, key: String, version: String },
    /// S3 failed, or the connection to it.
    #[error("reading {key:?} in {bucket}")]
    Failed { bucket: String, key: String, source: Box<dyn Error + Send + Sync> },
}

/// Reads objects.
pub trait Objects {
    type Body: Body;

    fn head(&self, object: &CreatedObject) -> impl Future<Output = Result<Head, ObjectError>>;

    /// From this byte to the end.
    fn open(&self, object: &CreatedObject, from: u64) -> impl Future<Output = Result<Self::Body, ObjectError>>;
}

/// The bytes of an object.
pub trait Body {
    /// The next ones, at the end none.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, ObjectError>>;
}

/// Objects in S3.
#[derive(Debug, Clone)]
pub struct Uploads(Client);

impl Uploads {
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

/// Versions of objects that have none: of buckets without versions, and those from before versions were switched on.
fn version_id(object: &CreatedObject) -> Option<String> {
    object.version_id.clone().filter(|version| !version.is_empty() && version != "null")
}

/// Without a version id, the entity tag tells whether it is still the same object.
fn if_match(object: &CreatedObject) -> Option<String> {
    let tag = object.e_tag.as_ref().filter(|_| version_id(object).is_none());
    tag.map(|tag| format!("\"{}\"", tag.trim_matches('"')))
}

fn failed<E>(object: &CreatedObject, error: SdkError<E>) -> ObjectError
where
    E: Error + Send + Sync + ProvideErrorMetadata + 'static,
{
    let (bucket, key) = (object.bucket.clone(), object.key.clone());
    let status = error.raw_response().map(|response| response.status().as_u16());
    // Without permission to list the bucket, S3 answers 403 for what does not exist; that permission is granted, so 403 is a fault of ours.
    match status {
        Some(404 | 405 | 412) => ObjectError::Gone { bucket, key, version: object.version().to_owned() },
        _ => ObjectError::Failed { bucket, key, source: error.into() },
    }
}

impl Objects for Uploads {
    type Body = Reading;

    async fn head(&self, object: &CreatedObject) -> Result<Head, ObjectError> {
        let call = self.0.head_object().bucket(&object.bucket).key(&object.key);
        let call = call.set_version_id(version_id(object)).set_if_match(if_match(object));
        let answer = call.send().await.map_err(|error| failed(object, error))?;
        let metadata = |name: &str| answer.metadata().and_then(|metadata| metadata.get(name)).cloned();
        Ok(Head {
            bytes: answer.content_length().map_or(0, i64::cast_unsigned),
            upload_id: metadata(analytics_contract::UPLOAD_ID_METADATA),
            dry_run: metadata(analytics_contract::DRY_RUN_METADATA).is_some_and(|value| value == "true"),
        })
    }

    async fn open(&self, object: &CreatedObject, from: u64) -> Result<Reading, ObjectError> {
        let call = self.0.get_object().bucket(&object.bucket).key(&object.key);
        let call = call.set_version_id(version_id(object)).set_if_match(if_match(object));
        let call = call.set_range((from > 0).then(|| format!("bytes={from}-")));
        let answer = call.send().await.map_err(|error| failed(object, error))?;
        // A server may answer with the whole object, as the emulator does for a version: then what was read before is skipped.
        let skip = if answer.content_range().is_some() { 0 } else { from };
        Ok(Reading { bucket: object.bucket.clone(), key: object.key.clone(), body: answer.body, skip })
    }
}

/// An object's bytes as they arrive.
#[derive(Debug)]
pub struct Reading {
    bucket: String,
    key: String,
    body: ByteStream,
    /// Bytes before the first that is wanted.
    skip: u64,
}

impl Body for Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        let failed = |source: Box<dyn Error + Send + Sync>| ObjectError::Failed {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            source,
        };
        while let Some(mut bytes) = self.body.try_next().await.map_err(|error| failed(error.into()))? {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= skipped as u64;
            bytes.advance(skipped);
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_whole_object_what_was_read_before_is_skipped() {
        for (skip, expected) in [(0, "abcdef"), (2, "cdef"), (6, ""), (9, "")] {
            let (bucket, key, body) = (String::new(), String::new(), ByteStream::from_static(b"abcdef"));
            let mut reading = Reading { bucket, key, body, skip };
            let mut text = Vec::new();
            while let Some(bytes) = reading.next().await.expect("readable") {
                text.extend_from_slice(&bytes);
            }
            assert_eq!(text, expected.as_bytes(), "{skip}");
        }
    }
}
