//! Addresses to which a client may put one file: signed with the function's own credentials, without a call. Size and checksum are signed too, so that S3
//! refuses any other file.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use analytics_contract::{ADDRESS_SECONDS, DRY_RUN_METADATA, UPLOAD_ID_METADATA};
use analytics_core::{BoxError, Fault, SignedAddress, Signer, UploadRequest};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How long an address can be used. The function's credentials last longer.
const VALID_FOR: Duration = Duration::from_secs(ADDRESS_SECONDS as u64);
/// What RFC 3986 leaves as it is, and the slashes between the parts of a key.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What a signer needs and does not have.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("AWS_REGION is not set")]
    NoRegion,
    #[error("there are no credentials")]
    NoCredentials,
}

/// Signs addresses in one bucket.
#[derive(Debug, Clone)]
pub struct S3Signer {
    /// Without a slash at its end: `https://<bucket>.s3.<region>.amazonaws.com`, or the emulator's with the bucket as a path.
    address: String,
    region: String,
    credentials: SharedCredentialsProvider,
}

impl S3Signer {
    /// From the configuration of the function's clients.
    ///
    /// # Errors
    /// There is no region or no source of credentials.
    pub fn new(config: &aws_config::SdkConfig, bucket: &str) -> Result<Self, SignError> {
        let region = config.region().ok_or(SignError::NoRegion)?.to_string();
        let credentials = config.credentials_provider().ok_or(SignError::NoCredentials)?;
        let address = match config.endpoint_url() {
            Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
        };
        Ok(Self { address, region, credentials })
    }

    /// The origin of the addresses that it signs, such as `https://<bucket>.s3.<region>.amazonaws.com`.
    pub fn origin(&self) -> &str {
        let authority = self.address.find("://").map_or(0, |scheme| scheme + 3);
        let end = self.address[authority..].find('/').map_or(self.address.len(), |path| authority + path);
        &self.address[..end]
    }

    async fn signed(&self, request: &UploadRequest, now: Timestamp) -> Result<SignedAddress, BoxError> {
        let mut headers = BTreeMap::from([
            ("content-length".to_owned(), request.bytes.to_string()),
            ("x-amz-checksum-sha256".to_owned(), BASE64_STANDARD.encode(request.sha256)),
            (format!("x-amz-meta-{UPLOAD_ID_METADATA}"), request.id.to_string()),
        ]);
        if request.dry_run {
            headers.insert(format!("x-amz-meta-{DRY_RUN_METADATA}"), "true".to_owned());
        }
        let url = format!("{}/{}", self.address, utf8_percent_encode(&request.key, KEY));
        let identity = self.credentials.provide_credentials().await?.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(VALID_FOR);
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        // As S3 alone wants it: the path is encoded once, and never shortened.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::from(now))
            .settings(settings)
            .build()?;
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new("PUT", &url, pairs, SignableBody::UnsignedPayload)?;
        let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
        let query: Vec<String> = instructions
            .params()
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let expires_at = now.checked_add(jiff::SignedDuration::try_from(VALID_FOR)?)?;
        Ok(SignedAddress { url: format!("{url}?{}", query.join("&")), headers, expires_at })
    }
}

impl Signer for S3Signer {
    async fn sign(&self, request: &UploadRequest, now: Timestamp) -> Result<SignedAddress, Fault> {
        self.signed(request, now).await.map_err(|source| Fault::Failed { what: "signing an address", source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{Region, SdkConfig};
    use aws_credential_types::Credentials;

    fn signer(endpoint: Option<&str>) -> S3Signer {
        let credentials = SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "test"));
        let mut config = SdkConfig::builder();
        config.set_region(Region::new("sa-east-1")).set_credentials_provider(Some(credentials));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        S3Signer::new(&config.build(), "uploads").unwrap()
    }

    #[tokio::test]
    async fn addresses_are_of_the_origin_that_it_names() {
        let request = UploadRequest {
            id: uuid::Uuid::nil(),
            key: "a/b c.csv".to_owned(),
            bytes: 7,
            sha256: [0; 32],
            dry_run: true,
        };
        for (endpoint, origin, address) in [
            (None, "https://uploads.s3.sa-east-1.amazonaws.com", "/a/b%20c.csv?"),
            (Some("http://127.0.0.1:4566"), "http://127.0.0.1:4566", "/uploads/a/b%20c.csv?"),
            (Some("http://localhost:4566/"), "http://localhost:4566", "/uploads/a/b%20c.csv?"),
        ] {
            let signer = signer(endpoint);
            assert_eq!(signer.origin(), origin);
            let signed = signer.signed(&request, Timestamp::UNIX_EPOCH).await.unwrap();
            assert!(signed.url.starts_with(&format!("{origin}{address}X-Amz-")), "{}", signed.url);
            assert_eq!(signed.headers["content-length"], "7");
            assert_eq!(signed.headers["x-amz-meta-dry-run"], "true");
        }
    }
}
