//! `infra dead`: the dead letters of a system or of a whole stage, with what they say about themselves. Moves nothing.

use std::cell::Cell;

use clap::Args;
use jiff::Timestamp;
use operate::aws::AwsCloud;
use operate::{DeadLetter, Found, Selection as Which, dead_letters, inventory, pairs, queues};
use serde_json::{Value, json};
use system::{StageName, Table, age, grouped};

use crate::args::dead_letters::WhichDeadLetters;
use crate::args::selection::Selection;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::one_line::one_line;
use crate::ui::quantity::counted;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
A function that gives a message up says why in its attributes; a message that SQS moved itself, because it was received too often, carries no \
reason, and its kind is none. The age counts from when it was sent, which for those that SQS moved from a standard queue is the first time.

To look at a message is to receive it: its count of receives grows by one, and nobody else sees it until it is released at the end. In a FIFO \
queue the messages behind it in its group are hidden meanwhile, and cannot be looked at; how many is told.

Examples:
  infra dead                                all of the stage
  infra dead --kind malformed --newer-than 2h
  infra dead --json | jq -r '.dead_letters[].body'
  {examples of systems}

Exit codes: 0 there is none; 2 there are some; 64 there is no such system, nothing is deployed, or the arguments are wrong; 75 AWS was \
unavailable; 130 interrupted.";

/// Whose dead letters, and which.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Dead {
    /// The system: the tag Application of its stacks; all of them by default.
    system: Option<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    which: WhichDeadLetters,
    /// Show at most this many of each queue.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// One JSON document instead of a table, with whole reasons and bodies.
    #[arg(long)]
    json: bool,
}

/// A dead letter, and the name of the queue it lies in.
struct Lying<'a> {
    queue: &'a str,
    letter: DeadLetter,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Dead) -> Result<Exit, Failure> {
    let selection = &arguments.selection;
    let stacks = match &arguments.system {
        Some(system) => selection.stacks_of(repository, system)?,
        None => selection.stacks(repository, &[])?,
    };
    let cloud = AwsCloud::new(&selection.connect(repository).await?.config);
    let inventory = inventory(&cloud, &stack_names(&stacks)).await?;
    if inventory.is_empty() {
        return Err(selection.not_deployed(&stacks[0]));
    }
    let pairs = pairs(&queues(&cloud, &inventory).await?);
    let which = Which { filter: arguments.which.filter(), limit: Some(arguments.limit) };
    let is_interrupted = Cell::new(false);
    let (mut lying, mut not_looked_at) = (Vec::new(), 0);
    let mut seen: Vec<&str> = Vec::new();
    for dead in pairs.iter().map(|pair| &pair.dead_letters.resource) {
        // Several queues may share one.
        if is_interrupted.get() || seen.contains(&dead.physical_id.as_str()) {
            continue;
        }
        seen.push(&dead.physical_id);
        let stop = async {
            _ = tokio::signal::ctrl_c().await;
            is_interrupted.set(true);
        };
        let Found { letters, looks } = dead_letters(&cloud, &dead.physical_id, &which, stop).await?;
        not_looked_at += looks.not_looked_at;
        lying.extend(letters.into_iter().map(|letter| Lying { queue: dead.name(), letter }));
    }
    if arguments.json {
        let letters = lying.iter().map(|Lying { queue, letter }| {
            let mut document = serde_json::to_value(letter)?;
            document["queue"] = Value::from(*queue);
            Ok(document)
        });
        let letters = letters.collect::<Result<Vec<_>, serde_json::Error>>()?;
        let stage = selection.stage.as_str();
        let document = json!({"schema": 1, "stage": stage, "dead_letters": letters, "not_looked_at": not_looked_at});
        terminal.data(&document.to_string());
    } else {
        lines(&lying, Timestamp::now()).iter().for_each(|line| terminal.data(line));
        if not_looked_at > 0 {
            terminal.note(&format!("{} not looked at: {WHY}", counted(not_looked_at as usize, "dead letter")));
        }
        next_command(&lying, selection.stage).iter().for_each(|line| terminal.note(line));
    }
    Ok(match lying.is_empty() {
        _ if is_interrupted.get() => Exit::Interrupted,
        true => Exit::Success,
        false => Exit::Answer(2),
    })
}

/// Why a dead letter was not looked at.
const WHY: &str = "behind others of their group, received by somebody else, or more than --limit";

/// How much of a reason stands in the table.
const REASON: usize = 60;

fn lines(lying: &[Lying<'_>], now: Timestamp) -> Vec<String> {
    if lying.is_empty() {
        return vec!["no dead letters".to_owned()];
    }
    let mut table = Table::new(&["queue", "age", "kind", "reason", "function", "trace", "received"], &[6]);
    for Lying { queue, letter } in lying {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.row(vec![
            (*queue).to_owned(),
            letter.sent_at.map_or_else(|| "-".to_owned(), |sent_at| age(now.duration_since(sent_at))),
            letter.kind.clone(),
            one_line(&or_dash(&letter.reason), REASON),
            or_dash(&letter.function),
            or_dash(&letter.trace_id),
            grouped(letter.receives.into()),
        ]);
    }
    table.lines()
}

/// What moves the most frequent kind of the first queue back.
fn next_command(lying: &[Lying<'_>], stage: StageName) -> Option<String> {
    let Lying { queue, .. } = lying.first()?;
    let shares = operate::shares(lying.iter().filter(|other| other.queue == *queue).map(|other| &other.letter));
    let kind = &shares.first()?.kind;
    Some(format!("repair the cause, then `infra redrive {queue} --stage {stage} --kind {kind} --dry-run`"))
}

#[cfg(test)]
mod tests {
    use operate::Message;

    use super::*;

    fn lying(kind: &str, reason: Option<&str>) -> Lying<'static> {
        let letter = DeadLetter {
            kind: kind.to_owned(),
            reason: reason.map(str::to_owned),
            sent_at: Some("2026-11-02T10:00:00Z".parse().unwrap()),
            receives: 3,
            ..DeadLetter::of(&Message::default())
        };
        Lying { queue: "orders-dlq-dev", letter }
    }

    #[test]
    fn dead_letters_are_a_table_and_none_is_a_line() {
        let now = "2026-11-02T10:03:12Z".parse().unwrap();
        let long = "no field price,\n".repeat(10);
        let shown = lines(&[lying("malformed", Some(&long)), lying("none", None)], now);
        assert_eq!(
            shown,
            [
                "queue           age    kind       reason                                                        function  trace  received",
                "orders-dlq-dev  3m12s  malformed  no field price, no field price, no field price, no field p..  -         -             3",
                "orders-dlq-dev  3m12s  none       -                                                             -         -             3",
            ]
        );
        assert_eq!(lines(&[], now), ["no dead letters"]);
    }

    #[test]
    fn what_moves_the_most_frequent_kind_is_told() {
        let letters = [lying("none", None), lying("malformed", None), lying("malformed", None)];
        let told = next_command(&letters, StageName::Dev).unwrap();
        assert!(told.contains("`infra redrive orders-dlq-dev --stage dev --kind malformed --dry-run`"), "{told}");
    }
}
