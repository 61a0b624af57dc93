//! Alarms and the dashboard: what was given up, what waits, who tries to get in, and how the API answers.

use std::time::Duration;

use constructs::{
    Alarm, Dashboard, DeadLetterQueue, HttpApi, Metric, Queue, RustFunction, Stack, Table, Topic, Widget,
};
use messages_contract::{api_metric, worker_metric};
use system::Stage;

/// Seconds after which an accepted message should have been saved, or failed for good: a retry takes as long as the visibility timeout.
const OLDEST_MESSAGE: u32 = 15 * 60;
/// Milliseconds. A login takes a tenth of a second of a whole core, and a client may ask to wait for 20 s for what becomes of a message, so only
/// an average says something.
const SLOW: u32 = 1000;
/// Logins that fail in five minutes: people mistype, and after five failures an address is locked out.
const FAILED_LOGINS: u32 = 50;
/// Messages in a quarter of an hour that were accepted and had to be queued by the sweeper. A few are functions that ended between the two.
const SWEPT: u32 = 10;
const SWEPT_IN: Duration = Duration::from_secs(15 * 60);

/// What is watched.
pub(crate) struct Monitored<'a> {
    pub(crate) api: &'a HttpApi,
    pub(crate) queue: &'a Queue,
    pub(crate) table: &'a Table,
    /// What the schedule could not deliver.
    pub(crate) unsent: &'a DeadLetterQueue,
    pub(crate) login: &'a RustFunction,
    pub(crate) producer: &'a RustFunction,
    pub(crate) status: &'a RustFunction,
    pub(crate) worker: &'a RustFunction,
    pub(crate) sweeper: &'a RustFunction,
}

impl<'a> Monitored<'a> {
    fn functions(&self) -> [&'a RustFunction; 5] {
        [self.login, self.producer, self.status, self.worker, self.sweeper]
    }
}

pub(crate) fn add_monitoring(stack: &mut Stack, stage: &Stage, monitored: &Monitored<'_>, topic: &Topic) {
    add_alarms(stack, stage, monitored, topic);
    add_dashboard(stack, stage, monitored);
}

fn add_alarms(stack: &mut Stack, stage: &Stage, monitored: &Monitored<'_>, topic: &Topic) {
    let Monitored { api, queue, table, unsent, login, status, sweeper, .. } = monitored;
    let mut alarm = |id: &str, metric: Metric, threshold, text: &str| {
        Alarm::new(stack, &format!("{id}Alarm"), &metric, threshold, text, topic);
    };
    let own = |function, name| stage.metric(api_metric::NAMESPACE, function, name);
    let dead = queue.dead_letter_queue();
    let text = format!("{} has messages: read their reason.", dead.queue_name());
    alarm("DeadLetters", dead.metric_messages_visible(), 0, &text);
    let text = format!("A message has waited in {} for a quarter of an hour.", queue.queue_name());
    alarm("OldestMessage", queue.metric_age_of_oldest_message(), OLDEST_MESSAGE, &text);
    for function in [status, sweeper] {
        let parked = own(function, api_metric::DLQ_MAX_RETRIES_REACHED);
        let text =
            "A dead letter was replayed as often as is allowed, and is parked: mend its cause, then send it by its id.";
        alarm(&format!("{}MaxRetriesReached", function.id()), parked, 0, text);
    }
    let swept = Metric { period: SWEPT_IN, ..own(sweeper, api_metric::MESSAGES_SWEPT) };
    alarm(
        "MessagesSwept",
        swept,
        SWEPT,
        "Messages are accepted and not queued: the producer ends before it has sent them.",
    );
    let text = format!("{} has events: Scheduler could not invoke the sweeper.", unsent.queue_name());
    alarm("Unsent", unsent.metric_messages_visible(), 0, &text);
    let failed = own(login, api_metric::FAILED_LOGINS);
    alarm("FailedLogins", failed, FAILED_LOGINS, "More logins fail than people mistype: somebody tries passwords.");
    alarm("ServerErrors", api.metric_server_error(), 0, "The API answers with 5xx.");
    let slow = Metric { statistic: "Average", ..api.metric_latency() };
    alarm("Latency", slow, SLOW, "Calls take longer than a second on average.");
    alarm("TableReadThrottles", table.metric_read_throttles(), 0, "DynamoDB turns reads of the table away.");
    alarm("TableWriteThrottles", table.metric_write_throttles(), 0, "DynamoDB turns writes to the table away.");
    Alarm::of_functions(stack, &monitored.functions(), topic);
}

fn add_dashboard(stack: &mut Stack, stage: &Stage, monitored: &Monitored<'_>) {
    let Monitored { api, queue, table, login, producer, status, worker, sweeper, .. } = monitored;
    let own = |function, name| stage.metric(api_metric::NAMESPACE, function, name);
    let of_worker = |name| stage.metric(worker_metric::NAMESPACE, worker, name);
    let dead = queue.dead_letter_queue().metric_messages_visible();
    let processing_time = Metric { statistic: "p99", ..own(producer, api_metric::PROCESSING_TIME) };
    let widgets = [
        Widget {
            title: "Messages: sent, saved",
            metrics: vec![own(producer, api_metric::MESSAGES_SENT), of_worker(worker_metric::MESSAGES_SAVED)],
        },
        Widget {
            title: "Messages: known before, invalid, acknowledged",
            metrics: [
                worker_metric::DUPLICATE_MESSAGES,
                worker_metric::INVALID_MESSAGES,
                worker_metric::MESSAGES_DELETED,
            ]
            .map(of_worker)
            .into(),
        },
        Widget {
            title: "Dead letters: new, replayed, parked",
            metrics: vec![
                of_worker(contract::metric::PERMANENT_FAILURES),
                own(status, api_metric::MESSAGES_REPROCESSED),
                own(sweeper, api_metric::MESSAGES_REPROCESSED),
                own(status, api_metric::DLQ_MAX_RETRIES_REACHED),
                own(sweeper, api_metric::DLQ_MAX_RETRIES_REACHED),
            ],
        },
        Widget {
            title: "Accepted, and queued by the sweeper",
            metrics: vec![own(sweeper, api_metric::MESSAGES_SWEPT)],
        },
        Widget { title: "Messages: waiting, dead", metrics: vec![queue.metric_messages_visible(), dead] },
        Widget { title: "Oldest message (s)", metrics: vec![queue.metric_age_of_oldest_message()] },
        Widget {
            title: "Logins: successful, failed",
            metrics: vec![own(login, api_metric::SUCCESSFUL_LOGINS), own(login, api_metric::FAILED_LOGINS)],
        },
        Widget { title: "From the request to the queue, slowest in a hundred (s)", metrics: vec![processing_time] },
        Widget { title: "Requests", metrics: vec![api.metric_count()] },
        Widget {
            title: "Refused (4xx), failed (5xx)",
            metrics: vec![api.metric_client_error(), api.metric_server_error()],
        },
        Widget {
            title: "Errors of the API, by function",
            metrics: [login, producer, status].map(|function| own(function, api_metric::ERRORS)).into(),
        },
        Widget { title: "Slowest in a hundred (ms)", metrics: vec![api.metric_latency()] },
        Widget {
            title: "Table: turned away, failed checks and writes",
            metrics: vec![
                table.metric_read_throttles(),
                table.metric_write_throttles(),
                of_worker(worker_metric::DYNAMODB_SAVE_ERROR),
            ],
        },
    ];
    let widgets = [widgets.as_slice(), &Widget::of_functions(&monitored.functions())].concat();
    Dashboard::new(stack, "Dashboard", format!("messages-{}", stage.name), &widgets);
}
