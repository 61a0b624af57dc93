//! `MessagesStatus`: settings, adapters, run. The rules are [`messages_core::StatusApi`]'s.

mod page;

use std::process::ExitCode;

use function_http::{Docs, ErrorForm, serve_in_form};
use function_runtime::{Error, Function, sdk_config, settings};
use messages_auth::Verifier;
use messages_auth_store::SigningKeysSecret;
use messages_contract::{STATUS, Status, api_metric};
use messages_core::StatusApi;
use messages_store::{FifoQueue, MessagesTable, SystemClock};
use uuid::Uuid;

fn main() -> ExitCode {
    function_runtime::main(STATUS.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(Status::read)?;
    let function = Function::new(STATUS.name, settings.stage.clone(), api_metric::NAMESPACE);
    let aws = sdk_config();
    let queues = aws_sdk_sqs::Client::new(&aws);
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let api = StatusApi {
        function: &function,
        table: &MessagesTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.messages_table),
        main: &FifoQueue::new(&queues, settings.sqs_main_url, "the main queue", STATUS.name),
        dead_letters: &FifoQueue::new(&queues, settings.sqs_dead_letter_url, "the dead-letter queue", STATUS.name),
        users: &Verifier::new(SigningKeysSecret::new(secrets, settings.signing_keys_secret_arn), settings.token_issuer),
        clock: &SystemClock,
        page: page::page(),
        docs: &Docs::of_archive(),
        stage: &settings.stage,
    };
    serve_in_form(&function, ErrorForm::asked_by, async |request, invocation| {
        api.respond(&request, Uuid::new_v4(), invocation).await
    })
    .await
}
