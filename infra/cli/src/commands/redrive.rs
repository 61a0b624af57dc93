//! `infra redrive`: dead letters back to their queue, all or those that are meant, with progress. Starts only after an approval.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;
use operate::aws::AwsCloud;
use operate::{
    Ended, Looks, Outcome, Pair, Progress, Selected, Selection as Which, Share, find_pair, inventory, pairs, plan,
    queues, redrive, redrive_selected,
};
use system::{StageName, Table, age, grouped};

use crate::args::dead_letters::WhichDeadLetters;
use crate::args::selection::Selection;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::one_line::one_line;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
Look into the messages first: `infra dead` and --dry-run say why they are dead. A message whose cause is not repaired comes back.

With --kind, --reason, --function, --trace, --older-than or --newer-than only the messages for which all of that holds are moved, one by one, \
and the others are released at the end; SQS's own task knows no reasons. In a FIFO queue a message that stays hides those behind it in its \
group: how many could not be looked at is told.

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
    #[command(flatten)]
    which: WhichDeadLetters,
    /// Move at most this many messages.
    #[arg(long, visible_alias = "limit", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Show what would be moved, by kind and reason, and move nothing.
    #[arg(long)]
    dry_run: bool,
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
    let is_cancelled = Cell::new(false);
    let stop = async {
        _ = tokio::signal::ctrl_c().await;
        is_cancelled.set(true);
    };
    let which = Which { filter: arguments.which.filter(), limit: arguments.max };
    let (ended, text, mut document) = if arguments.dry_run {
        let planned = plan(&cloud, pair, &which, stop).await?;
        let ended = if is_cancelled.get() { Ended::Cancelled } else { planned.ended };
        (ended, plan_lines(pair, &planned, Timestamp::now()), serde_json::to_value(&planned)?)
    } else if which.filter.is_empty() {
        confirm(terminal, arguments, pair, None).await?;
        let display = MoveDisplay::new(terminal, pair);
        let pace = Duration::from_millis(if selection.stage == StageName::Local { 100 } else { 1_000 });
        let outcome = redrive(&cloud, pair, arguments.max, pace, stop, &mut |progress| display.show(progress)).await;
        display.clear();
        let outcome = outcome?;
        (outcome.ended, vec![summary(pair, outcome)], serde_json::to_value(outcome)?)
    } else {
        let selected = move_selected(terminal, arguments, &cloud, pair, &which, stop).await?;
        (selected.ended, selected_lines(pair, &selected), serde_json::to_value(&selected)?)
    };
    match arguments.json {
        true => {
            document["schema"] = 1.into();
            document["queue"] = pair.source.resource.name().into();
            document["dead_letter_queue"] = pair.dead_letters.resource.name().into();
            terminal.data(&document.to_string());
        }
        false => text.iter().for_each(|line| terminal.data(line)),
    }
    Ok(if ended == Ended::Cancelled { Exit::Interrupted } else { Exit::Success })
}

/// Where an approval is needed, it is asked for with the plan.
async fn move_selected(
    terminal: &Terminal,
    arguments: &Redrive,
    cloud: &AwsCloud,
    pair: &Pair,
    which: &Which,
    stop: impl Future<Output = ()>,
) -> Result<Selected, Failure> {
    if needs_approval(arguments) {
        let planned = plan(cloud, pair, which, std::future::pending()).await?;
        if planned.plan.is_empty() {
            return Ok(planned);
        }
        plan_lines(pair, &planned, Timestamp::now()).iter().for_each(|line| terminal.note(line));
        confirm(terminal, arguments, pair, Some(planned.plan.iter().map(|share| share.count).sum())).await?;
    }
    let display = MoveDisplay::new(terminal, pair);
    let selected = redrive_selected(cloud, pair, which, stop, &mut |progress| display.show(progress)).await;
    display.clear();
    Ok(selected?)
}

fn needs_approval(arguments: &Redrive) -> bool {
    !arguments.yes && arguments.selection.stage != StageName::Local
}

/// The messages start work again, which may write data or call other systems, so it needs approval.
async fn confirm(terminal: &Terminal, arguments: &Redrive, pair: &Pair, meant: Option<u64>) -> Result<(), Failure> {
    let visible = pair.dead_letters.attributes.as_ref().map_or(0, |attributes| attributes.visible);
    let most = meant.unwrap_or_else(|| arguments.max.map_or(visible, |most| most.min(visible)));
    if !needs_approval(arguments) || most == 0 {
        return Ok(());
    }
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
    let from = pair.dead_letters.resource.name();
    let text = match outcome.ended {
        Ended::NothingToDo => format!("{from} has no message to move"),
        Ended::Completed => moved(pair, outcome.moved),
        Ended::Cancelled => format!("cancelled: {}, the rest is where it was", moved(pair, outcome.moved)),
    };
    match pair.dead_letters.attributes.as_ref().map_or(0, |attributes| attributes.in_flight) {
        0 => text,
        hidden => format!(
            "{text}; {} more were in flight, such as those that a redrive had received when it was killed: run it again in a minute",
            grouped(hidden)
        ),
    }
}

