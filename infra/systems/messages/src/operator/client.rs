//! The API as a client sees it: logs in, sends messages, and asks what became of them.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use system::{Failed, How, StageName, is_busy};

/// Longer than the API waits for a message.
const CALL_TIMEOUT: Duration = Duration::from_secs(35);
/// Seconds for which one request waits for a message.
pub(super) const WAIT: u32 = 20;
/// When the API is busy and does not say for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a message was not sent or not saved.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("cannot reach {url}")]
    NotAsked {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{email} could not log in: {detail}")]
    NotLoggedIn { email: String, detail: String },
    #[error("{request} was answered with {status}: {detail}")]
    Unexpected { request: String, status: StatusCode, detail: String },
    #[error("message {id} is {status}: {reason}; `infra dead messages --stage {stage}` shows it")]
    Dead { id: String, status: String, reason: String, stage: StageName },
    #[error(
        "message {id} is {status} after {} s; `infra logs messages --stage {stage} --trace {id}` and `infra status messages --stage {stage}` tell more",
        .waited.as_secs()
    )]
    NotSaved { id: String, status: String, stage: StageName, waited: Duration },
}

impl ApiError {
    fn how(&self) -> How {
        match self {
            Self::NotAsked { .. } => How::Retryable,
            Self::Unexpected { status, .. } if is_busy(status.as_u16()) => How::Retryable,
            Self::NotLoggedIn { .. } => How::Usage,
            Self::Unexpected { .. } | Self::Dead { .. } | Self::NotSaved { .. } => How::Failed,
        }
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::new(error.how(), error)
    }
}

/// The API of a stage.
pub(super) struct Api {
    client: Client,
    pub(super) url: String,
    stage: StageName,
}

/// A message that was accepted.
pub(super) struct Sent {
    pub(super) id: String,
    at: Instant,
    /// From the request to its response.
    pub(super) took: Duration,
}

/// A message that is saved.
pub(super) struct Saved {
    /// As the API has it, with its timeline.
    pub(super) message: Value,
    /// Since it was sent.
    pub(super) took: Duration,
}

impl Api {
    pub(super) fn new(url: String, stage: StageName) -> Result<Self, Failed> {
        // This fails only if a provider is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { client: Client::builder().timeout(CALL_TIMEOUT).build().map_err(Failed::other)?, url, stage })
    }

    /// An access token.
    pub(super) async fn log_in(&self, email: &str, password: &str) -> Result<String, ApiError> {
        let request = format!("POST {}/users/login", self.url);
        let call =
            self.client.post(format!("{}/users/login", self.url)).json(&json!({"email": email, "pwd": password}));
        let (status, body) = self.answer(call).await?;
        match (status, body["access_token"].as_str()) {
            (StatusCode::OK, Some(token)) => Ok(token.to_owned()),
            (StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY, _) => {
                Err(ApiError::NotLoggedIn { email: email.to_owned(), detail: detail(&body) })
            }
            _ => Err(ApiError::Unexpected { request, status, detail: detail(&body) }),
        }
    }

    /// Sends a message under a key, so that it is accepted once.
    pub(super) async fn send(&self, token: &str, key: &str, message: &Value) -> Result<Sent, ApiError> {
        let request = format!("POST {}/messages/send", self.url);
        let call = self.client.post(format!("{}/messages/send", self.url)).bearer_auth(token);
        let at = Instant::now();
        let (status, body) = self.answer(call.header("Idempotency-Key", key).json(message)).await?;
        match (status, body["message_id"].as_str()) {
            (StatusCode::OK, Some(id)) => Ok(Sent { id: id.to_owned(), at, took: at.elapsed() }),
            _ => Err(ApiError::Unexpected { request, status, detail: detail(&body) }),
        }
    }

    /// Follows a message until it is saved.
    pub(super) async fn until_saved(&self, token: &str, sent: &Sent, limit: Duration) -> Result<Saved, ApiError> {
        let url = format!("{}/messages/{}?wait={WAIT}", self.url, sent.id);
        loop {
            let (code, message) = self.answer(self.client.get(&url).bearer_auth(token)).await?;
            let waited = sent.at.elapsed();
            let status = message["status"].as_str().unwrap_or_default().to_owned();
            let id = sent.id.clone();
            match (code, status.as_str()) {
                (StatusCode::OK, "SAVED") => return Ok(Saved { message, took: waited }),
                (StatusCode::OK, "DEAD" | "PARKED") => {
                    let reason = message["reason"].as_str().unwrap_or("no reason given").to_owned();
                    return Err(ApiError::Dead { id, status, reason, stage: self.stage });
                }
                (StatusCode::OK, _) if waited > limit => {
                    return Err(ApiError::NotSaved { id, status, stage: self.stage, waited });
                }
                // The API has waited already.
                (StatusCode::OK, "ACCEPTED" | "QUEUED") => {}
                (code, _) if is_busy(code.as_u16()) && waited < limit => tokio::time::sleep(PAUSE).await,
                (status, _) => {
                    let request = format!("GET {url}");
                    return Err(ApiError::Unexpected { request, status, detail: detail(&message) });
                }
            }
        }
    }

    /// The response's status and body; what is not JSON becomes a string.
    async fn answer(&self, call: RequestBuilder) -> Result<(StatusCode, Value), ApiError> {
        let not_asked =
            |source: reqwest::Error| ApiError::NotAsked { url: self.url.clone(), source: source.without_url() };
        let response = call.header(header::ACCEPT, "application/json").send().await.map_err(not_asked)?;
        let status = response.status();
        let text = response.text().await.map_err(not_asked)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

/// `{"detail": ".."}`, or every fault of `{"detail": [{"loc": ["body", "amount"], "msg": ".."}]}`.
fn detail(body: &Value) -> String {
    let fault = |fault: &Value| {
        let place = fault["loc"].as_array().into_iter().flatten().skip(1).map(|part| match part {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let place = place.collect::<Vec<_>>().join(".");
        format!("{place} {}", fault["msg"].as_str().unwrap_or_default()).trim().to_owned()
    };
    match &body["detail"] {
        Value::String(text) => text.clone(),
        Value::Array(faults) => faults.iter().map(fault).collect::<Vec<_>>().join("; "),
        _ => body.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_every_fault() {
        let body = json!({"detail": [
            {"type": "missing", "loc": ["body", "payer_id"], "msg": "Field required"},
            {"type": "greater_than", "loc": ["body", "amount"], "msg": "Input should be greater than 0"},
        ]});
        assert_eq!(detail(&body), "payer_id Field required; amount Input should be greater than 0");
        assert_eq!(detail(&json!({"detail": "Not Found"})), "Not Found");
        assert_eq!(detail(&json!("bad gateway")), "\"bad gateway\"");
    }

    #[test]
    fn a_failure_tells_whether_to_try_again() {
        let unexpected = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            ApiError::Unexpected { request: String::new(), status, detail: String::new() }.how()
        };
        assert_eq!([429, 502, 503, 504].map(unexpected), [How::Retryable; 4]);
        assert_eq!([404, 422, 500].map(unexpected), [How::Failed; 3]);
        let wrong = ApiError::NotLoggedIn { email: String::new(), detail: String::new() };
        assert_eq!(wrong.how(), How::Usage);
    }
}
