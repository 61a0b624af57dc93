//! `infra status analytics`: the latest uploads, how many rows are in those that count, and how full the queues are.

use analytics_contract::{Request, State, Status, Upload};
use clap::Args;
use operate::{QueueAttributes, QueueDepths, Queues};
use serde_json::json;
use system::{Failed, Site, StageName, Table, grouped, queue_lines, to_the_second};

use super::deployed::Deployed;
use super::{report, revert};

const HELP: &str = "\
The importer reads it from the database. Exhibitions and slots are the rows in the uploads that count; a row that several of them have is in the number of each, \
and counts once. SQS counts approximately. Times are UTC.

Examples:
  infra status analytics --stage dev
  infra status analytics --json | jq '.uploads[0]'

Exit codes: 0 shown, whatever the state; 1 it failed; 64 nothing is deployed, or the arguments are wrong; 75 AWS or the database was \
busy or unavailable.";

/// In which form.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct StatusArguments {
    /// One JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(site: &Site<'_>, arguments: &StatusArguments) -> Result<(), Failed> {
    let deployed = Deployed::find(site).await?;
    let status = async { deployed.ask::<Status>(&Request::Status).await };
    let queues = async {
        let queues = QueueDepths::find(deployed.stack.cloud.clone(), &deployed.stack.inventory).await?.now().await?;
        // The dead-letter queue of a subscription is no queue's.
        let undelivered = match deployed.stack.optional_output("SubscriptionDLQUrl") {
            Some(url) => deployed.stack.cloud.attributes(url).await?,
            None => None,
        };
        Ok::<_, Failed>((queues, undelivered.as_ref().map_or(0, QueueAttributes::messages)))
    };
    let (status, (queues, undelivered)) = tokio::try_join!(status, queues)?;
    let console = site.console;
    if arguments.json {
        let Status { uploads, exhibitions, slots } = status;
        let document = json!({
            "schema": 1, "stage": site.stage.as_str(), "uploads": uploads, "exhibitions": exhibitions, "slots": slots,
            "queues": queues, "undelivered": undelivered,
        });
        console.data(&document.to_string());
        return Ok(());
    }
    lines(&status, site.stage).iter().for_each(|line| console.data(line));
    console.data("");
    queue_lines(&queues).iter().for_each(|line| console.data(line));
    if queues.iter().any(|queue| queue.dead_letters > 0) {
        let redrive = format!("`infra redrive CsvProcessingQueue --stage {}` tries again those that", site.stage);
        console.data(&format!("a dead letter is a file that was rejected as a whole, which needs a better one, or that could not be read; {redrive} could not be read"));
    }
    if undelivered > 0 {
        let undelivered = grouped(undelivered);
        let url = deployed.stack.optional_output("SubscriptionDLQUrl").unwrap_or_default();
        console.data(&format!("{undelivered} events could not be delivered to the queue; they are kept in {url}"));
    }
    Ok(())
}

fn lines(status: &Status, stage: StageName) -> Vec<String> {
    if status.uploads.is_empty() {
        return vec![format!("no upload yet; `infra upload analytics FILE --stage {stage}` sends one")];
    }
    let head = ["received", "state", "kind", "key", "rows", "rejected", "days", "upload"];
    let mut table = Table::new(&head, &[4, 5]);
    for upload in &status.uploads {
        table.row(vec![
            upload
                .received_at
                .as_deref()
                .or(upload.requested_at.as_deref())
                .map_or_else(|| "-".to_owned(), to_the_second),
            state(upload),
            report::kind(upload.kind),
            report::key(&upload.key),
            grouped(upload.rows_taken),
            grouped(upload.rows_rejected),
            report::days(upload).unwrap_or_else(|| "-".to_owned()),
            upload.id.clone(),
        ]);
    }
    let mut lines = table.lines();
    lines.push(String::new());
    lines.push(revert::totals(status));
    lines
}

fn state(upload: &Upload) -> String {
    match (upload.state, upload.bytes) {
        (State::Reading, Some(bytes)) if bytes > 0 => {
            format!("reading {} %", upload.bytes_done.min(bytes) * 100 / bytes)
        }
        _ => report::state(upload),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::upload;
    use super::*;

    #[test]
    fn uploads_are_a_table_with_what_counts_below() {
        let (mut reading, mut rejected) = (upload(State::Reading), upload(State::Rejected));
        (reading.bytes_done, reading.id) = (431, "7".to_owned());
        rejected.error_kind = Some("unknown_header".to_owned());
        (rejected.kind, rejected.rows_taken, rejected.first_day, rejected.id) = (None, 0, None, "8".to_owned());
        let status = Status { uploads: vec![reading, rejected], exhibitions: 8_987, slots: 720 };
        assert_eq!(
            lines(&status, StageName::Dev),
            [
                "received              state                     kind      key         rows  rejected  days                      upload",
                "2026-04-01T10:00:00Z  reading 43 %              audience  march.csv  8,987         0  2026-03-01 to 2026-03-31  7",
                "2026-04-01T10:00:00Z  rejected, unknown_header  -         march.csv      0         0  -                         8",
                "",
                "the uploads that count have 8,987 exhibitions and 720 slots; what several of them have counts once",
            ]
        );
    }

    #[test]
    fn without_an_upload_the_command_that_makes_one_is_told() {
        let status = Status { uploads: Vec::new(), exhibitions: 0, slots: 0 };
        let told = "no upload yet; `infra upload analytics FILE --stage dev` sends one";
        assert_eq!(lines(&status, StageName::Dev), [told]);
    }
}
