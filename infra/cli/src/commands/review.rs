//! `infra review`: templates of two sides, judged and shown. No call to AWS, no network.

mod input;

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use review::render::{self, MARKDOWN_LIMIT, Report, Style};
use review::{Category, Replacement, Review, Stages, Template};
use systems::ConfiguredStage;

use self::input::{Input, STDIN, from_files, from_git};
use crate::changes::today;
use crate::exit::{Context, Exit, Failure};
use crate::project::repository::Repository;
use crate::project::templates;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  infra review                              what this branch does to each stage
  infra review --base HEAD~3 --stage prd
  infra review --html review.html --markdown comment.md --json review.json
  infra review --before old.yaml --after new.yaml
                                            any two templates or folders
  git show v1:stack.json | infra review --before - --after stack.json

Exit codes:
  0    reviewed; with --exit-code: nothing changes
  1    a template cannot be read: file:line:column
  64   wrong arguments, or git does not know the revision

With --exit-code, the highest that holds, as infra diff has them:
  2    resources or sections change
  3    a resource is or may be replaced
  4    permissions are broadened, something is exposed, or encryption or
       reliability is weakened
  5    data is lost";

/// Which two sides, and how they are shown.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReviewArguments {
    /// Compare with where HEAD left this revision. When not given: the first of origin/HEAD, origin/main and main that HEAD has left;
    /// on main itself HEAD when templates are not committed yet, else HEAD~.
    #[arg(long, value_name = "REV", conflicts_with_all = ["before", "after"])]
    base: Option<String>,
    /// Only this stage; may be given several times.
    #[arg(long, conflicts_with_all = ["before", "after"])]
    stage: Vec<String>,
    /// A template or a folder of templates, - for stdin; instead of git.
    #[arg(long, value_name = "PATH", requires = "after")]
    before: Option<PathBuf>,
    /// The changed template or folder; files in folders are paired by relative path.
    #[arg(long, value_name = "PATH", requires = "before")]
    after: Option<PathBuf>,
    /// Write markdown for a comment on a pull request, to stdout without a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    markdown: Option<PathBuf>,
    /// Write one self-contained page, to stdout without a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    html: Option<PathBuf>,
    /// Write JSON (infra/review/schema/review.schema.json), to stdout without a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Exit with a code for the worst finding.
    #[arg(long)]
    exit_code: bool,
}

