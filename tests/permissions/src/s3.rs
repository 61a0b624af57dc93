//! Operations of S3, which has no names for them in its requests: the method, the query, and whether there is a key.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use percent_encoding::percent_decode_str;

use crate::call::Resource;
use crate::request::Request;

/// Method, whether there is a key, what the query must have, and the operation. The first that fits.
const OPERATIONS: &[(&str, bool, &str, &str)] = &[
    ("GET", false, "policy", "GetBucketPolicy"),
    ("GET", false, "versions", "ListObjectVersions"),
    ("GET", false, "list-type", "ListObjectsV2"),
    ("HEAD", false, "", "HeadBucket"),
    ("PUT", false, "encryption", "PutBucketEncryption"),
    ("PUT", false, "policy", "PutBucketPolicy"),
    ("PUT", false, "publicAccessBlock", "PutPublicAccessBlock"),
    ("PUT", false, "versioning", "PutBucketVersioning"),
    ("PUT", false, "", "CreateBucket"),
    ("POST", false, "delete", "DeleteObjects"),
    ("DELETE", true, "uploadId", "AbortMultipartUpload"),
    ("DELETE", true, "", "DeleteObject"),
    ("GET", true, "", "GetObject"),
    ("HEAD", true, "", "HeadObject"),
    ("POST", true, "uploadId", "CompleteMultipartUpload"),
    ("POST", true, "uploads", "CreateMultipartUpload"),
    ("PUT", true, "partNumber", "UploadPart"),
    ("PUT", true, "", "PutObject"),
];

/// Subresources that make another operation of a request, which is not in the table.
const OTHERS: &[&str] = &["acl", "attributes", "legal-hold", "restore", "retention", "select", "tagging", "torrent"];

/// The operation and what it is about; of a path with the bucket first.
pub(crate) fn operation(request: &Request) -> Option<(&'static str, Resource)> {
    let path = request.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() || OTHERS.iter().any(|other| request.query(other).is_some()) {
        return None;
    }
    let known = OPERATIONS.iter().find(|(method, has_key, query, _)| {
        *method == request.method && *has_key != key.is_empty() && (query.is_empty() || request.query(query).is_some())
    });
    let below = match key {
        "" => String::new(),
        key => format!("/{}", percent_decode_str(key).decode_utf8_lossy()),
    };
    Some((known?.3, Resource { kind: "AWS::S3::Bucket", name: bucket.to_owned(), below }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &str, target: &str) -> Option<&'static str> {
        let request = Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
        operation(&request).map(|(operation, _)| operation)
    }

    #[test]
    fn an_operation_is_known_by_method_key_and_query() {
        assert_eq!(named("GET", "/b?list-type=2"), Some("ListObjectsV2"));
        assert_eq!(named("GET", "/b/k?x-id=GetObject"), Some("GetObject"));
        assert_eq!(named("PUT", "/b/k?partNumber=1&uploadId=u"), Some("UploadPart"));
        assert_eq!(named("PUT", "/b/k"), Some("PutObject"));
        assert_eq!(named("PUT", "/b"), Some("CreateBucket"));
        assert_eq!(named("HEAD", "/b/"), Some("HeadBucket"));
    }

    #[test]
    fn what_is_not_in_the_table_is_not_taken_for_something_else() {
        assert_eq!(named("GET", "/b/k?tagging"), None);
        assert_eq!(named("GET", "/b"), None);
        assert_eq!(named("PATCH", "/b/k"), None);
    }
}
