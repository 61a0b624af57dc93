//! The bearer token of an API, from its secret. Read again after a while, so that a new one is taken without a deployment.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::access::{TokenError, Tokens};

const KEPT_FOR: Duration = Duration::from_secs(300);

/// A secret of AWS Secrets Manager: a JSON object with the token as `password`.
#[derive(Debug)]
pub struct TokenSecret {
    client: Client,
    id: String,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    since: Instant,
    token: String,
}

/// Never displays the token.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("since", &self.since).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Content {
    password: String,
}

impl TokenSecret {
    /// `id` is the secret's ARN or name.
    pub fn new(client: Client, id: impl Into<String>) -> Self {
        Self { client, id: id.into(), kept: Mutex::default() }
    }

    async fn fetch(&self) -> Result<String, TokenError> {
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(|error| {
            // The SDK has already retried what can be retried; the rest needs a person.
            match error.as_service_error().is_some() {
                true => TokenError::Failed(error.into()),
                false => TokenError::Unavailable(error.into()),
            }
        })?;
        token(answer.secret_string().unwrap_or_default())
            .ok_or_else(|| TokenError::Failed("it is not a JSON object with the text password".into()))
    }
}

/// Says no more than that there is none: a parser's message would quote the text.
fn token(text: &str) -> Option<String> {
    let Content { password } = serde_json::from_str(text).ok()?;
    (!password.is_empty()).then_some(password)
}

impl Tokens for TokenSecret {
    async fn token(&self) -> Result<String, TokenError> {
        let mut kept = self.kept.lock().await;
        if let Some(Kept { token, .. }) = kept.as_ref().filter(|kept| kept.since.elapsed() < KEPT_FOR) {
            return Ok(token.clone());
        }
        let token = self.fetch().await?;
        *kept = Some(Kept { since: Instant::now(), token: token.clone() });
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_password_of_the_secret_and_never_shown() {
        assert_eq!(token(r#"{"username": "bearer", "password": "abc"}"#).as_deref(), Some("abc"));
        for wrong in ["", "abc", "{}", r#"{"password": ""}"#, r#"{"password": 1}"#] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
        let kept = format!("{:?}", Kept { since: Instant::now(), token: "s3cret".to_owned() });
        assert!(!kept.contains("s3cret"), "{kept}");
    }
}
