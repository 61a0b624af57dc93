//! `infra logs`: the logs of all functions of a system, as one stream. A missing log group is a note, not an error.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use operate::aws::AwsCloud;
use operate::{Kind, Line, Source, Tail, inventory, sources};
use serde_json::json;
use system::StageName;

use crate::args::moment::moment;
use crate::args::selection::Selection;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::paint::Paint;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
A line is: time (UTC), function, level, what happened, and the fields beside it. Lines of another shape (a panic) are shown as they \
are. Lambda's own START, END and REPORT lines and metrics are left out unless --all is given or they tell of a failure.

What belongs together has one trace id; `infra invoke` and `infra status` of a system show it. With --follow, late lines are shown when \
they come; it ends with Ctrl-C.

Examples:
  {examples of systems}

Exit codes: 0 shown; 64 there is no such system or function, nothing is deployed, or the arguments are wrong; 75 AWS was unavailable.";

/// Whose lines, from when on, and in which form.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Logs {
    /// The system: the tag Application of its stacks.
    system: String,
    #[command(flatten)]
    selection: Selection,
    /// Follow new lines.
    #[arg(long, short)]
    follow: bool,
    /// How far back to begin, for example 90s, 10m, 2h or 1d, or a moment, for example 2026-08-05T06:00:00Z [default: 10m, and 1d with
    /// --trace].
    #[arg(long, value_name = "AGE", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only lines with this trace id, in any function.
    #[arg(long, value_name = "ID")]
    trace: Option<String>,
    /// Only functions whose logical id or name contains this; may be given several times.
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Lambda's own lines and metrics too.
    #[arg(long)]
    all: bool,
    /// One JSON document a line.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Logs) -> Result<(), Failure> {
    let selection = &arguments.selection;
    let stacks = selection.stacks_of(repository, &arguments.system)?;
    let cloud = AwsCloud::new(&selection.connect(repository).await?.config);
    let inventory = inventory(&cloud, &stack_names(&stacks)).await?;
    if inventory.is_empty() {
        return Err(selection.not_deployed(&stacks[0]));
    }
    let sources = chosen(sources(&cloud, &inventory).await?, &arguments.functions)?;
    let ago = if arguments.trace.is_some() { 24 * 60 } else { 10 };
    let from = arguments.since.unwrap_or_else(|| Timestamp::now() - jiff::SignedDuration::from_mins(ago));
    let width = sources.iter().map(|source| source.function.chars().count()).max().unwrap_or_default();
    let paint = terminal.data_paint();
    let mut tail = Tail::new(&cloud, &sources, from, arguments.trace.as_deref());
    let pause = Duration::from_millis(if selection.stage == StageName::Local { 300 } else { 2_000 });
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    loop {
        let polled = tokio::select! {
            polled = tail.poll() => polled,
            _ = &mut interrupt => return left(arguments.follow),
        };
        match polled {
            Ok(polled) => {
                for group in polled.missing {
                    terminal.note(&format!("log group {group} is not there yet; its function may never have run"));
                }
                let shown = |line: &Line| arguments.all || matches!(line.kind, Kind::Structured | Kind::Raw);
                for (place, line) in polled.lines.iter().filter(|(_, line)| shown(line)) {
                    terminal.data(&match arguments.json {
                        true => document(&sources[*place], line),
                        false => text(&sources[*place], line, width, paint),
                    });
                }
            }
            Err(error) if arguments.follow && error.is_retryable() => {
                terminal.note(&format!("{error}; retrying"));
            }
            Err(error) => return Err(error.into()),
        }
        if !arguments.follow {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut interrupt => return left(true),
        }
    }
}

/// Following ends with an interrupt, which is not a failure.
fn left(follow: bool) -> Result<(), Failure> {
    if follow { Ok(()) } else { Err(Failure::interrupted("")) }
}

fn chosen(sources: Vec<Source>, names: &[String]) -> Result<Vec<Source>, Failure> {
    let is = |source: &Source, name: &str| {
        let name = name.to_ascii_lowercase();
        source.function.to_ascii_lowercase().contains(&name) || source.group.to_ascii_lowercase().contains(&name)
    };
    if let Some(unknown) = names.iter().find(|name| !sources.iter().any(|source| is(source, name))) {
        let known: Vec<&str> = sources.iter().map(|source| source.function.as_str()).collect();
        return Err(Failure::usage(format!("no function is called {unknown:?}; there are {}", known.join(", "))));
    }
    Ok(sources.into_iter().filter(|source| names.is_empty() || names.iter().any(|name| is(source, name))).collect())
}

fn text(source: &Source, line: &Line, width: usize, paint: Paint) -> String {
    let level = if line.level.is_empty() { "-" } else { &line.level };
    let padded = format!("{level:<5}");
    let level = match level {
        "ERROR" | "FATAL" => paint.red(&padded),
        "WARN" | "WARNING" => paint.yellow(&padded),
        _ => padded,
    };
    let time = line.at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let mut text = format!("{}  {:<width$}  {level}  {}", paint.dim(&time), source.function, line.message);
    for (key, value) in &line.fields {
        text.push_str(&format!("  {}{value}", paint.dim(&format!("{key}="))));
    }
    text.trim_end().to_owned()
}

fn document(source: &Source, line: &Line) -> String {
    json!({
        "timestamp": line.at, "function": source.function, "log_group": source.group, "level": line.level,
        "message": line.message, "trace_id": line.trace_id, "line": line.document,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(function: &str) -> Source {
        Source { function: function.to_owned(), group: format!("/aws/lambda/{function}-dev") }
    }

    #[test]
    fn a_line_has_its_columns_and_then_its_fields() {
        let line = r#"{"level":"ERROR","action":"load","status":"error","details":{"model":7,"reason":"not there"}}"#;
        let line = Line::parse(line, "2026-08-01T10:20:30.5Z".parse().unwrap());
        assert_eq!(
            text(&source("Loader"), &line, 10, Paint::PLAIN),
            r#"2026-08-01 10:20:30.500  Loader      ERROR  load error  model=7  reason="not there""#
        );
        let raw = Line::parse("panicked", "2026-08-01T10:20:30.5Z".parse().unwrap());
        assert_eq!(text(&source("Loader"), &raw, 6, Paint::PLAIN), "2026-08-01 10:20:30.500  Loader  -      panicked");
    }

    #[test]
    fn functions_are_chosen_by_a_part_of_their_names() {
        let all = || ["OrderLoader", "StockLoader"].map(source).to_vec();
        let names = |chosen: Vec<Source>| chosen.into_iter().map(|source| source.function).collect::<Vec<_>>();
        assert_eq!(names(chosen(all(), &["order".to_owned()]).unwrap()), ["OrderLoader"]);
        assert_eq!(names(chosen(all(), &["loader-dev".to_owned()]).unwrap()).len(), 2);
        let error = chosen(all(), &["ingestor".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, r#"no function is called "ingestor"; there are OrderLoader, StockLoader"#);
    }
}