/// Reviews, and shows the review.
pub(crate) fn run(terminal: &Terminal, arguments: &ReviewArguments) -> Result<Exit, Failure> {
    let outputs = [&arguments.markdown, &arguments.html, &arguments.json];
    let to_stdout = outputs.iter().filter(|output| output.as_deref() == Some(Path::new(STDIN))).count();
    if to_stdout > 1 {
        return Err(Failure::usage(
            "only one of --markdown, --html and --json goes to stdout; name a file for the others".to_owned(),
        ));
    }
    let (input, compared) = match (&arguments.before, &arguments.after) {
        (Some(before), Some(after)) => (from_files(before, after)?, Vec::new()),
        _ => {
            let repository = Repository::find().context("infra review without --before and --after")?;
            let (input, made) = std::thread::scope(|scope| {
                let made = scope.spawn(|| with_settings_of_behind(&repository));
                let input = from_git(&repository, arguments.base.as_deref(), &arguments.stage);
                (input, made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            });
            let input = input?;
            let compared = compared(&made, &input);
            (input, compared)
        }
    };
    let options = review::Options { today: today::today(), stages: compared, ..review::Options::default() };
    let review = review::review(&input.pairs, &options);
    let graphs = match arguments.html {
        Some(_) => review::graphs(&input.pairs, &review),
        None => Vec::new(),
    };
    let report = Report {
        title: "Infrastructure review",
        before: &input.before,
        after: &input.after,
        review: &review,
        stages: &input.stages,
        notes: &input.notes,
        graphs: &graphs,
    };
    if let Some(path) = &arguments.markdown {
        write(terminal, path, &render::markdown(&report, MARKDOWN_LIMIT))?;
    }
    if let Some(path) = &arguments.html {
        write(terminal, path, &render::html(&report)?)?;
    }
    if let Some(path) = &arguments.json {
        write(terminal, path, &format!("{}\n", serde_json::to_string_pretty(&review.to_json())?))?;
    }
    if to_stdout == 0 {
        let is_watched = std::io::stdout().is_terminal();
        let size = console::Term::stdout().size_checked().filter(|_| is_watched);
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = size.map(|(_, columns)| usize::from(columns)).or(columns).unwrap_or(120);
        let style = Style { width, colour: !terminal.data_paint().bold("x").eq("x") };
        render::terminal(&report, style).lines().for_each(|line| terminal.data(line));
    }
    Ok(if arguments.exit_code { answer(&review) } else { Exit::Success })
}

/// The exit code of `--exit-code`.
fn answer(review: &Review) -> Exit {
    match code(review) {
        0 => Exit::Success,
        code => Exit::Answer(code),
    }
}

/// The highest that applies.
fn code(review: &Review) -> u8 {
    let dangers = || review.findings().map(|(_, finding)| finding).filter(|finding| finding.is_dangerous());
    if dangers().any(|finding| finding.category == Category::DataLoss) {
        5
    } else if dangers().next().is_some() {
        4
    } else if review.changes.iter().any(|change| change.replacement != Replacement::No) {
        3
    } else if !review.changes.is_empty() || !review.sections.is_empty() {
        2
    } else {
        0
    }
}

fn write(terminal: &Terminal, path: &Path, text: &str) -> Result<(), Failure> {
    if path == Path::new(STDIN) {
        terminal.data(text.trim_end());
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    terminal.note(&format!("wrote {}", path.display()));
    Ok(())
}

/// stg must have what prd has.
const BEHIND: &str = "stg";
const AHEAD: &str = "prd";

/// The templates that result from the settings of the stage behind for the stage ahead, by stack. Nothing if they cannot be synthesized:
/// `infra synth --check` shows why.
fn with_settings_of_behind(repository: &Repository) -> Vec<(String, Template)> {
    let made = || -> Result<Vec<templates::Synthesized>, Failure> {
        let settings = systems::read(repository.root(), BEHIND)?;
        templates::synthesize(&ConfiguredStage::parse(AHEAD, &settings)?)
    };
    let read = |made: &templates::Synthesized| {
        Some((made.stack.name.to_owned(), review::parse(made.stack.name, &made.text).ok()?))
    };
    made().unwrap_or_default().iter().filter_map(read).collect()
}

/// What still differs with the same settings is skew; what differs because of the settings is explained.
fn compared(made: &[(String, Template)], input: &Input) -> Vec<Stages> {
    let is_there = |stage: &str| input.stages.iter().any(|known| known == stage);
    if made.is_empty() || !is_there(BEHIND) || !is_there(AHEAD) {
        return Vec::new();
    }
    let mut explained = Vec::new();
    for (stack, template) in made {
        let pair = input.pairs.iter().find(|pair| pair.stage.as_deref() == Some(AHEAD) && pair.stack == *stack);
        if let Some(committed) = pair.and_then(|pair| pair.after.as_ref()) {
            explained.extend(review::differences(stack, committed, template));
        }
    }
    vec![Stages { behind: BEHIND.to_owned(), ahead: AHEAD.to_owned(), explained }]
}

#[cfg(test)]
mod tests {
    use review::Pair;

    use super::*;

    #[test]
    fn exit_codes_tell_the_worst() {
        let judged = |before: &str, after: &str| {
            let read = |text: &str| Some(review::parse("t", text).unwrap());
            let pair = Pair { stage: None, stack: "t".to_owned(), before: read(before), after: read(after) };
            code(&review::review(&[pair], &review::Options::default()))
        };
        let queue =
            |properties: &str| format!("Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{{properties}}}}}}}");
        let table = |policy: &str| {
            format!(
                "Resources: {{T: {{Type: AWS::DynamoDB::Table, DeletionPolicy: {policy}}}, Q: {{Type: AWS::SQS::Queue}}}}"
            )
        };
        assert_eq!(judged(&queue("DelaySeconds: 1"), &queue("DelaySeconds: 1")), 0);
        assert_eq!(judged(&queue("DelaySeconds: 1"), &queue("DelaySeconds: 2")), 2);
        assert_eq!(judged(&table("Delete"), &queue("")), 5);
        let role = |action: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: p, Roles: [r], PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: '{action}', Resource: '*'}}]}}}}}}}}"
            )
        };
        assert_eq!(judged(&role("sqs:SendMessage"), &role("*")), 4);
        let name = |name: &str| {
            format!(
                "Resources: {{D: {{Type: AWS::CloudWatch::Dashboard, Properties: {{DashboardName: {name}, DashboardBody: '{{}}'}}}}}}"
            )
        };
        assert_eq!(judged(&name("a"), &name("b")), 3);
    }
}