fn moved(pair: &Pair, count: u64) -> String {
    let (from, to) = (pair.dead_letters.resource.name(), pair.source.resource.name());
    format!("{} moved from {from} to {to}", messages(count))
}

fn messages(count: u64) -> String {
    format!("{} message{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// How much of a reason stands in a plan.
const REASON: usize = 80;

/// What would be moved, by kind and reason.
fn plan_lines(pair: &Pair, planned: &Selected, now: Timestamp) -> Vec<String> {
    let (from, to) = (pair.dead_letters.resource.name(), pair.source.resource.name());
    let total = planned.plan.iter().map(|share| share.count).sum();
    let mut lines = vec![format!("{} would be moved from {from} to {to}", messages(total))];
    if !planned.plan.is_empty() {
        let mut table = Table::new(&["kind", "reason", "how many", "oldest"], &[2]);
        for Share { kind, reason, count, oldest } in &planned.plan {
            let reason = reason.as_deref().map_or_else(|| "-".to_owned(), |reason| one_line(reason, REASON));
            let oldest = oldest.map_or_else(|| "-".to_owned(), |oldest| age(now.duration_since(oldest)));
            table.row(vec![kind.clone(), reason, grouped(*count), oldest]);
        }
        lines.extend(table.lines());
    }
    lines.extend(left_lines(planned.looks, total));
    lines
}

fn selected_lines(pair: &Pair, selected: &Selected) -> Vec<String> {
    let from = pair.dead_letters.resource.name();
    let first = match selected.ended {
        Ended::NothingToDo => format!("{from} has no such message"),
        Ended::Completed => moved(pair, selected.moved),
        Ended::Cancelled => format!("cancelled: {}, the rest is where it was", moved(pair, selected.moved)),
    };
    std::iter::once(first).chain(left_lines(selected.looks, selected.moved)).collect()
}

/// What became of the others: those that are not meant, and those that nobody could look at.
fn left_lines(looks: Looks, meant: u64) -> Vec<String> {
    let mut lines = Vec::new();
    match looks.looked_at.saturating_sub(meant) {
        0 => {}
        others => lines.push(format!("{} looked at and left", messages(others))),
    }
    match looks.not_looked_at {
        0 => {}
        hidden => lines.push(format!(
            "{} not looked at: behind others of their group, received by somebody else, or more than --max",
            messages(hidden)
        )),
    }
    lines
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

    fn pair(in_flight: u64) -> Pair {
        let queue = |name: &str, in_flight| {
            let resource = Resource {
                stack: "Shop-dev".to_owned(),
                logical_id: name.to_owned(),
                physical_id: format!("https://sqs/1/{name}"),
                resource_type: "AWS::SQS::Queue".to_owned(),
            };
            Queue { resource, attributes: Some(QueueAttributes { in_flight, ..QueueAttributes::default() }) }
        };
        Pair { source: queue("work", 3), dead_letters: queue("dead", in_flight) }
    }

    #[test]
    fn a_plan_counts_by_reason_and_tells_what_stays_and_what_nobody_could_look_at() {
        let share = |kind: &str, reason: Option<&str>, count| Share {
            kind: kind.to_owned(),
            reason: reason.map(str::to_owned),
            count,
            oldest: Some("2026-11-02T10:00:00Z".parse().unwrap()),
        };
        let plan = vec![share("malformed", Some("no price"), 1_500), share("none", None, 1)];
        let looks = Looks { looked_at: 1_502, not_looked_at: 4 };
        let mut selected = Selected { ended: Ended::Completed, moved: 0, plan, looks };
        let left = [
            "1 message looked at and left",
            "4 messages not looked at: behind others of their group, received by somebody else, or more than --max",
        ];
        let planned = plan_lines(&pair(0), &selected, "2026-11-02T11:04:00Z".parse().unwrap());
        assert_eq!(
            planned[..4],
            [
                "1,501 messages would be moved from dead to work",
                "kind       reason    how many  oldest",
                "malformed  no price     1,500  1h04m",
                "none       -                1  1h04m",
            ]
        );
        assert_eq!(planned[4..], left);
        selected.moved = 1_501;
        let done = selected_lines(&pair(0), &selected);
        assert_eq!(
            (done[0].as_str(), &done[1..]),
            ("1,501 messages moved from dead to work", &left.map(str::to_owned)[..])
        );
    }

    #[test]
    fn what_a_killed_redrive_had_received_is_not_passed_over() {
        let told_of = |in_flight, ended, moved| summary(&pair(in_flight), Outcome { ended, moved });
        assert_eq!(told_of(0, Ended::Completed, 7), "7 messages moved from dead to work");
        let hidden = told_of(10, Ended::NothingToDo, 0);
        assert!(hidden.starts_with("dead has no message to move; 10 more were in flight"), "{hidden}");
    }
}
