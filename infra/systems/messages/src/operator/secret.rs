//! The secret with the signing keys, in Secrets Manager. Two rotations at once cannot both replace the same version.

use aws_access::{Answer, CallError, call_error};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use messages_contract::SigningKeys;
use sha2::{Digest, Sha256};

/// What a rotation needs of the secret.
pub(super) trait Secret {
    /// The id of the current version, whatever it contains.
    async fn version(&self) -> Result<String, SecretError>;

    /// The keys, and the id of this version of them.
    async fn read(&self) -> Result<(SigningKeys, String), SecretError>;

    /// Replaces this version; `false` when another has done so before.
    async fn replace(&self, version: &str, keys: &SigningKeys) -> Result<bool, SecretError>;
}

/// Why the keys could not be read or replaced.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// Without the cause, which might quote a key.
    #[error(
        "the secret does not contain signing keys: it is wrong at line {line}, column {column}; `--emergency` replaces it"
    )]
    NoKeys { line: usize, column: usize },
}

/// The secret of a stack.
pub(super) struct StackSecret {
    client: Client,
    arn: String,
}

impl StackSecret {
    pub(super) fn new(config: &SdkConfig, arn: &str) -> Self {
        Self { client: Client::new(config), arn: arn.to_owned() }
    }

    async fn value(&self) -> Result<(String, String), CallError> {
        let answer = self.client.get_secret_value().secret_id(&self.arn).send().await;
        let answer = answer.map_err(|error| call_error("GetSecretValue", error))?;
        let version = Answer("GetSecretValue").text("VersionId", answer.version_id())?;
        Ok((Answer("GetSecretValue").text("SecretString", answer.secret_string())?, version))
    }
}

impl Secret for StackSecret {
    async fn version(&self) -> Result<String, SecretError> {
        Ok(self.value().await?.1)
    }

    async fn read(&self) -> Result<(SigningKeys, String), SecretError> {
        let (text, version) = self.value().await?;
        let keys = serde_json::from_str(&text)
            .map_err(|error| SecretError::NoKeys { line: error.line(), column: error.column() })?;
        Ok((keys, version))
    }

    async fn replace(&self, version: &str, keys: &SigningKeys) -> Result<bool, SecretError> {
        let text = serde_json::to_string(keys).expect("texts are JSON");
        let call = self.client.put_secret_value().secret_id(&self.arn).secret_string(&text);
        let answer = call.client_request_token(successor(version)).send().await;
        match answer.map_err(|error| call_error("PutSecretValue", error)) {
            // Not every cloud refuses the second of two.
            Ok(_) => Ok(self.value().await?.0 == text),
            Err(error) if error.code.as_deref() == Some("ResourceExistsException") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The id of the version that follows on another: the same for whoever replaces that one, and Secrets Manager refuses to give an id twice.
fn successor(version: &str) -> String {
    Sha256::digest(format!("after {version}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_successor_whose_id_secrets_manager_takes() {
        let id = successor("EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE");
        assert_eq!((id.len(), &id), (64, &successor("EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE")));
        assert_ne!(id, successor(&id));
    }
}
