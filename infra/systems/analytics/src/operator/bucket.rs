//! The bucket through the AWS SDK. Reads files in pieces, so that memory does not grow with them, and opens them again when a request is
//! repeated.

use std::path::Path;
use std::time::Duration;

use analytics_contract::{DRY_RUN_METADATA, dry_run_key};
use aws_access::{CallError, CallErrorKind, call_error};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use uuid::Uuid;

use super::files::{Content, Outgoing};
use super::sending::{Objects, Part, SentPart};

/// Bytes of a file that are read at a time.
const PIECE: usize = 256 * 1024;
const CONTENT_TYPE: &str = "text/csv";
/// No response may take forever. A part of the largest files takes minutes on a slow line.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The bucket of a stage.
pub(super) struct Bucket {
    client: Client,
    name: String,
    /// Of a dry run, what its keys begin with.
    dry_run: Option<String>,
}

impl Bucket {
    /// Objects that are put into it are only checked if it is a dry run, and stand under keys of their own.
    pub(super) fn new(config: &SdkConfig, name: &str, dry_run: bool) -> Self {
        let timeouts = aws_sdk_s3::config::timeout::TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        // One endpoint for every bucket: a cloud on this machine has no host name per bucket.
        let path_style = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).timeout_config(timeouts);
        Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
            dry_run: dry_run.then(|| Uuid::new_v4().to_string()),
        }
    }

    fn dry_run(&self) -> Option<String> {
        self.dry_run.is_some().then(|| "true".to_owned())
    }

    /// Where the file goes that is about `key`.
    fn key(&self, key: &str) -> String {
        self.dry_run.as_ref().map_or_else(|| key.to_owned(), |id| dry_run_key(id, key))
    }
}

impl Objects for Bucket {
    async fn put(&self, file: &Outgoing) -> Result<String, CallError> {
        let body = match &file.content {
            Content::File { path, .. } => piece(path, 0, file.bytes).await?,
            Content::Text(text) => ByteStream::from(text.clone().into_bytes()),
        };
        let mut call =
            self.client.put_object().bucket(&self.name).key(self.key(&file.key)).content_type(CONTENT_TYPE).body(body);
        if let Some(value) = self.dry_run() {
            call = call.metadata(DRY_RUN_METADATA, value);
        }
        let answer = call.send().await.map_err(|error| call_error("PutObject", error))?;
        version("PutObject", answer.version_id(), answer.e_tag())
    }

    async fn begin(&self, key: &str) -> Result<String, CallError> {
        let call =
            self.client.create_multipart_upload().bucket(&self.name).key(self.key(key)).content_type(CONTENT_TYPE);
        let mut call = call.checksum_algorithm(ChecksumAlgorithm::Crc32);
        if let Some(value) = self.dry_run() {
            call = call.metadata(DRY_RUN_METADATA, value);
        }
        let answer = call.send().await.map_err(|error| call_error("CreateMultipartUpload", error))?;
        aws_access::Answer("CreateMultipartUpload").text("UploadId", answer.upload_id())
    }

    async fn part(&self, file: &Outgoing, id: &str, part: Part) -> Result<SentPart, CallError> {
        let Content::File { path, .. } = &file.content else {
            return Err(unreadable("what is in memory is sent as a whole".into()));
        };
        let body = piece(path, part.from, part.bytes).await?;
        let call = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(self.key(&file.key))
            .upload_id(id)
            .part_number(part.number);
        let call = call.checksum_algorithm(ChecksumAlgorithm::Crc32).body(body);
        let answer = call.send().await.map_err(|error| call_error("UploadPart", error))?;
        let e_tag = aws_access::Answer("UploadPart").text("ETag", answer.e_tag())?;
        // Optional: a cloud that does not check it returns none.
        Ok(SentPart { number: part.number, e_tag, checksum: answer.checksum_crc32 })
    }

    async fn complete(&self, key: &str, id: &str, parts: Vec<SentPart>) -> Result<String, CallError> {
        let part = |part: SentPart| {
            let completed = CompletedPart::builder().part_number(part.number).e_tag(part.e_tag);
            completed.set_checksum_crc32(part.checksum).build()
        };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.into_iter().map(part).collect())).build();
        let call = self.client.complete_multipart_upload().bucket(&self.name).key(self.key(key)).upload_id(id);
        let answer = call.multipart_upload(parts).send().await;
        let answer = answer.map_err(|error| call_error("CompleteMultipartUpload", error))?;
        version("CompleteMultipartUpload", answer.version_id(), answer.e_tag())
    }

    async fn abort(&self, key: &str, id: &str) -> Result<(), CallError> {
        let call = self.client.abort_multipart_upload().bucket(&self.name).key(self.key(key)).upload_id(id);
        call.send().await.map(drop).map_err(|error| call_error("AbortMultipartUpload", error))
    }
}

/// What tells this object apart from the others that its key has had, as the importer does: the version, and without one the entity tag.
fn version(operation: &'static str, version: Option<&str>, e_tag: Option<&str>) -> Result<String, CallError> {
    let tag = e_tag.map(|tag| tag.trim_matches('"'));
    aws_access::Answer(operation).text("ETag", version.filter(|version| !version.is_empty()).or(tag))
}

async fn piece(path: &Path, from: u64, bytes: u64) -> Result<ByteStream, CallError> {
    let read = ByteStream::read_from().path(path).offset(from).length(Length::Exact(bytes)).buffer_size(PIECE);
    read.build().await.map_err(|error| unreadable(error.into()))
}

fn unreadable(source: Box<dyn std::error::Error + Send + Sync>) -> CallError {
    CallError {
        operation: "PutObject",
        code: None,
        message: "the file cannot be read".to_owned(),
        kind: CallErrorKind::Invalid,
        source: Some(source),
    }
}

#[cfg(test)]
mod tests {
    use analytics_contract::key_of_dry_run;

    use super::*;

    #[test]
    fn a_dry_run_puts_its_files_under_keys_of_its_own() {
        let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let key = |dry_run| Bucket::new(&config, "uploads", dry_run).key("2026/march.csv");
        assert_eq!(key(false), "2026/march.csv");
        let (one, two) = (key(true), key(true));
        assert_eq!(key_of_dry_run(&one), Some("2026/march.csv"));
        assert_ne!(one, two);
    }

    #[test]
    fn an_object_is_told_by_its_version_and_without_one_by_its_entity_tag() {
        let of = |id, tag| version("PutObject", id, tag);
        assert_eq!(of(Some("v1"), Some("\"e\"")).unwrap(), "v1");
        assert_eq!(of(None, Some("\"e\"")).unwrap(), "e");
        assert_eq!(of(Some(""), Some("e")).unwrap(), "e");
        assert_eq!(of(None, None).unwrap_err().to_string(), "PutObject answered without ETag");
    }
}
