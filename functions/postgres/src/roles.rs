//! Passwords of roles. Never sends a password to the server, but the SCRAM verifier, as `psql`'s `\password` does.

use deadpool_postgres::ClientWrapper;
use postgres_protocol::escape::{escape_identifier, escape_literal};

use crate::{Error, Secret};

/// Sets the password of the role that `secret` names; the role must exist.
///
/// # Errors
/// [`Error::Query`]: no such role, or no permission to change it.
pub async fn set_password(client: &ClientWrapper, secret: &Secret) -> Result<(), Error> {
    let verifier = postgres_protocol::password::scram_sha_256(secret.password.as_bytes());
    let role = escape_identifier(&secret.username);
    let statement = format!("ALTER ROLE {role} PASSWORD {}", escape_literal(&verifier));
    Ok(client.batch_execute(&statement).await?)
}
