//! Applies the migrations of this archive to a database. Keeps retrying while the database is resuming.

use std::sync::Arc;
use std::time::Duration;

use function_postgres::migrations::{Migration, apply};
use function_postgres::{Client, Error, Pool, SecretSource, roles};

const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Applies what is missing, as the owner, then sets the application role's password from its secret. Retries
/// while the database is only unreachable: a serverless cluster is resuming, a new one is still starting; `out_of_reach`
/// is called once for each new reason. Returns the names of the migrations it applied.
///
/// # Errors
/// The first fault that a retry cannot fix.
pub async fn bring_up(
    owner: &Pool,
    application: Arc<dyn SecretSource>,
    migrations: &[Migration],
    out_of_reach: impl Fn(&Error),
) -> Result<Vec<String>, Error> {
    let mut applied = Vec::new();
    let mut told = String::new();
    loop {
        match attempt(owner, application.as_ref(), migrations, &mut applied).await {
            Err(error) if error.is_retryable() => {
                let reason = error.to_string();
                if reason != told {
                    out_of_reach(&error);
                    told = reason;
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok(applied),
        }
    }
}

async fn attempt(
    owner: &Pool,
    application: &dyn SecretSource,
    migrations: &[Migration],
    applied: &mut Vec<String>,
) -> Result<(), Error> {
    let mut client = owner.get().await?;
    let result = use_connection(&mut client, application, migrations, applied).await;
    if result.is_err() {
        Pool::discard(client);
    }
    result
}

async fn use_connection(
    client: &mut Client,
    application: &dyn SecretSource,
    migrations: &[Migration],
    applied: &mut Vec<String>,
) -> Result<(), Error> {
    applied.extend(apply(client, migrations).await?);
    roles::set_password(client, &application.fetch().await?).await
}
