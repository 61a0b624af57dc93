//! `infra status`: the state of a stage, one table per kind of resource. Uses only the stacks' own resources.

use clap::Args;
use jiff::{Timestamp, Unit};
use operate::aws::AwsCloud;
use operate::{QueueStatus, Resource, Status, status};
use system::{StageName, Table, grouped};

use crate::args::selection::Selection;
use crate::commands::of_system::OfStatus;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::paint::Paint;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
Everything is found in the stacks' own resources, and read from the service itself. SQS counts approximately. The state of drift \
is the last one found; `infra drift` checks again. Times are UTC.

Examples:
  infra status --stage dev
  infra status --stage dev --json | jq '.queues[].logical_id'
  {examples of systems}

Exit codes: 0 shown, whatever the state; 64 the arguments are wrong; 75 AWS was unavailable.";

/// Which stage, and in which form; or of which system.
#[derive(Debug, Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct StatusArguments {
    #[command(subcommand)]
    pub(crate) system: Option<OfStatus>,
    #[command(flatten)]
    selection: Selection,
    /// One JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    repository: &Repository,
    terminal: &Terminal,
    arguments: &StatusArguments,
) -> Result<(), Failure> {
    let selection = &arguments.selection;
    let stacks = selection.stacks(repository, &[])?;
    let cloud = AwsCloud::new(&selection.connect(repository).await?.config);
    let found = status(&cloud, &stack_names(&stacks), Timestamp::now()).await?;
    if arguments.json {
        let mut document = serde_json::to_value(&found)?;
        document["schema"] = 1.into();
        document["stage"] = selection.stage.as_str().into();
        terminal.data(&document.to_string());
        return Ok(());
    }
    for line in lines(&found, selection.stage, terminal.data_paint()) {
        terminal.data(&line);
    }
    Ok(())
}

fn lines(status: &Status, stage: StageName, paint: Paint) -> Vec<String> {
    let mut lines = stack_lines(status, stage);
    let mut section = |table: Table, rows: usize| {
        if rows > 0 {
            lines.push(String::new());
            lines.extend(table.lines());
        }
    };
    section(functions(status), status.functions.len());
    section(queues(status), status.queues.len());
    section(mappings(status), status.event_source_mappings.len());
    section(schedules(status), status.schedules.len());
    let failures = |queue: &QueueStatus| match (&queue.attributes, queue.failures_of.is_empty()) {
        (Some(attributes), false) => attributes.messages(),
        _ => 0,
    };
    if status.queues.iter().any(|queue| queue.dead_letter_count() + failures(queue) > 0) {
        lines.push(String::new());
    }
    for queue in &status.queues {
        if failures(queue) > 0 {
            lines.push(paint.red(&format!(
                "! {} failures of {} in {}; inspect them and start the work again: no queue takes them back",
                grouped(failures(queue)),
                queue.failures_of.join(", "),
                queue.resource.name()
            )));
        }
        if queue.dead_letter_count() > 0 {
            lines.push(paint.red(&format!(
                "! {} dead letters of {}; look into their `reason`, then `infra redrive {} --stage {stage}`",
                grouped(queue.dead_letter_count()),
                queue.resource.name(),
                queue.resource.logical_id
            )));
        }
    }
    lines
}

fn stack_lines(status: &Status, stage: StageName) -> Vec<String> {
    let mut table = Table::new(&["stack", "status", "last change", "drift", "protected"], &[]);
    for stack in &status.stacks {
        let cells = match &stack.found {
            Some(found) => [
                found.status.clone(),
                time(found.changed_at),
                match found.drift_checked_at {
                    Some(at) => format!("{} at {}", found.drift, time(Some(at))),
                    None => found.drift.clone(),
                },
                if found.termination_protection { "yes" } else { "no" }.to_owned(),
            ],
            None => {
                [format!("not deployed; `infra deploy --stage {stage}`"), String::new(), String::new(), String::new()]
            }
        };
        table.row(std::iter::once(stack.stack_name.clone()).chain(cells).collect());
    }
    table.lines()
}

/// The row of a resource that its stack knows and its service does not.
const GONE: &str = "GONE: deleted outside CloudFormation";

fn functions(status: &Status) -> Table {
    let mut table = Table::new(&["function", "state", "last change", "memory", "time-out", "reserved"], &[3, 4, 5]);
    for function in &status.functions {
        let cells = match &function.found {
            Some(found) => vec![
                with(&found.state, found.reason.as_deref()),
                time(found.last_modified),
                format!("{} MB", found.memory_mb),
                format!("{} s", found.timeout_seconds),
                found.reserved_concurrency.map_or_else(|| "-".to_owned(), |reserved| reserved.to_string()),
            ],
            None => vec![GONE.to_owned()],
        };
        table.row(row(&function.resource, cells));
    }
    table
}

