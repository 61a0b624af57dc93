//! `infra redrive`: dead letters back to their queue, with progress. Starts only after an approval.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use operate::aws::AwsCloud;
use operate::{Ended, Outcome, Pair, Progress, find_pair, inventory, pairs, queues, redrive};
use serde_json::json;
use system::{StageName, grouped};

use crate::args::selection::Selection;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
Look into the messages first: `reason` among their attributes says why they are dead. A message whose cause is not repaired comes back.

Without --max, SQS moves the messages itself (StartMessageMoveTask): it continues when this command is killed, and the same command watches it \
again. Ctrl-C cancels it; what was moved stays moved. SQS cannot stop at a number, so with --max, and on clouds without the operation \
(the local one), messages are received, sent and deleted one by one. A message is deleted only after its queue has taken it: a \
command that is killed in between leaves it in both queues, never in none, so a function may see it twice (in a FIFO queue only after five minutes). \
Its attributes and its message group stay; it gets a new message id.

Examples:
  {examples of systems}

Exit codes: 0 moved, or there was nothing to move; 1 it stopped half-way; 64 there is no such queue (the error lists those there are); 75 AWS \
was unavailable; 77 not approved, and nothing was moved; 130 cancelled.";

/// Which queue, and how many messages.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Redrive {
    /// Logical id or name of the queue, or of its dead-letter queue.
    queue: String,
    #[command(flatten)]
    selection: Selection,
    /// Move at most this many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Do not ask for approval; implied on the stage local.
    #[arg(long)]
    yes: bool,
    /// One JSON document at the end.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Redrive) -> Result<Exit, Failure> {
    let selection = &arguments.selection;
    let stacks = selection.stacks(repository, &[])?;
    let cloud = AwsCloud::new(&selection.connect(repository).await?.config);
    let inventory = inventory(&cloud, &stack_names(&stacks)).await?;
    let pairs = pairs(&queues(&cloud, &inventory).await?);
    let pair = find_pair(&pairs, &arguments.queue)?;
    confirm(terminal, arguments, pair).await?;
    let display = MoveDisplay::new(terminal, pair);
    let is_cancelled = Cell::new(false);
    let stop = async {
        _ = tokio::signal::ctrl_c().await;
        is_cancelled.set(true);
    };
    let pace = Duration::from_millis(if selection.stage == StageName::Local { 100 } else { 1_000 });
    let outcome = redrive(&cloud, pair, arguments.max, pace, stop, &mut |progress| display.show(progress)).await;
    display.clear();
    let outcome = outcome?;
    terminal.data(&match arguments.json {
        true => json!({
            "schema": 1, "queue": pair.source.resource.name(), "dead_letter_queue": pair.dead_letters.resource.name(),
            "ended": outcome.ended, "moved": outcome.moved,
        })
        .to_string(),
        false => summary(pair, outcome),
    });
    Ok(if outcome.ended == Ended::Cancelled { Exit::Interrupted } else { Exit::Success })
}

/// The messages start work again, which may write data or call other systems, so it needs approval.
async fn confirm(terminal: &Terminal, arguments: &Redrive, pair: &Pair) -> Result<(), Failure> {
    let visible = pair.dead_letters.attributes.as_ref().map_or(0, |attributes| attributes.visible);
    if arguments.yes || arguments.selection.stage == StageName::Local || visible == 0 {
        return Ok(());
    }
    let most = arguments.max.map_or(visible, |most| most.min(visible));
    let (from, to) = (pair.dead_letters.resource.name(), pair.source.resource.name());
    if !terminal.is_interactive() || !std::io::stdin().is_terminal() {
        return Err(no_terminal(most, from, to));
    }
    let question = format!("Move about {} messages from {from} to {to}? Type yes:", grouped(most));
    match terminal.ask(&question).await?.as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Failure::not_approved("not approved; nothing was moved")),
    }
}

