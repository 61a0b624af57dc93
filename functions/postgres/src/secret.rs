//! The role and password of a connection, and where they come from. Never displays a password.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Error;

/// User name and password, as RDS stores them in Secrets Manager.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Role to log in as.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Where a secret comes from; read again when the server rejects the password.
pub trait SecretSource: Send + Sync {
    /// The current secret, never from a cache.
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>>;
}

/// One secret of AWS Secrets Manager: a JSON object with `username` and `password`.
#[cfg(feature = "secrets-manager")]
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
    id: String,
}

#[cfg(feature = "secrets-manager")]
impl SecretsManager {
    /// `id` is the secret's ARN or name.
    pub fn new(client: aws_sdk_secretsmanager::Client, id: impl Into<String>) -> Self {
        Self { client, id: id.into() }
    }
}

#[cfg(feature = "secrets-manager")]
impl SecretSource for SecretsManager {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async {
            let answer = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(|error| {
                // The SDK has already retried what can be retried; the rest needs a person.
                let retryable = error.as_service_error().is_none();
                Error::Secret { id: self.id.clone(), retryable, source: error.into() }
            })?;
            parse(answer.secret_string().unwrap_or_default()).ok_or_else(|| Error::SecretShape { id: self.id.clone() })
        })
    }
}

/// Reports only "unexpected shape": a parser's message would quote the text.
#[cfg(feature = "secrets-manager")]
fn parse(text: &str) -> Option<Secret> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let field = |name| value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Secret { username: field("username")?, password: field("password")? })
}
