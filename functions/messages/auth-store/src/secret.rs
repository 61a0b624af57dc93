//! The signing keys: one secret of AWS Secrets Manager, a JSON object. Never says what is in it.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use messages_auth::{Fault, KeySource};
use messages_contract::SigningKeys;

const WHAT: &str = "the secret of the signing keys";

/// The secret by its ARN or name.
#[derive(Debug, Clone)]
pub struct SigningKeysSecret {
    client: Client,
    id: String,
}

impl SigningKeysSecret {
    pub fn new(client: Client, id: impl Into<String>) -> Self {
        Self { client, id: id.into() }
    }
}

impl KeySource for SigningKeysSecret {
    async fn signing_keys(&self) -> Result<SigningKeys, Fault> {
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(fault)?;
        // A parser's message would quote the text.
        serde_json::from_str(answer.secret_string().unwrap_or_default())
            .map_err(|_| Fault::Failed { what: WHAT, source: "it is not a JSON object of signing keys".into() })
    }
}

/// The SDK has already tried again what can be.
fn fault<E, R>(error: SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (is_ours, code) = (error.as_service_error().is_some(), error.code().map(str::to_owned));
    let source = error.into();
    match code.as_deref() {
        Some("ThrottlingException") => Fault::Throttled { what: WHAT, source },
        Some("InternalServiceError") => Fault::Unavailable { what: WHAT, source },
        _ if is_ours => Fault::Failed { what: WHAT, source },
        _ => Fault::Unavailable { what: WHAT, source },
    }
}
