//! `db-init`: settings, archive, adapters, run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use contract::db_init::{BINARY, DbInit};
use db_init::{bring_up, function_name, handle, migrations, physical_id, root};
use function_postgres::migrations::Migration;
use function_postgres::{Endpoint, Pool, SecretsManager, ServerLimits, Tls};
use function_runtime::{Error, Function, chain, run_events, sdk_config, settings};
use serde_json::{Value, json};
use tokio::time::Instant;

fn main() -> ExitCode {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let stage = variable("STAGE");
    // Leaked once per process, so that it lives as long as the logs that use it.
    let name: &'static str = function_name(&variable("AWS_LAMBDA_FUNCTION_NAME"), &stage).leak();
    // The function writes no metrics, so the namespace stays unused.
    function_runtime::main(name, run(Function::new(name, stage, BINARY)))
}

async fn run(function: Function) -> Result<(), Error> {
    // This fails only if a provider is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let log = function.log();
    let new_id = physical_id(function.name());
    // A fault of the settings or the archive needs a response too: without one CloudFormation would wait for its timeout.
    let prepared = prepare(function.name()).map_err(|error| chain(error.as_ref()));
    run_events(&function, async |event: Value, invocation| {
        let log = log.of_request(&invocation.request_id);
        let until = invocation.work_until;
        let work = Box::pin(async {
            // Before the response: a rollback that it triggers may delete the log.
            let fails = |error: &(dyn std::error::Error + 'static)| {
                log.error("apply_migrations", json!({"error": chain(error)}));
            };
            let Prepared { database, endpoint, owner, application, migrations } =
                prepared.as_ref().map_err(Clone::clone)?;
            // A database that does not even refuse the connection leaves nothing else in the log.
            log.started("apply_migrations", json!({"database": database}));
            let limits = ServerLimits::of_work(until.saturating_duration_since(Instant::now()));
            let owner = Pool::new(Endpoint { limits, ..endpoint.clone() }, None, owner.clone());
            let applied = bring_up(&owner, application, migrations, until, |error| fails(error)).await;
            Ok::<_, Error>(applied.inspect_err(|error| fails(error))?)
        });
        handle(event, invocation, &http, &new_id, work).await
    })
    .await
}

/// What every request needs.
struct Prepared {
    /// Address of the database, for the log.
    database: String,
    /// Where it is; how long the server may work follows from each invocation.
    endpoint: Endpoint,
    /// Where the owner's name and password are.
    owner: Arc<SecretsManager>,
    /// Where the application role's password is.
    application: SecretsManager,
    migrations: Vec<Migration>,
}

fn prepare(application_name: &str) -> Result<Prepared, Error> {
    let settings = settings(DbInit::read)?;
    let migrations = migrations(&root(std::env::var("LAMBDA_TASK_ROOT").ok())?)?;
    let database = format!("{}:{}/{}", settings.rds_host, settings.rds_port, settings.rds_database);
    let endpoint = Endpoint {
        host: settings.rds_host,
        hostaddr: Endpoint::hostaddr(|name| std::env::var(name).ok())?,
        port: settings.rds_port,
        database: settings.rds_database,
        tls: Tls::read(&settings.rds_tls, Path::new(&settings.rds_ca_bundle), &settings.stage)?,
        application_name: application_name.to_owned(),
        // Each invocation sets its own; this is Lambda's longest.
        limits: ServerLimits::of_timeout(Duration::from_secs(900)),
    };
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk_config());
    let owner = SecretsManager::new(secrets.clone(), settings.db_owner_secret_arn);
    let application = SecretsManager::new(secrets, settings.db_app_secret_arn);
    Ok(Prepared { database, endpoint, owner: Arc::new(owner), application, migrations })
}
