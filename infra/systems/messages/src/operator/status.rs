//! `infra status messages`: how full the queues are, and how many messages are not saved, since when. Uses the operator's own permissions, and no
//! token of the API.

use clap::Args;
use jiff::Timestamp;
use operate::QueueDepths;
use serde_json::json;
use system::{DeployedStack, Failed, Site, StageName, Table, age, grouped, queue_lines};

use super::open::{Open, STATUSES, open};
use crate::stack;

const HELP: &str = "\
What is not saved is read from the table's index; SQS counts approximately. The age is that of the status: for how long the oldest message has \
been in it.

Examples:
  infra status messages --stage dev
  infra status messages --json | jq '.open[] | select(.status == \"DEAD\").count'

Exit codes: 0 shown, whatever the state; 1 it failed; 64 nothing is deployed, or the arguments are wrong; 75 AWS was busy or unavailable.";

/// In which form.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct StatusArguments {
    /// One JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(site: &Site<'_>, arguments: &StatusArguments) -> Result<(), Failed> {
    let deployed = DeployedStack::find(site, stack::NAME).await?;
    let queues = async { QueueDepths::find(deployed.cloud.clone(), &deployed.inventory).await?.now().await };
    let (queues, open) = tokio::try_join!(queues, open(site.config, deployed.output("MessagesTableName")?))?;
    let console = site.console;
    if arguments.json {
        let document = json!({"schema": 1, "stage": site.stage.as_str(), "queues": queues, "open": open});
        console.data(&document.to_string());
        return Ok(());
    }
    queue_lines(&queues).iter().for_each(|line| console.data(line));
    console.data("");
    lines(&open, Timestamp::now()).iter().for_each(|line| console.data(line));
    next_commands(&open, site.stage).iter().for_each(|line| console.note(line));
    Ok(())
}

fn lines(open: &[Open], now: Timestamp) -> Vec<String> {
    if open.iter().all(|open| open.count == 0) {
        return vec!["every message is saved".to_owned()];
    }
    let mut table = Table::new(&["not saved", "messages", "oldest for", ""], &[1, 2]);
    for Open { status, count, oldest_since } in open {
        let meaning = STATUSES.iter().find(|(known, _)| known == status).map_or("", |(_, meaning)| meaning);
        let oldest = oldest_since.map_or_else(|| "-".to_owned(), |since| age(now.duration_since(since)));
        table.row(vec![(*status).to_owned(), grouped(*count), oldest, meaning.to_owned()]);
    }
    table.lines()
}

fn next_commands(open: &[Open], stage: StageName) -> Option<String> {
    let dead = open.iter().find(|open| open.status == "DEAD")?;
    (dead.count > 0).then(|| format!("`infra dead messages --stage {stage}` shows the reasons"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_saved_is_counted_with_the_age_of_the_oldest() {
        let open = |status, count, since: Option<&str>| Open {
            status,
            count,
            oldest_since: since.map(|since| since.parse().unwrap()),
        };
        let now = "2026-11-02T13:43:50Z".parse().unwrap();
        let some = [
            open("ACCEPTED", 0, None),
            open("QUEUED", 1_200, Some("2026-11-02T13:43:38.862912Z")),
            open("DEAD", 3, Some("2026-11-01T10:00:00Z")),
            open("PARKED", 0, None),
        ];
        assert_eq!(
            lines(&some, now)[..4],
            [
                "not saved  messages  oldest for",
                "ACCEPTED          0           -  not yet on the queue; the sweeper sends them after a minute",
                "QUEUED        1,200         11s  on the queue",
                "DEAD              3       1d03h  in the dead-letter queue, with a reason",
            ]
        );
        assert_eq!(
            next_commands(&some, StageName::Dev).unwrap(),
            "`infra dead messages --stage dev` shows the reasons"
        );
        assert_eq!(lines(&[open("QUEUED", 0, None)], now), ["every message is saved"]);
    }
}
