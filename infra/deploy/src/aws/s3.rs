//! The assets bucket through the AWS SDK: one per account and region, encrypted, versioned, private, TLS only.
//! Never uses a bucket that belongs to another account, and never overwrites an object.

use std::fs::File;
use std::io::Seek;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, ChecksumMode, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};

use aws_access::{CallError, CallErrorKind, Connection, call_error, dns_suffix, partition};

use crate::{AssetStore, Body, BucketState, Object, Stored, Written};

/// Bytes of a file that are read at a time.
const PIECE: usize = 256 * 1024;

/// `infra-assets-<account>-<region>`, and in it the keys of one stage.
#[derive(Debug, Clone)]
pub struct S3AssetStore {
    client: Client,
    bucket: String,
    stage: String,
    account: String,
    region: String,
    endpoint: Option<String>,
}

impl S3AssetStore {
    /// The bucket of a connection's account and region; it may not exist yet.
    pub fn new(connection: &Connection, stage: impl Into<String>) -> Self {
        let Connection { config, account, region, endpoint } = connection;
        // One endpoint for every bucket: a cloud on this machine has no host name per bucket.
        let path_style = endpoint.is_some();
        // An upload may take minutes, but no response may take forever.
        let timeouts = aws_sdk_s3::config::timeout::TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(10 * 60))
            .build();
        let config = aws_sdk_s3::config::Builder::from(config);
        let config = config.force_path_style(path_style).timeout_config(timeouts).build();
        Self {
            client: Client::from_conf(config),
            bucket: format!("infra-assets-{account}-{region}"),
            stage: stage.into(),
            account: account.clone(),
            region: region.clone(),
            endpoint: endpoint.clone(),
        }
    }

    async fn create(&self) -> Result<BucketState, CallError> {
        let mut call = self.client.create_bucket().bucket(&self.bucket);
        // us-east-1 is expressed by no constraint; naming it is an error.
        if self.region != "us-east-1" {
            let constraint = BucketLocationConstraint::from(self.region.as_str());
            let configuration = CreateBucketConfiguration::builder().location_constraint(constraint);
            call = call.create_bucket_configuration(configuration.build());
        }
        match call.send().await.map_err(|error| call_error("CreateBucket", error)) {
            Ok(_) => {}
            Err(error) => match error.code.as_deref() {
                Some("BucketAlreadyOwnedByYou") => {}
                Some("BucketAlreadyExists") => return Ok(BucketState::Foreign),
                _ if error.kind == CallErrorKind::Denied && !error.is_about_credentials() => {
                    return Ok(BucketState::Missing);
                }
                _ => return Err(error),
            },
        }
        self.protect().await?;
        Ok(BucketState::Created)
    }

    /// Every setting that the bucket must have. The policy comes last: if it is set, so are the others.
    async fn protect(&self) -> Result<(), CallError> {
        let (bucket, account) = (&self.bucket, &self.account);
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = self.client.put_public_access_block().bucket(bucket).expected_bucket_owner(account);
        let call = call.public_access_block_configuration(block);
        call.send().await.map_err(|error| call_error("PutPublicAccessBlock", error))?;

        let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = self.client.put_bucket_versioning().bucket(bucket).expected_bucket_owner(account);
        let call = call.versioning_configuration(versioning);
        call.send().await.map_err(|error| call_error("PutBucketVersioning", error))?;

        let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let by_default = by_default.map_err(|error| built(error.to_string()))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let encryption = encryption.map_err(|error| built(error.to_string()))?;
        let call = self.client.put_bucket_encryption().bucket(bucket).expected_bucket_owner(account);
        let call = call.server_side_encryption_configuration(encryption);
        call.send().await.map_err(|error| call_error("PutBucketEncryption", error))?;

        let call = self.client.put_bucket_policy().bucket(bucket).expected_bucket_owner(account);
        let call = call.policy(tls_only_policy(bucket, &self.region));
        call.send().await.map_err(|error| call_error("PutBucketPolicy", error))?;
        Ok(())
    }
}

impl AssetStore for S3AssetStore {
    fn bucket(&self) -> &str {
        &self.bucket
    }

    fn stage(&self) -> &str {
        &self.stage
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn url(&self, key: &str) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{}/{}/{key}", endpoint.trim_end_matches('/'), self.bucket),
            None => format!("https://{}.s3.{}.{}/{key}", self.bucket, self.region, dns_suffix(&self.region)),
        }
    }

    async fn ensure_bucket(&self) -> Result<BucketState, CallError> {
        let call = self.client.get_bucket_policy().bucket(&self.bucket).expected_bucket_owner(&self.account);
        match call.send().await.map_err(|error| call_error("GetBucketPolicy", error)) {
            Ok(_) => Ok(BucketState::Present),
            Err(error) => match (error.code.as_deref(), error.kind) {
                (Some("NoSuchBucket"), _) => self.create().await,
                // Its creation was interrupted.
                (Some("NoSuchBucketPolicy"), _) => self.protect().await.map(|()| BucketState::Present),
                (_, CallErrorKind::Denied) if error.code.as_deref() == Some("AccessDenied") => Ok(BucketState::Foreign),
                _ => Err(error),
            },
        }
    }

    async fn stored(&self, key: &str) -> Result<Stored, CallError> {
        let call = self.client.head_object().bucket(&self.bucket).key(key).expected_bucket_owner(&self.account);
        let call = call.checksum_mode(ChecksumMode::Enabled);
        match call.send().await.map_err(|error| call_error("HeadObject", error)) {
            Ok(found) => Ok(Stored::Present { sha256: found.checksum_sha256 }),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(Stored::Absent),
            Err(error) => Err(error),
        }
    }

    async fn put(&self, object: Object<'_>) -> Result<Written, CallError> {
        let Object { key, content_type, sha256, body } = object;
        let body = match body {
            Body::Bytes(bytes) => ByteStream::from(bytes.to_vec()),
            Body::File(file) => whole(file).await.map_err(|error| CallError {
                operation: "PutObject",
                code: None,
                message: format!("cannot read what was packed for {key}"),
                kind: CallErrorKind::Invalid,
                source: Some(error),
            })?,
        };
        let call = self.client.put_object().bucket(&self.bucket).key(key).expected_bucket_owner(&self.account);
        let call = call.if_none_match("*").checksum_sha256(sha256.base64()).content_type(content_type).body(body);
        match call.send().await.map_err(|error| call_error("PutObject", error)) {
            Ok(_) => Ok(Written::Created),
            Err(error) if error.code.as_deref() == Some("PreconditionFailed") => Ok(Written::Exists),
            Err(error) => Err(error),
        }
    }
}

/// Reads a file from its start to its end, wherever the last attempt to send it stopped.
async fn whole(file: &File) -> Result<ByteStream, Box<dyn std::error::Error + Send + Sync>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let length = file.metadata()?.len();
    let file = tokio::fs::File::from_std(file);
    Ok(ByteStream::read_from().file(file).length(Length::Exact(length)).buffer_size(PIECE).build().await?)
}

fn tls_only_policy(bucket: &str, region: &str) -> String {
    let arn = format!("arn:{}:s3:::{bucket}", partition(region));
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
    .to_string()
}

fn built(message: String) -> CallError {
    CallError { operation: "PutBucketEncryption", code: None, message, kind: CallErrorKind::Invalid, source: None }
}
