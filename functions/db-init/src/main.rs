//! `FipeDbInit`: settings, adapters, run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use contract::DbInit;
use db_init::{bring_up, handle, migrations};
use function_postgres::{Endpoint, Pool, SecretsManager, Tls};
use function_runtime::{Error, Function, run_events, sdk_config, settings};
use serde_json::Value;

fn main() -> ExitCode {
    function_runtime::main("FipeDbInit", run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(DbInit::read)?;
    let function = Function::new("FipeDbInit", settings.stage.clone(), "Fipe");
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk_config());
    let endpoint = Endpoint {
        host: settings.rds_host,
        hostaddr: Endpoint::hostaddr(|name| std::env::var(name).ok())?,
        port: settings.rds_port,
        database: settings.rds_database,
        tls: Tls::read(&settings.rds_tls, Path::new(&settings.rds_ca_bundle), &settings.stage)?,
        application_name: function.name().to_owned(),
    };
    let owner = Pool::new(endpoint, None, Arc::new(SecretsManager::new(secrets.clone(), settings.db_owner_secret_arn)));
    let application = Arc::new(SecretsManager::new(secrets, settings.db_app_secret_arn));
    let migrations = migrations("fipe");
    // Installing it twice is the only way this fails, and then it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    run_events(&function, async |event: Value, invocation| {
        let work = Box::pin(bring_up(&owner, application.clone(), &migrations));
        handle(event, invocation, &http, work).await
    })
    .await
}
