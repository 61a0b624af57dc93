//! `FipeSomaIngestor`: settings, adapters, run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use fipe_contract::{SOMA_INGESTOR, SomaIngestor, metric};
use fipe_soma_ingestor::{Answer, Event, Ingestor, SnsTopic, trace_id};
use function_postgres::{Endpoint, Pool, SecretsManager, ServerLimits, Tls};
use function_runtime::{Batch, Error, Function, Input, Queue, run_events, sdk_config, settings};

fn main() -> ExitCode {
    function_runtime::main(SOMA_INGESTOR.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(SomaIngestor::read)?;
    let function = Function::new(SOMA_INGESTOR.name, settings.stage.clone(), metric::NAMESPACE);
    let aws = sdk_config();
    let endpoint = Endpoint {
        host: settings.rds_host,
        hostaddr: Endpoint::hostaddr(|name| std::env::var(name).ok())?,
        port: settings.rds_port,
        database: settings.rds_database,
        tls: Tls::read(&settings.rds_tls, Path::new(&settings.rds_ca_bundle), &settings.stage)?,
        application_name: function.name().to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(settings.function_timeout_seconds.into())),
    };
    let secret = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&aws), settings.db_secret_arn);
    let pool = Pool::new(endpoint, Some(settings.rds_user), Arc::new(secret));
    let topic = SnsTopic::new(aws_sdk_sns::Client::new(&aws), settings.crawl_complete_topic_arn);
    let ingestor = Ingestor::new(&function, pool, topic);
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let batch = Batch {
        function: &function,
        dead_letters: &Queue::new(&sqs, settings.sqs_dead_letter_url),
        input: &Input::new(&sqs, settings.sqs_input_url, settings.sqs_max_receive_count),
        trace_id,
        handler: async |messages, invocation: &_| ingestor.ingest(messages, invocation).await,
    };
    run_events(&function, async |event: Event, invocation| match event {
        Event::Batch(event) => Ok(Answer::Batch(Box::pin(batch.handle(&event, invocation)).await)),
        Event::Status { status } => Box::pin(ingestor.status(status)).await.map(Answer::Status),
    })
    .await
}
