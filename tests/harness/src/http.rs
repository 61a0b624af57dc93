//! A request as a client of an API sends it, and what the API answered.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// No API answers later.
const LIMIT: Duration = Duration::from_secs(30);

/// What an API answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// # Errors
    /// The body is not JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {self:?}"))
    }
}

/// Sends a request and waits for the whole answer.
///
/// # Errors
/// No answer came.
pub async fn send(
    http: &reqwest::Client,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> anyhow::Result<Answer> {
    let mut request = http.request(method.parse()?, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body).timeout(LIMIT).send().await?;
    Ok(Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), text: answer.text().await? })
}

/// A header that the emulator takes for a signature of this service.
pub fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}
