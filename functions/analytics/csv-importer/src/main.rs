//! `CsvImporter`: settings, adapters, run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use analytics_contract::{CSV_IMPORTER, CsvImporter, STORED_REJECTED_ROWS, metric};
use analytics_core::Notification;
use analytics_store::{Database, Limits};
use csv_importer::{Answer, Event, Importer, Uploads, answer, trace_id};
use function_postgres::{Endpoint, Pool, SecretsManager, ServerLimits, Tls};
use function_runtime::{
    Batch, Error, Function, Input, Invocation, Message, Queue, each, run_events, sdk_config, settings,
};

/// A cluster that is paused resumes within it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows that are committed together: more would be read again after a kill, fewer would cost a round trip each.
const PIECE_ROWS: u64 = 200_000;

fn main() -> ExitCode {
    function_runtime::main(CSV_IMPORTER.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(CsvImporter::read)?;
    let function = Function::new(CSV_IMPORTER.name, settings.stage.clone(), metric::NAMESPACE);
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
    let queues = aws_sdk_sqs::Client::new(&aws);
    let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(std::env::var_os("AWS_ENDPOINT_URL").is_some());
    let input = Input::new(&queues, settings.sqs_input_url, settings.sqs_max_receive_count);
    let importer = Importer {
        function: &function,
        database: Database::new(Pool::new(endpoint, Some(settings.rds_user), Arc::new(secret)), PATIENCE),
        objects: Uploads::new(aws_sdk_s3::Client::from_conf(s3.build())),
        queue: input.queue().clone(),
        limits: Limits {
            reject_above_percent: settings.reject_above_percent,
            rejected_rows: usize::from(STORED_REJECTED_ROWS),
            piece_rows: PIECE_ROWS,
        },
    };
    let one = async |message: Message<Notification>, invocation: &Invocation| {
        importer.notified(&message.body, message.hand_ons, invocation).await
    };
    let batch = Batch {
        function: &function,
        dead_letters: &Queue::new(&queues, settings.sqs_dead_letter_url),
        input: &input,
        trace_id,
        handler: async |messages, invocation: &_| each(messages, invocation, &one).await,
    };
    run_events(&function, async |event: Event, invocation| match event {
        Event::Batch(event) => Ok(Answer::Batch(Box::pin(batch.handle(&event, invocation)).await)),
        Event::Operator(request) => Box::pin(answer(&importer.database, request)).await.map(Answer::Operator),
    })
    .await
}
