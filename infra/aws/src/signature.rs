//! Signature Version 4, for calls that no SDK crate makes.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

/// A request that cannot be signed, such as without credentials.
pub type SignatureError = Box<dyn std::error::Error + Send + Sync>;

/// A request before it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// The service by its name in signatures, such as `execute-api`.
    pub service: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    /// Those that the signature covers besides `Host`.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// The headers that make a request one of a configuration's identity and region, for some minutes from now.
///
/// # Errors
/// When there are no credentials, or the address or a header is malformed.
pub async fn signature(config: &SdkConfig, request: Unsigned<'_>) -> Result<Vec<(String, String)>, SignatureError> {
    let provider = config.credentials_provider().ok_or("no credentials are set")?;
    let identity = provider.provide_credentials().await?.into();
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(request.service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let body = SignableBody::Bytes(request.body);
    let signable = SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body)?;
    let (instructions, _signature) = sign(signable, &parameters)?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
