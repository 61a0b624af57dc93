//! The buckets of stacks, through the AWS SDK. Never touches a bucket of another account.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use aws_access::{Answer, CallError, CallErrorKind, Connection, call_error};

use crate::{BucketEmptier, Emptied};

/// The part of S3 that a deletion needs.
#[derive(Debug, Clone)]
pub struct S3Buckets {
    client: Client,
    account: String,
}

impl S3Buckets {
    /// The buckets of a connection's account.
    pub fn new(connection: &Connection) -> Self {
        let timeouts = aws_sdk_s3::config::timeout::TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(60))
            .build();
        let config = aws_sdk_s3::config::Builder::from(&connection.config)
            .force_path_style(connection.endpoint.is_some())
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config), account: connection.account.clone() }
    }

    /// The first page of versions and delete markers, and whether there are more.
    async fn page(&self, bucket: &str, most: i32) -> Result<(Vec<ObjectIdentifier>, bool), CallError> {
        let call = self.client.list_object_versions().bucket(bucket).expected_bucket_owner(&self.account);
        let page = match call.max_keys(most).send().await.map_err(|error| call_error("ListObjectVersions", error)) {
            Err(error) if error.kind == CallErrorKind::NotFound => return Ok((Vec::new(), false)),
            page => page?,
        };
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let answer = Answer("ListObjectVersions");
        let objects = versions.chain(markers).map(|(key, version)| {
            let (key, version) = (answer.text("Key", key)?, answer.text("VersionId", version)?);
            let object = ObjectIdentifier::builder().key(key).version_id(version).build();
            object.map_err(|_| CallError::incomplete("ListObjectVersions", "Key"))
        });
        let is_truncated = answer.any("IsTruncated", page.is_truncated())?;
        Ok((objects.collect::<Result<_, CallError>>()?, is_truncated))
    }
}

impl BucketEmptier for S3Buckets {
    async fn objects(&self, bucket: &str) -> Result<(usize, bool), CallError> {
        let (objects, more) = self.page(bucket, 1000).await?;
        Ok((objects.len(), more))
    }

    async fn empty_page(&self, bucket: &str) -> Result<Emptied, CallError> {
        let (objects, more) = self.page(bucket, 1000).await?;
        if objects.is_empty() {
            return Ok(Emptied { deleted: 0, refused: Vec::new(), more });
        }
        let count = objects.len();
        let invalid = |message: String| CallError {
            operation: "DeleteObjects",
            code: None,
            message,
            kind: CallErrorKind::Invalid,
            source: None,
        };
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| invalid(error.to_string()))?;
        let call = self.client.delete_objects().bucket(bucket).expected_bucket_owner(&self.account).delete(delete);
        let answer = call.send().await.map_err(|error| call_error("DeleteObjects", error))?;
        let refused = answer.errors().iter().map(|error| {
            let answer = Answer("DeleteObjects");
            let key = answer.text("Key", error.key())?;
            Ok(format!("{key}: {}", answer.text("Code", error.message().or(error.code()))?))
        });
        let refused = refused.collect::<Result<Vec<String>, CallError>>()?;
        Ok(Emptied { deleted: count - refused.len(), refused, more })
    }
}