fn queues(status: &Status) -> Table {
    let mut table =
        Table::new(&["queue", "waiting", "in flight", "delayed", "dead letters", "dead in flight"], &[1, 2, 3, 4, 5]);
    for queue in &status.queues {
        let mut cells = match &queue.attributes {
            Some(own) => [own.visible, own.in_flight, own.delayed].map(grouped).to_vec(),
            None => vec!["GONE".to_owned(), "-".to_owned(), "-".to_owned()],
        };
        match &queue.dead_letters {
            None if !queue.failures_of.is_empty() => cells.push(format!("of {}", queue.failures_of.join(", "))),
            None => cells.push("none".to_owned()),
            Some(dead) => match &dead.attributes {
                Some(dead) => cells.extend([dead.visible + dead.delayed, dead.in_flight].map(grouped)),
                None => cells.push("GONE".to_owned()),
            },
        }
        table.row(row(&queue.resource, cells));
    }
    table
}

fn mappings(status: &Status) -> Table {
    let mut table = Table::new(&["event source mapping", "state", "queue", "function", "batch", "at most"], &[4, 5]);
    for mapping in &status.event_source_mappings {
        let cells = match &mapping.found {
            Some(found) => vec![
                with(
                    &found.state,
                    found.last_result.as_deref().filter(|result| !["No records processed", "OK"].contains(result)),
                ),
                found.source_arn.rsplit(':').next().unwrap_or_default().to_owned(),
                found.function.clone(),
                found.batch_size.map(|size| size.to_string()).unwrap_or_default(),
                found.max_concurrency.map_or_else(|| "-".to_owned(), |most| most.to_string()),
            ],
            None => vec![GONE.to_owned()],
        };
        table.row(row(&mapping.resource, cells));
    }
    table
}

fn schedules(status: &Status) -> Table {
    let mut table = Table::new(&["schedule", "expression", "time zone", "enabled", "next run"], &[]);
    for schedule in &status.schedules {
        let cells = match &schedule.found {
            Some(found) => vec![
                found.expression.clone(),
                found.time_zone.clone(),
                if found.enabled { "yes" } else { "no" }.to_owned(),
                match found.next_run {
                    None if found.enabled => "unknown".to_owned(),
                    next => time(next),
                },
            ],
            None => vec![GONE.to_owned()],
        };
        table.row(row(&schedule.resource, cells));
    }
    table
}

fn row(resource: &Resource, cells: Vec<String>) -> Vec<String> {
    std::iter::once(resource.logical_id.clone()).chain(cells).collect()
}

fn with(state: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| state.to_owned(), |reason| format!("{state}: {reason}"))
}

fn time(time: Option<Timestamp>) -> String {
    time.and_then(|time| time.round(Unit::Second).ok()).map_or_else(|| "-".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use operate::{DeadLetters, QueueAttributes};

    use super::*;

    fn resource(logical_id: &str, name: &str) -> Resource {
        Resource {
            stack: "Shop-dev".to_owned(),
            logical_id: logical_id.to_owned(),
            physical_id: format!("https://sqs/1/{name}"),
            resource_type: String::new(),
        }
    }

    #[test]
    fn dead_letters_stand_out_with_the_command_that_moves_them() {
        let counts = |visible| Some(QueueAttributes { visible, ..QueueAttributes::default() });
        let queue = |logical_id: &str, visible, dead| QueueStatus {
            resource: resource(logical_id, &logical_id.to_lowercase()),
            attributes: counts(visible),
            failures_of: Vec::new(),
            dead_letters: Some(DeadLetters { resource: resource("Dead", "dead"), attributes: counts(dead) }),
        };
        let mut status = Status {
            stacks: Vec::new(),
            functions: Vec::new(),
            queues: vec![queue("Orders", 1_500, 12), queue("Mails", 0, 0)],
            event_source_mappings: Vec::new(),
            schedules: Vec::new(),
        };
        status.queues[1].attributes = None;
        let failures_of = vec!["Monthly".to_owned()];
        let resource = resource("Failures", "failures");
        status.queues.push(QueueStatus { resource, attributes: counts(2), dead_letters: None, failures_of });
        let text = lines(&status, StageName::Dev, Paint::PLAIN)[2..].join("\n");
        let expected = "\
queue     waiting  in flight  delayed  dead letters  dead in flight
Orders      1,500          0        0            12               0
Mails        GONE          -        -             0               0
Failures        2          0        0    of Monthly

! 12 dead letters of orders; look into their `reason`, then `infra redrive Orders --stage dev`
! 2 failures of Monthly in failures; inspect them and start the work again: no queue takes them back";
        assert_eq!(text, expected);
    }
}
