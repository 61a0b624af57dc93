//! The API as a client sees it.

use std::time::{Duration, Instant};

use reqwest::{StatusCode, header};
use serde_json::Value;
use system::{Failed, How, is_busy};

const CALL_TIMEOUT: Duration = Duration::from_secs(35);
/// When the API does not say when to come back.
const PAUSE: Duration = Duration::from_secs(1);

/// What the API answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    /// What is not JSON is a string.
    pub(super) body: Value,
    pub(super) took: Duration,
}

/// Why it did not.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("cannot reach {url}")]
    NotAsked {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("GET {url} was answered with {status}: {body}")]
    Unexpected { url: String, status: StatusCode, body: Value },
}

impl ApiError {
    fn how(&self) -> How {
        match self {
            Self::NotAsked { .. } => How::Retryable,
            Self::Unexpected { status, .. } if is_busy(status.as_u16()) => How::Retryable,
            Self::Unexpected { .. } => How::Failed,
        }
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::new(error.how(), error)
    }
}

/// Gets an address, and again while the API is busy and the time is not up. That it asks for authorisation is an answer.
pub(super) async fn get(url: &str, limit: Duration) -> Result<Answered, Failed> {
    // This fails only if a provider is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(CALL_TIMEOUT).build().map_err(Failed::other)?;
    let begun = Instant::now();
    loop {
        let at = Instant::now();
        let not_asked =
            |source: reqwest::Error| ApiError::NotAsked { url: url.to_owned(), source: source.without_url() };
        let response = client.get(url).send().await.map_err(not_asked)?;
        let (status, took) = (response.status(), at.elapsed());
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let pause = retry_after.and_then(|text| text.parse().ok()).map_or(PAUSE, Duration::from_secs);
        let text = response.text().await.map_err(not_asked)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        match status {
            StatusCode::OK | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Ok(Answered { status, body, took });
            }
            status if is_busy(status.as_u16()) && begun.elapsed() + pause < limit => tokio::time::sleep(pause).await,
            status => return Err(ApiError::Unexpected { url: url.to_owned(), status, body }.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_whether_to_try_again() {
        let unexpected = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            ApiError::Unexpected { url: String::new(), status, body: Value::Null }.how()
        };
        assert_eq!([429, 502, 503, 504].map(unexpected), [How::Retryable; 4]);
        assert_eq!([404, 422, 500].map(unexpected), [How::Failed; 3]);
    }
}
