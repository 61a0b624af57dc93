//! `ApiProducerSqs`: settings, adapters, run. The rules are [`messages_core::ProducerApi`]'s.

use std::process::ExitCode;

use function_http::{ErrorForm, serve_in_form};
use function_runtime::{Error, Function, sdk_config, settings};
use messages_auth::Verifier;
use messages_auth_store::SigningKeysSecret;
use messages_contract::{PRODUCER, Producer, api_metric};
use messages_core::ProducerApi;
use messages_store::{FifoQueue, MessagesTable, SystemClock};
use uuid::Uuid;

fn main() -> ExitCode {
    function_runtime::main(PRODUCER.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(Producer::read)?;
    let function = Function::new(PRODUCER.name, settings.stage, api_metric::NAMESPACE);
    let aws = sdk_config();
    let queues = aws_sdk_sqs::Client::new(&aws);
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let api = ProducerApi {
        function: &function,
        table: &MessagesTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.messages_table),
        main: &FifoQueue::new(&queues, settings.sqs_main_url, "the main queue", PRODUCER.name),
        dead_letters: &FifoQueue::new(&queues, settings.sqs_dead_letter_url, "the dead-letter queue", PRODUCER.name),
        users: &Verifier::new(SigningKeysSecret::new(secrets, settings.signing_keys_secret_arn), settings.token_issuer),
        clock: &SystemClock,
        messages_per_minute: settings.messages_per_minute,
    };
    serve_in_form(&function, ErrorForm::asked_by, async |request, _| api.respond(&request, Uuid::new_v4()).await).await
}
