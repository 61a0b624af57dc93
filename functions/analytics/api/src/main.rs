//! `AnalyticsApi`: settings, adapters, run. The rules are [`analytics_core::Api`]'s.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use analytics_api::{HTML, S3Signer, SystemClock, policy};
use analytics_contract::{ANALYTICS_API, AnalyticsApi, metric};
use analytics_core::{Answers, Api, Page, REALM};
use analytics_store::Database;
use contract::Authorizations;
use function_http::{Access, Docs, ErrorForm, TokenSecret, serve_in_form};
use function_postgres::{Endpoint, Pool, SecretsManager, ServerLimits, Tls};
use function_runtime::{Error, Function, sdk_config, settings};
use uuid::Uuid;

/// A client waits for the answer; a cluster that is paused takes longer to resume, and the client is told when to come back.
const PATIENCE: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    function_runtime::main(ANALYTICS_API.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(AnalyticsApi::read)?;
    let aws = sdk_config();
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let authorizations =
        Authorizations { writing: settings.authorization_writing, reading: settings.authorization_reading };
    let tokens = authorizations.need_token().then(|| TokenSecret::new(secrets.clone(), settings.token_secret_arn));
    let access = Access { authorizations, realm: REALM, tokens: &tokens };
    let function = Function::new(ANALYTICS_API.name, settings.stage.clone(), metric::NAMESPACE);
    let signer = S3Signer::new(&aws, &settings.uploads_bucket)?;
    let endpoint = Endpoint {
        host: settings.rds_host,
        hostaddr: Endpoint::hostaddr(|name| std::env::var(name).ok())?,
        port: settings.rds_port,
        database: settings.rds_database,
        tls: Tls::read(&settings.rds_tls, Path::new(&settings.rds_ca_bundle), &settings.stage)?,
        application_name: function.name().to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(settings.function_timeout_seconds.into())),
    };
    let secret = SecretsManager::new(secrets, settings.db_secret_arn);
    let database = Database::new(Pool::new(endpoint, Some(settings.rds_user), Arc::new(secret)), PATIENCE);
    let policy = policy(signer.origin());
    let page = Page { html: HTML, policy: &policy };
    let answers = Answers::default();
    let docs = Docs::of_archive();
    let clock = &SystemClock;
    let (answers, docs) = (&answers, &docs);
    let api = Api { store: &database, signer: &signer, access, clock, answers, page, docs };
    serve_in_form(&function, ErrorForm::asked_by, async |request, _| api.respond(&request, Uuid::new_v4()).await).await
}
