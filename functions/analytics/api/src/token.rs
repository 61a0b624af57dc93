//! The bearer token, from its secret. Read again after a while, so that a new one is taken without a deployment.

use std::time::Duration;

use analytics_core::{Fault, Tokens};
use function_postgres::SecretSource;
use tokio::sync::Mutex;
use tokio::time::Instant;

const KEPT_FOR: Duration = Duration::from_secs(300);

/// The password of a secret.
pub struct Token<S> {
    secrets: S,
    kept: Mutex<Option<(Instant, String)>>,
}

impl<S: SecretSource> Token<S> {
    pub fn new(secrets: S) -> Self {
        Self { secrets, kept: Mutex::new(None) }
    }
}

impl<S: SecretSource> Tokens for Token<S> {
    async fn token(&self) -> Result<String, Fault> {
        let mut kept = self.kept.lock().await;
        if let Some((_, token)) = kept.as_ref().filter(|(since, _)| since.elapsed() < KEPT_FOR) {
            return Ok(token.clone());
        }
        let secret = self.secrets.fetch().await.map_err(|error| match error.is_retryable() {
            true => Fault::Unavailable { what: "the secret of the token", waking: false, source: error.into() },
            false => Fault::Failed { what: "the secret of the token", source: error.into() },
        })?;
        *kept = Some((Instant::now(), secret.password.clone()));
        Ok(secret.password)
    }
}
