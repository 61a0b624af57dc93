//! AWS's error codes by what follows from them, each spelled out; never matched by parts of a code.

use crate::CallErrorKind;

/// Codes for credentials that are invalid or expired. Source: "Common Errors" of the services' API references.
const CREDENTIALS: [&str; 8] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "RequestExpired",
    "UnrecognizedClient",
    "UnrecognizedClientException",
];

const DENIED: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "SignatureDoesNotMatch",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

/// The codes that the SDK's own retries treat as a rate limit, except LimitExceededException, which CloudFormation and Lambda
/// use for an exhausted quota, which stays exhausted.
const THROTTLED: [&str; 14] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// S3 returns the first with status 409, when something else happened to an object while it was written on a condition, and the second with 400.
const TRANSIENT: [&str; 3] = ["ConditionalRequestConflict", "RequestTimeout", "RequestTimeoutException"];

/// Most of these come with status 404; those of SQS, CloudFormation and Service Quotas come with 400.
const NOT_FOUND: [&str; 11] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "ChangeSetNotFound",
    "ChangeSetNotFoundException",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchKey",
    "NoSuchResourceException",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
];

/// EC2 puts the kind of thing first: `InvalidVpcID.NotFound`.
const NOT_FOUND_IN_EC2: &str = ".NotFound";

/// Whether a code says that the credentials themselves are invalid.
pub(crate) fn is_about_credentials(code: &str) -> bool {
    CREDENTIALS.contains(&code)
}

/// What follows from a code and a status; the code is empty when there is none.
pub(crate) fn kind_of(code: &str, status: u16) -> CallErrorKind {
    if THROTTLED.contains(&code) || status == 429 {
        CallErrorKind::Throttled
    } else if TRANSIENT.contains(&code) || status >= 500 {
        CallErrorKind::Transient
    } else if is_about_credentials(code) || DENIED.contains(&code) {
        CallErrorKind::Denied
    } else if NOT_FOUND.contains(&code) || code.ends_with(NOT_FOUND_IN_EC2) || status == 404 {
        CallErrorKind::NotFound
    } else if matches!(status, 401 | 403) {
        CallErrorKind::Denied
    } else {
        CallErrorKind::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_succeed_later_is_told_from_what_cannot() {
        for (code, status, retryable) in [
            ("Throttling", 400, true),
            ("RequestLimitExceeded", 503, true),
            ("TooManyRequestsException", 429, true),
            ("SlowDown", 503, true),
            ("RequestTimeout", 400, true),
            ("ConditionalRequestConflict", 409, true),
            ("PreconditionFailed", 412, false),
            ("InternalFailure", 500, true),
            ("AccessDenied", 403, false),
            ("ExpiredToken", 400, false),
            ("ExpiredTokenException", 403, false),
            ("UnrecognizedClientException", 400, false),
            ("NoSuchBucket", 404, false),
            ("ValidationError", 400, false),
            ("LimitExceededException", 400, false),
            // Only whole codes count.
            ("NotThrottlingButNamedSo", 400, false),
        ] {
            let kind = kind_of(code, status);
            assert_eq!(matches!(kind, CallErrorKind::Throttled | CallErrorKind::Transient), retryable, "{code}");
        }
    }

    #[test]
    fn what_does_not_exist_is_known_by_its_code_where_the_status_is_400() {
        for code in [
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
            "NoSuchResourceException",
            "InvalidVpcID.NotFound",
        ] {
            assert_eq!(kind_of(code, 400), CallErrorKind::NotFound, "{code}");
        }
        assert_eq!(kind_of("", 404), CallErrorKind::NotFound);
        assert_eq!(kind_of("NotFoundInAnyList", 400), CallErrorKind::Invalid);
    }
}
