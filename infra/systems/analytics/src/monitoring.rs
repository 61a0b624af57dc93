//! Alarms and the dashboard: what was lost or has stopped, what was rejected, and how the API answers.

use analytics_contract::metric;
use constructs::{Alarm, Dashboard, DeadLetterQueue, HttpApi, Metric, Queue, RustFunction, Stack, Topic, Widget};
use system::{Database, Stage};

/// Seconds after which an uploaded file should have been read, or failed for good: a retry takes half an hour.
const OLDEST_MESSAGE: u32 = 3600;
/// Percent of a file's rows. A few wrong rows are the uploader's business, who sees them in the report.
const REJECTED_PERCENT: u32 = 1;
/// Milliseconds. The first call to a new instance takes a few hundred.
const SLOW: u32 = 1000;

/// What is watched.
pub(crate) struct Monitored<'a> {
    pub(crate) api: &'a HttpApi,
    pub(crate) queue: &'a Queue,
    /// What the topic could not deliver.
    pub(crate) undelivered: &'a DeadLetterQueue,
    pub(crate) importer: &'a RustFunction,
    pub(crate) reader: &'a RustFunction,
}

pub(crate) fn add_monitoring(
    stack: &mut Stack,
    stage: &Stage,
    database: &Database,
    monitored: &Monitored<'_>,
    topic: &Topic,
) {
    add_alarms(stack, stage, monitored, topic);
    system_database::add_alarms(stack, database, topic);
    add_dashboard(stack, stage, database, monitored);
}

fn add_alarms(stack: &mut Stack, stage: &Stage, monitored: &Monitored<'_>, topic: &Topic) {
    let Monitored { api, queue, undelivered, importer, reader } = monitored;
    let mut alarm = |id: &str, metric: Metric, threshold, text: &str| {
        Alarm::new(stack, &format!("{id}Alarm"), &metric, threshold, text, topic);
    };
    let dead = queue.dead_letter_queue();
    let text = format!("{} has files: read their reason.", dead.queue_name());
    alarm("DeadLetters", dead.metric_messages_visible(), 0, &text);
    let text =
        format!("{} has events: SNS could not deliver them to the queue. Redrive them.", undelivered.queue_name());
    alarm("Undelivered", undelivered.metric_messages_visible(), 0, &text);
    let text = format!("A file has waited in {} for an hour.", queue.queue_name());
    alarm("OldestMessage", queue.metric_age_of_oldest_message(), OLDEST_MESSAGE, &text);
    let count = |name| stage.metric(metric::NAMESPACE, importer, name);
    alarm("FilesRejected", count(metric::FILES_REJECTED), 0, "A file was rejected as a whole: its report says why.");
    let share = Metric { statistic: "Maximum", ..count(metric::REJECTED_SHARE) };
    let text =
        "More than a hundredth of a file was rejected: its report has the rows, to be mended and uploaded again.";
    alarm("RejectedShare", share, REJECTED_PERCENT, text);
    let text = "A program that a signal showed each week is missing in its latest week: a file may have stayed away.";
    alarm("GroupsSilent", count(metric::GROUPS_SILENT), 0, text);
    alarm("ServerErrors", api.metric_server_error(), 0, "The API answers with 5xx.");
    alarm("Latency", api.metric_latency(), SLOW, "One in a hundred calls takes longer than a second.");
    Alarm::of_functions(stack, &[importer, reader], topic);
}

fn add_dashboard(stack: &mut Stack, stage: &Stage, database: &Database, monitored: &Monitored<'_>) {
    let Monitored { api, queue, undelivered, importer, reader } = monitored;
    let own =
        |names: &[&'static str]| names.iter().map(|name| stage.metric(metric::NAMESPACE, importer, name)).collect();
    let dead = queue.dead_letter_queue().metric_messages_visible();
    let widgets = [
        Widget { title: "Files: applied, rejected", metrics: own(&[metric::FILES_APPLIED, metric::FILES_REJECTED]) },
        Widget { title: "Rows: taken, rejected", metrics: own(&[metric::ROWS_TAKEN, metric::ROWS_REJECTED]) },
        Widget {
            title: "Files: handed on, given up",
            metrics: own(&[metric::HANDED_ON, contract::metric::PERMANENT_FAILURES]),
        },
        Widget {
            title: "Messages: waiting, dead, undelivered",
            metrics: vec![queue.metric_messages_visible(), dead, undelivered.metric_messages_visible()],
        },
        Widget { title: "Oldest message (s)", metrics: vec![queue.metric_age_of_oldest_message()] },
        Widget { title: "Requests", metrics: vec![api.metric_count()] },
        Widget {
            title: "Refused (4xx), failed (5xx)",
            metrics: vec![api.metric_client_error(), api.metric_server_error()],
        },
        Widget { title: "Slowest in a hundred (ms)", metrics: vec![api.metric_latency()] },
    ];
    let functions = Widget::of_functions(&[importer, reader]);
    let widgets = [widgets.as_slice(), &functions, &system_database::widgets(database)].concat();
    Dashboard::new(stack, "Dashboard", format!("analytics-{}", stage.name), &widgets);
}
