//! `WorkerConsumerSqs`: settings, adapters, run. The rules are [`messages_core::Worker`]'s.

use std::process::ExitCode;

use function_runtime::{Error, Function, Input, Queue, run_fifo_batches, sdk_config, settings};
use messages_contract::{WORKER, worker_metric};
use messages_core::{Currencies, Envelope, Recorded, Worker};
use messages_store::{MessagesTable, SystemClock};

fn main() -> ExitCode {
    function_runtime::main(WORKER.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(messages_contract::Worker::read)?;
    let currencies = Currencies::read(&settings.currencies)?;
    let function = Function::new(WORKER.name, settings.stage, worker_metric::NAMESPACE);
    let aws = sdk_config();
    let table = MessagesTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.messages_table);
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let queue = Queue::new(&sqs, settings.sqs_dead_letter_url);
    let input = Input::new(&sqs, settings.sqs_input_url, settings.sqs_max_receive_count);
    let dead_letters = Recorded { function: &function, table: &table, clock: &SystemClock, queue };
    let worker = Worker { function: &function, table: &table, clock: &SystemClock, currencies: &currencies };
    let trace_id = |envelope: &Envelope| envelope.message_id.to_string();
    run_fifo_batches(&function, &dead_letters, &input, trace_id, async |message, invocation: &_| {
        worker.handle(message, invocation).await
    })
    .await
}