fn no_terminal(most: u64, from: &str, to: &str) -> Failure {
    Failure::not_approved(format!(
        "there is no terminal to ask at; give --yes to move {most} messages from {from} to {to}"
    ))
}

fn summary(pair: &Pair, outcome: Outcome) -> String {
    let (from, to) = (pair.dead_letters.resource.name(), pair.source.resource.name());
    let messages = if outcome.moved == 1 { "message" } else { "messages" };
    let moved = format!("{} {messages} moved from {from} to {to}", grouped(outcome.moved));
    let text = match outcome.ended {
        Ended::NothingToDo => format!("{from} has no message to move"),
        Ended::Completed => moved,
        Ended::Cancelled => format!("cancelled: {moved}, the rest is where it was"),
    };
    match pair.dead_letters.attributes.as_ref().map_or(0, |attributes| attributes.in_flight) {
        0 => text,
        hidden => format!(
            "{text}; {} more were in flight, such as those that a redrive had received when it was killed: run it again in a minute",
            grouped(hidden)
        ),
    }
}

/// A bar on a terminal, a line every two seconds elsewhere.
struct MoveDisplay<'a> {
    terminal: &'a Terminal,
    name: String,
    bar: Option<ProgressBar>,
    total: Cell<u64>,
    said: Cell<Instant>,
}

impl<'a> MoveDisplay<'a> {
    fn new(terminal: &'a Terminal, pair: &Pair) -> Self {
        let name = pair.source.resource.logical_id.clone();
        Self { terminal, bar: terminal.bar("moved"), name, total: Cell::new(0), said: Cell::new(Instant::now()) }
    }

    fn show(&self, progress: Progress) {
        match progress {
            Progress::Started { by_task, total } => {
                self.total.set(total);
                let who = if by_task { "SQS moves" } else { "moving one by one" };
                self.terminal.note(&format!("{}: {who} {} messages", self.name, grouped(total)));
                self.bar.iter().for_each(|bar| bar.set_length(total));
            }
            Progress::Attached => {
                self.terminal.note(&format!("{}: a move is in progress already; following it", self.name));
            }
            Progress::Cancelling => self.terminal.note(&format!("{}: asking SQS to stop", self.name)),
            Progress::Moved(moved) => match &self.bar {
                Some(bar) => bar.set_position(moved),
                None if self.said.get().elapsed() >= Duration::from_secs(2) => {
                    self.said.set(Instant::now());
                    self.terminal.note(&format!("{}: {} of {}", self.name, grouped(moved), grouped(self.total.get())));
                }
                None => {}
            },
        }
    }

    fn clear(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

#[cfg(test)]
mod tests {
    use operate::{Queue, QueueAttributes, Resource};

    use super::*;

    #[test]
    fn without_a_terminal_it_is_not_approved_and_the_flag_is_named() {
        let error = no_terminal(7, "dead", "work");
        assert!(error.to_string().contains("--yes to move 7 messages from dead to work"), "{error}");
        assert_eq!(error.exit().code(), 77);
    }

    #[test]
    fn what_a_killed_redrive_had_received_is_not_passed_over() {
        let queue = |name: &str, in_flight| {
            let resource = Resource {
                stack: "Shop-dev".to_owned(),
                logical_id: name.to_owned(),
                physical_id: format!("https://sqs/1/{name}"),
                resource_type: "AWS::SQS::Queue".to_owned(),
            };
            Queue { resource, attributes: Some(QueueAttributes { in_flight, ..QueueAttributes::default() }) }
        };
        let told_of = |in_flight, ended, moved| {
            let pair = Pair { source: queue("work", 3), dead_letters: queue("dead", in_flight) };
            summary(&pair, Outcome { ended, moved })
        };
        assert_eq!(told_of(0, Ended::Completed, 7), "7 messages moved from dead to work");
        let hidden = told_of(10, Ended::NothingToDo, 0);
        assert!(hidden.starts_with("dead has no message to move; 10 more were in flight"), "{hidden}");
    }
}
