//! Applies the migrations of this archive to a database. Keeps retrying while the database is resuming.

use std::time::Duration;

use function_postgres::migrations::{Migration, apply};
use function_postgres::{Error, Pool, SecretSource, roles};
use function_runtime::chain;
use tokio::time::{Instant, sleep};

const RETRY_AFTER: Duration = Duration::from_secs(1);
/// A cluster resumes from 0 ACU in about 15 s, and in 30 s or more after a day. After this time a log-in is not refused because of that.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html>
const LOGIN_PATIENCE: Duration = Duration::from_secs(60);

/// The schema was not brought up.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// No retry can fix it.
    #[error(transparent)]
    Failed(#[from] Error),
    /// The database was only unavailable, but for too long.
    #[error("the database was not available for {seconds} s: retry when it is")]
    Unavailable { seconds: u64, source: Error },
}

/// Applies what is missing, as the owner, then sets the application role's password from its secret. Retries `until` then
/// while the database is only unavailable: a serverless cluster is resuming, a new one is still starting; `unavailable`
/// is called once for each new reason. Returns the names of the migrations it applied.
///
/// # Errors
/// The first fault that a retry cannot fix, or the last one that it might have.
pub async fn bring_up(
    owner: &Pool,
    application: &dyn SecretSource,
    migrations: &[Migration],
    until: Instant,
    unavailable: impl Fn(&Error),
) -> Result<Vec<String>, SchemaError> {
    let (started, mut applied, mut told) = (Instant::now(), Vec::new(), String::new());
    loop {
        let attempt = owner.work(async |client| {
            applied.extend(apply(client, migrations).await?);
            roles::set_password(client, &application.fetch().await?).await
        });
        let error = match attempt.await {
            Ok(()) => return Ok(applied),
            Err(error) if error.is_retryable() => error,
            Err(error) => return Err(error.into()),
        };
        let reason = chain(&error);
        if reason != told {
            unavailable(&error);
            told = reason;
        }
        let until = if error.is_refused_login() { until.min(started + LOGIN_PATIENCE) } else { until };
        if Instant::now() + RETRY_AFTER >= until {
            return Err(SchemaError::Unavailable { seconds: started.elapsed().as_secs(), source: error });
        }
        sleep(RETRY_AFTER).await;
    }
}
