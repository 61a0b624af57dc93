//! `FipeDbInit`: settings, adapters, run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use contract::db_init::DbInit;
use db_init::{bring_up, handle, migrations};
use function_postgres::{Endpoint, Pool, SecretsManager, Tls};
use function_runtime::{Error, Function, Log, chain, run_events, sdk_config, settings};
use serde_json::{Value, json};

fn main() -> ExitCode {
    function_runtime::main("FipeDbInit", run())
}

async fn run() -> Result<(), Error> {
    let function = Function::new("FipeDbInit", std::env::var("STAGE").unwrap_or_default(), "Fipe");
    // Installing it twice is the only way this fails, and then it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let migrations = migrations("fipe");
    let log = Log::new(function.name(), std::env::var("STAGE").unwrap_or_default());
    // A fault of the settings is an answer too: without one CloudFormation would wait for its time-out.
    let prepared = prepare(function.name()).map_err(|error| chain(error.as_ref()));
    run_events(&function, async |event: Value, invocation| {
        let log = log.of_request(&invocation.request_id);
        let work = Box::pin(async {
            // Before the answer: a roll-back that it brings about may take the log away.
            let fails = |error: &(dyn std::error::Error + 'static)| {
                log.error("apply_migrations", json!({"error": chain(error)}));
            };
            let (database, owner, application) = prepared.as_ref().map_err(Clone::clone)?;
            // A database that does not even refuse leaves nothing else in the log.
            log.started("apply_migrations", json!({"database": database}));
            let applied = bring_up(owner, application.clone(), &migrations, |error| fails(error)).await;
            Ok::<_, Error>(applied.inspect_err(|error| fails(error))?)
        });
        handle(event, invocation, &http, work).await
    })
    .await
}

/// The database's address, the owner's connections, and where the application role's password is.
fn prepare(application_name: &str) -> Result<(String, Pool, Arc<SecretsManager>), Error> {
    let settings = settings(DbInit::read)?;
    let database = format!("{}:{}/{}", settings.rds_host, settings.rds_port, settings.rds_database);
    let endpoint = Endpoint {
        host: settings.rds_host,
        hostaddr: Endpoint::hostaddr(|name| std::env::var(name).ok())?,
        port: settings.rds_port,
        database: settings.rds_database,
        tls: Tls::read(&settings.rds_tls, Path::new(&settings.rds_ca_bundle), &settings.stage)?,
        application_name: application_name.to_owned(),
    };
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk_config());
    let owner = SecretsManager::new(secrets.clone(), settings.db_owner_secret_arn);
    let application = SecretsManager::new(secrets, settings.db_app_secret_arn);
    Ok((database, Pool::new(endpoint, None, Arc::new(owner)), Arc::new(application)))
}
