//! Which action of IAM an operation needs, where it does not have the operation's name.
//!
//! From AWS's service authorization reference and the permissions references of the services:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>,
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>.

/// Service, operation and action. An operation that is not here needs the action of its own name.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("sqs", "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
    ("sqs", "DeleteMessageBatch", "sqs:DeleteMessage"),
    ("sqs", "SendMessageBatch", "sqs:SendMessage"),
    ("sns", "PublishBatch", "sns:Publish"),
    ("s3", "CompleteMultipartUpload", "s3:PutObject"),
    ("s3", "CreateMultipartUpload", "s3:PutObject"),
    ("s3", "DeleteObjects", "s3:DeleteObject"),
    ("s3", "HeadBucket", "s3:ListBucket"),
    ("s3", "HeadObject", "s3:GetObject"),
    ("s3", "ListObjects", "s3:ListBucket"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
    ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3", "UploadPart", "s3:PutObject"),
];

/// The same where a request names one version of an object.
const OF_A_VERSION: &[(&str, &str)] = &[
    ("DeleteObject", "s3:DeleteObjectVersion"),
    ("GetObject", "s3:GetObjectVersion"),
    ("HeadObject", "s3:GetObjectVersion"),
];

/// The action that an operation needs.
pub fn action(service: &str, operation: &str, names_version: bool) -> String {
    let of_version = OF_A_VERSION.iter().filter(|_| service == "s3" && names_version);
    let of_version = of_version.map(|(name, action)| ("s3", *name, *action));
    let mut known = of_version.chain(OTHERWISE.iter().copied());
    let known = known.find(|(of, name, _)| *of == service && *name == operation);
    known.map_or_else(|| format!("{service}:{operation}"), |(_, _, action)| action.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_needs_the_action_that_aws_names() {
        assert_eq!(action("sqs", "SendMessageBatch", false), "sqs:SendMessage");
        assert_eq!(action("s3", "HeadObject", false), "s3:GetObject");
        assert_eq!(action("s3", "HeadObject", true), "s3:GetObjectVersion");
        assert_eq!(action("s3", "ListObjectsV2", false), "s3:ListBucket");
        assert_eq!(action("dynamodb", "Query", false), "dynamodb:Query");
    }

    #[test]
    fn only_what_has_another_name_is_in_the_table() {
        for (service, operation, action) in OTHERWISE {
            assert_ne!(*action, format!("{service}:{operation}"));
        }
    }
}
