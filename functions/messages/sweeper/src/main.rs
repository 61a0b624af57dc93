//! `MessagesSweeper`: settings, adapters, and what is done each minute. The rules are in `messages-core`.

use std::process::ExitCode;
use std::time::Duration;

use function_runtime::{Error, Failure, Function, Invocation, run_events, sdk_config, settings};
use messages_contract::{SWEEPER, Sweeper, api_metric};
use messages_core::{Done, Looked, Reprocessing, continue_jobs, look_at_letters, park_old, sweep_accepted};
use messages_store::{FifoQueue, MessagesTable, SystemClock};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

/// How long one sweep goes on: the next begins a minute after it.
const SWEEP: Duration = Duration::from_secs(50);

fn main() -> ExitCode {
    function_runtime::main(SWEEPER.name, run())
}

/// What was done, as the response.
#[derive(Debug, Serialize)]
struct Report {
    /// Messages that were accepted and had not been sent.
    sent: u32,
    /// Letters that SQS had moved.
    noted: u32,
    /// Letters of messages that were saved, sent again or parked since.
    deleted: u32,
    /// Messages that a queue does not keep any longer.
    parked: u32,
    /// What jobs did.
    jobs: Done,
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
        // Each by itself: what fails must not keep the others from being done.
        let sent = sweep_accepted(&table, &main, &dead_letters, &clock, until).await;
        let looked = look_at_letters(&table, &dead_letters, &clock, Uuid::new_v4(), until).await;
        let parked = park_old(&table, &clock, until).await;
        let jobs = continue_jobs(&reprocessing, until).await;
        let Looked { noted, deleted } = looked.done;
        let swept = Report { sent: sent.done, noted, deleted, parked: parked.done, jobs: jobs.done };
        function
            .metrics()
            .also_without_dimensions()
            .count(api_metric::MESSAGES_SWEPT, u64::from(swept.sent))
            .count(api_metric::MESSAGES_REPROCESSED, u64::from(swept.jobs.total_reprocessed))
            .count(api_metric::DLQ_MAX_RETRIES_REACHED, u64::from(swept.jobs.parked + swept.parked))
            .emit();
        let log = function.log().of_request(&invocation.request_id);
        let faults = [("send", sent.fault), ("look", looked.fault), ("park", parked.fault), ("jobs", jobs.fault)];
        let mut first = None;
        for (part, fault) in faults {
            if let Some(fault) = fault {
                log.error("sweep", json!({"part": part, "reason": function_runtime::chain(&fault)}));
                first.get_or_insert(fault);
            }
        }
        match first {
            None => {
                log.success("sweep", json!(swept));
                Ok(swept)
            }
            Some(fault) => {
                log.skipped("sweep", json!(swept));
                Err(Failure::transient(fault))
            }
        }
    })
    .await
}
