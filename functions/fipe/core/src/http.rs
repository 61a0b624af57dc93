//! HTTP to FIPE with reqwest and the headers it requires. Does not interpret responses.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, REFERER, RETRY_AFTER, USER_AGENT};

use crate::answer::RawAnswer;
use crate::client::Http;
use crate::error::Fault;

/// Other user agents get 403.
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
/// Far above the longest response seen (the models of a brand, below 100 kB).
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// FIPE's API at a base address. The connection pool and the root certificates are created at the first call, not before
/// the first poll.
#[derive(Debug)]
pub struct FipeHttp {
    base: String,
    client: OnceLock<reqwest::Client>,
}

impl FipeHttp {
    /// `base` with or without its trailing slash.
    pub fn new(base: &str) -> Self {
        Self { base: format!("{}/", base.trim_end_matches('/')), client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // If another thread was faster it also installed ring: there is no other provider in the build.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(REFERER, HeaderValue::from_static("https://veiculos.fipe.org.br/"));
        headers.insert(USER_AGENT, HeaderValue::from_static(BROWSER));
        headers.insert("X-Requested-With", HeaderValue::from_static("XMLHttpRequest"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/javascript, */*; q=0.01"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| unavailable(&error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Http for FipeHttp {
    async fn post(&self, endpoint: &'static str, body: String, timeout: Duration) -> Result<RawAnswer, Fault> {
        let request = self.client()?.post(format!("{}{endpoint}", self.base)).timeout(timeout).body(body);
        let mut response = request.send().await.map_err(|error| unavailable(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Fault::Unavailable { reason: format!("answer is longer than {LONGEST_ANSWER} bytes") });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawAnswer { status, retry_after, body })
    }
}

fn unavailable(error: &reqwest::Error) -> Fault {
    let mut reason = if error.is_timeout() { "timed out".to_owned() } else { error.to_string() };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    Fault::Unavailable { reason }
}
