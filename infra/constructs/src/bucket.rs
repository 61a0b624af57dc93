//! A private bucket: no public access, TLS only, encrypted, versioned, with old versions kept for a while. Has no fixed name: CloudFormation
//! generates one, so that a retained bucket never conflicts with a new one.

use std::time::Duration;

use cfn::aws_s3::{CfnBucket, CfnBucketPolicy, cfn_bucket};
use cfn::intrinsics::sub;
use cfn::{Handle, LogicalId, Value, json};

use crate::{Exceptions, Grantee, PolicyStatement, RemovalPolicy, Stack, Suppression};

const SECONDS_OF_A_DAY: u64 = 24 * 3600;
/// Days after which the parts of an incomplete upload are deleted.
const UNFINISHED_UPLOAD_DAYS: u32 = 7;
const NO_ACCESS_LOG: Suppression = Suppression::checkov(
    "CKV_AWS_18",
    "one function writes and nobody else may; a log of requests would need a bucket of its own that somebody reads",
);

#[derive(Debug, Clone)]
pub struct BucketProps {
    /// How long an overwritten or deleted object can be restored, in whole days.
    pub noncurrent_version_expiration: Duration,
    pub removal_policy: RemovalPolicy,
}

#[derive(Debug, Clone)]
pub struct Bucket {
    handle: Handle<CfnBucket>,
}

impl Bucket {
    /// Creates `<id>` and `<id>Policy`.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: BucketProps) -> Self {
        let encryption = cfn_bucket::ServerSideEncryptionRuleProperty::new().server_side_encryption_by_default(
            cfn_bucket::ServerSideEncryptionByDefaultProperty::new().sse_algorithm(cfn_bucket::SSEAlgorithm::AES256),
        );
        let encryption = cfn_bucket::BucketEncryptionProperty::new().server_side_encryption_configuration([encryption]);
        let private = cfn_bucket::PublicAccessBlockConfigurationProperty::new()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true);
        // This account owns every object, whoever writes it; ACLs are off.
        let ownership = cfn_bucket::OwnershipControlsRuleProperty::new()
            .object_ownership(cfn_bucket::ObjectOwnership::BUCKET_OWNER_ENFORCED);
        let days = u32::try_from(props.noncurrent_version_expiration.as_secs() / SECONDS_OF_A_DAY).unwrap_or(u32::MAX);
        let old_versions = cfn_bucket::RuleProperty::new()
            .id("OldVersionsAndUnfinishedUploads")
            .status(cfn_bucket::RuleStatus::ENABLED)
            .noncurrent_version_expiration(
                cfn_bucket::NoncurrentVersionExpirationProperty::new().noncurrent_days(days.max(1)),
            )
            .abort_incomplete_multipart_upload(
                cfn_bucket::AbortIncompleteMultipartUploadProperty::new().days_after_initiation(UNFINISHED_UPLOAD_DAYS),
            );
        let versioning = cfn_bucket::VersioningConfigurationProperty::new()
            .status(cfn_bucket::VersioningConfigurationStatus::ENABLED);
        let bucket = CfnBucket::new()
            .bucket_encryption(encryption)
            .public_access_block_configuration(private)
            .ownership_controls(cfn_bucket::OwnershipControlsProperty::new().rules([ownership]))
            .versioning_configuration(versioning)
            .lifecycle_configuration(cfn_bucket::LifecycleConfigurationProperty::new().rules([old_versions]))
            .suppress(NO_ACCESS_LOG);
        let bucket = Self { handle: stack.add(id, props.removal_policy.apply(bucket)) };
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "TlsAlone",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [(bucket.bucket_arn()), (bucket.arn_for_objects())],
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            }],
        });
        // The policy is deleted or retained with its bucket, so a retained bucket stays as private as before.
        let policy = CfnBucketPolicy::new().bucket(bucket.bucket_name()).policy_document(policy);
        stack.add(format!("{id}Policy"), props.removal_policy.apply(policy));
        bucket
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn bucket_name(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn bucket_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    /// Every object of the bucket, but not the bucket itself.
    pub fn arn_for_objects(&self) -> Value<String> {
        sub(format!("${{{}.Arn}}/*", self.handle.id()))
    }

    /// Writing objects; no reading, listing or deleting.
    pub fn grant_put(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let resources = vec![self.arn_for_objects()];
        grantee.grant(stack, PolicyStatement { sid: "PutObjects", actions: &["s3:PutObject"], resources });
    }
}
