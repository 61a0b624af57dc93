//! `MessagesSweeper`: settings, adapters, and what is done each minute. The rules are in `messages-core`.

use std::process::ExitCode;
use std::time::Duration;

use function_runtime::{Error, Failure, Function, Invocation, run_events, sdk_config, settings};
use messages_contract::{SWEEPER, Sweeper, api_metric};
use messages_core::{Fault, Reprocessing, continue_jobs, note_moved, park_old, sweep_accepted};
use messages_store::{FifoQueue, MessagesTable, SystemClock};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

/// How long one sweep goes on: the next begins a minute after it.
const SWEEP: Duration = Duration::from_secs(50);

fn main() -> ExitCode {
    function_runtime::main(SWEEPER.name, run())
}

/// What was done, as the response.
#[derive(Debug, Serialize)]
struct Swept {
    /// Messages that were accepted and had not been sent.
    sent: u32,
    /// Letters that SQS had moved.
    noted: u32,
    /// Messages that a queue does not keep any longer.
    parked: u32,
    /// Jobs that went on.
    jobs: usize,
}

async fn run() -> Result<(), Error> {
    let settings = settings(Sweeper::read)?;
    let function = Function::new(SWEEPER.name, settings.stage, api_metric::NAMESPACE);
    let aws = sdk_config();
    let queues = aws_sdk_sqs::Client::new(&aws);
    let table = MessagesTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.messages_table);
    let main = FifoQueue::new(&queues, settings.sqs_main_url, "the main queue", SWEEPER.name);
    let dead_letters = FifoQueue::new(&queues, settings.sqs_dead_letter_url, "the dead-letter queue", SWEEPER.name);
    let clock = SystemClock;
    run_events(&function, async |_: serde_json::Value, invocation: &Invocation| {
        let until = invocation.work_until.min(Instant::now() + SWEEP);
        let reprocessing = Reprocessing { table: &table, main: &main, dead_letters: &dead_letters, clock: &clock };
        let failed = |fault: Fault| Failure::transient(fault);
        let sent = sweep_accepted(&table, &main, &dead_letters, &clock, until).await.map_err(failed)?;
        let noted = note_moved(&table, &dead_letters, &clock, until).await.map_err(failed)?;
        let parked = park_old(&table, &clock, until).await.map_err(failed)?;
        let jobs = continue_jobs(&reprocessing, until).await.map_err(failed)?;
        let total = |count: fn(&messages_core::Done) -> u32| jobs.iter().map(|job| u64::from(count(&job.done))).sum();
        function
            .metrics()
            .also_without_dimensions()
            .count(api_metric::MESSAGES_SWEPT, u64::from(sent))
            .count(api_metric::MESSAGES_REPROCESSED, total(|done| done.total_reprocessed))
            .count(api_metric::DLQ_MAX_RETRIES_REACHED, total(|done| done.parked))
            .emit();
        let log = function.log().of_request(&invocation.request_id);
        log.success("sweep", json!({"sent": sent, "noted": noted, "parked": parked, "jobs": jobs}));
        Ok(Swept { sent, noted, parked, jobs: jobs.len() })
    })
    .await
}
