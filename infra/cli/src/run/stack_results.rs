//! How a run ended: outputs, or a card for each stack that failed, and the exit code. Refuses to tell a failure twice.

use std::cell::RefCell;
use std::collections::BTreeMap;

use deploy::{Cause, Deployed, Error, Outcome, RolledBack};
use serde_json::json;

use crate::commands::Account;
use crate::exit::Exit;
use crate::run::failure_card::{Commands, Failure, FunctionLog, import_instead, way_out};
use crate::run::plan::Sources;
use crate::ui::reporter::View;
use system::Table;

/// What the functions behind custom resources logged, by physical stack name and logical id.
pub(crate) type FunctionLogs = RefCell<BTreeMap<(String, String), FunctionLog>>;

/// What is needed to explain a failure.
pub(crate) struct Explain<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) logs: &'a FunctionLogs,
    pub(crate) commands: &'a Commands,
}

impl Commands {
    /// As they would be typed for this stage; a deployment that runs now is repeated word for word.
    pub(crate) fn of(stage: &str, account: &Account) -> Self {
        let typed: Vec<String> = std::env::args().skip(1).collect();
        Self::after(&typed, stage, account)
    }

    fn after(typed: &[String], stage: &str, account: &Account) -> Self {
        let mut with = format!("--stage {stage}");
        // What comes out of the environment is there the next time, too.
        let is_given = |flag: &str| typed.iter().any(|word| word == flag || word.starts_with(&format!("{flag}=")));
        for (flag, value) in [("--profile", &account.profile), ("--region", &account.region)] {
            if let Some(value) = value.as_ref().filter(|_| is_given(flag)) {
                with.push_str(&format!(" {flag} {}", quoted(value)));
            }
        }
        let deploy = match typed.first().is_some_and(|word| word == "deploy") {
            true => {
                let again = typed.iter().filter(|word| *word != "--replace-failed").map(|word| quoted(word));
                format!("infra {}", again.collect::<Vec<_>>().join(" "))
            }
            false => format!("infra deploy {with}"),
        };
        Self { deploy, destroy: format!("infra destroy {with}"), watch: format!("infra watch {with}") }
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Tells the outputs of all stacks: a table, or an event a stack.
pub(crate) fn outputs(view: &View<'_>, deployed: &[Deployed]) {
    let mut table = Table::new(&["stack", "output", "value"], &[]);
    for stack in deployed {
        let outputs: BTreeMap<&str, &str> =
            stack.outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let outcome = match stack.outcome {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::UpToDate => "up_to_date",
        };
        view.event("stack.outputs", &json!({"stack": stack.stack_name, "outcome": outcome, "outputs": outputs}));
        for (name, value) in &stack.outputs {
            table.row(vec![stack.stack_name.clone(), name.clone(), value.clone()]);
        }
    }
    table.lines().iter().for_each(|line| view.data(line));
}

/// Tells a failed run: a card for each stack whose operation failed, a line for everything else.
///
/// # Errors
/// Answers with the error itself where it is about the run as a whole.
pub(crate) fn failed(view: &View<'_>, error: Error, explain: &Explain<'_>) -> anyhow::Result<Exit> {
    let Error::Stacks(stacks) = error else { return Err(error.into()) };
    let skipped: Vec<(String, String)> =
        stacks.skipped.iter().map(|skipped| (skipped.stack.clone(), skipped.because.clone())).collect();
    let is_cancelled = view.is_cancelled();
    for (stack, error) in stacks.failures() {
        match stopped_by(error).filter(|_| is_cancelled) {
            Some(end) => {
                cancelled(view, stack, end);
                let of_stack = |(skipped, because): &(String, String)| (because == stack).then(|| skipped.clone());
                let skipped: Vec<String> = skipped.iter().filter_map(of_stack).collect();
                if !skipped.is_empty() {
                    view.note(&[format!("  {}: not begun", skipped.join(", "))]);
                }
            }
            None => told(view, stack, error, &skipped, explain),
        }
    }
    Ok(exit(stacks.failures().map(|(_, error)| error), is_cancelled))
}

/// A failure outweighs that somebody cancelled, that a refusal, and that what may succeed later.
fn exit<'a>(errors: impl Iterator<Item = &'a Error>, is_cancelled: bool) -> Exit {
    let of = |error: &Error| match error {
        error if is_cancelled && stopped_by(error).is_some() => Exit::Interrupted,
        error => Exit::of_deploy(error),
    };
    let exits: Vec<Exit> = errors.map(of).collect();
    let first = |wanted: fn(&Exit) -> bool| exits.iter().copied().find(wanted);
    first(|exit| *exit == Exit::Failed)
        .or_else(|| first(|exit| *exit == Exit::Interrupted))
        .or_else(|| first(|exit| *exit != Exit::Retryable))
        .unwrap_or(Exit::Retryable)
}

/// How a stack stands after what was under way was stopped for somebody; `None` when it failed by itself.
pub(crate) fn stopped(stack: &str, status: &str, cause: Option<&Cause>) -> Option<&'static str> {
    // Without a failure of a resource, the stack's own word for its roll-back stands as the cause.
    let is_own = |cause: &Cause| cause.path.is_empty() && cause.logical_id == stack;
    match status {
        "DELETE_COMPLETE" => Some("it is deleted"),
        "UPDATE_ROLLBACK_COMPLETE" if cause.is_none_or(is_own) => Some("it is as it was before the update"),
        _ => None,
    }
}

fn stopped_by(error: &Error) -> Option<&'static str> {
    match error {
        Error::Gone { stack } => stopped(stack, "DELETE_COMPLETE", None),
        Error::StackFailed { stack, status, cause, .. } => stopped(stack, status, cause.as_deref()),
        _ => None,
    }
}

/// Tells what became of a stack that somebody wanted stopped.
pub(crate) fn cancelled(view: &View<'_>, stack: &str, end: &str) {
    view.note(&[format!("{} {stack}: {end}", view.paint().yellow("cancelled:"))]);
    view.event("stack.cancelled", &json!({"stack": stack, "end": end}));
}

fn told(view: &View<'_>, stack: &str, error: &Error, skipped: &[(String, String)], explain: &Explain<'_>) {
    let paint = view.paint();
    match error {
        Error::StackFailed { stack, status, cause, rolled_back } => {
            card(view, &failure(stack, status, cause.as_deref(), rolled_back, skipped, explain));
        }
        Error::Refused { refusal, .. } => {
            let mut lines =
                vec![format!("{} {stack} was left as it is: {}", paint.red("not approved:"), refusal.reason)];
            lines.extend(refusal.refused.iter().map(|refused| format!("  {refused}")));
            view.note(&lines);
            view.event("stack.refused", &json!({"stack": stack, "reason": refusal.reason, "refused": refusal.refused}));
        }
        Error::DataLoss { losses, .. } => {
            let names: Vec<&str> = losses.iter().filter(|loss| !loss.accepted).map(|loss| loss.name.as_str()).collect();
            view.note(&[format!("{} {error}", paint.red("not approved:"))]);
            view.event("stack.refused", &json!({"stack": stack, "reason": error.to_string(), "refused": names}));
        }
        error => {
            let source = std::error::Error::source(error);
            let causes: Vec<String> =
                std::iter::successors(source, |cause| cause.source()).map(ToString::to_string).collect();
            let mut lines = vec![format!("{} {stack}: {error}", paint.red("error:"))];
            lines.extend(causes.iter().map(|cause| format!("  because {cause}")));
            if let Error::ChangeSetFailed { reason, .. } = error
                && let Some(next) = import_instead(reason, explain.commands)
            {
                lines.push(format!("  if what has its name is yours, this takes it into the stack: {next}"));
            }
            view.note(&lines);
            view.event("stack.error", &json!({"stack": stack, "message": error.to_string(), "causes": causes}));
        }
    }
}

/// Shows a failure: a card on stderr, and its data as an event.
pub(crate) fn card(view: &View<'_>, failure: &Failure) {
    view.note(&failure.card().lines(view.paint()));
    view.event("stack.explained", &serde_json::to_value(failure).unwrap_or_default());
}

/// All that is known about why a stack failed.
pub(crate) fn failure(
    stack: &str,
    status: &str,
    cause: Option<&Cause>,
    rolled_back: &RolledBack,
    skipped: &[(String, String)],
    explain: &Explain<'_>,
) -> Failure {
    let (state, advice, next) = way_out(status, cause, explain.commands);
    let own = cause.filter(|cause| cause.path.is_empty());
    // Of a nested stack's resource, our source declares the nested stack.
    let declared = cause.and_then(|cause| cause.path.first().or(Some(&cause.logical_id)));
    let key = |cause: &Cause| (stack.to_owned(), cause.logical_id.clone());
    Failure {
        stack: stack.to_owned(),
        status: status.to_owned(),
        cause: cause.cloned(),
        declared_at: declared.and_then(|id| explain.sources.declared_at(stack, id)),
        log: own.and_then(|cause| explain.logs.borrow().get(&key(cause)).cloned()),
        rolled_back: rolled_back.clone(),
        skipped: skipped.iter().filter(|(_, because)| because == stack).map(|(stack, _)| stack.clone()).collect(),
        state,
        advice,
        next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("vpc-1"), "vpc-1");
        assert_eq!(quoted("Name=a b"), "'Name=a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_was_cancelled_ends_as_interrupted_and_what_failed_by_itself_as_failed() {
        let name = || "Data-dev".to_owned();
        let cause = |logical_id: &str| Cause {
            path: Vec::new(),
            logical_id: logical_id.to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            status: "UPDATE_ROLLBACK_IN_PROGRESS".to_owned(),
            reason: "User Initiated".to_owned(),
            property: None,
            timestamp_ms: 0,
        };
        let rolled_back = |status: &str, cause: Option<Cause>| Error::StackFailed {
            stack: name(),
            status: status.to_owned(),
            cause: cause.map(Box::new),
            rolled_back: RolledBack::default(),
        };
        let refusal = deploy::Refusal { reason: "you cancelled".to_owned(), refused: Vec::new() };
        let refused = Error::Refused { stack: "Api-dev".to_owned(), refusal };
        for stopped in [
            Error::Gone { stack: name() },
            rolled_back("UPDATE_ROLLBACK_COMPLETE", None),
            rolled_back("UPDATE_ROLLBACK_COMPLETE", Some(cause("Data-dev"))),
        ] {
            assert_eq!(exit([&refused, &stopped].into_iter(), true), Exit::Interrupted, "{stopped:?}");
            assert_eq!(exit([&stopped].into_iter(), false), Exit::Failed, "{stopped:?}");
        }
        for failed in [
            rolled_back("UPDATE_ROLLBACK_COMPLETE", Some(cause("Queue"))),
            rolled_back("UPDATE_ROLLBACK_FAILED", None),
            rolled_back("ROLLBACK_COMPLETE", None),
        ] {
            assert_eq!(exit([&Error::Gone { stack: name() }, &failed].into_iter(), true), Exit::Failed, "{failed:?}");
        }
        assert_eq!(exit([&refused].into_iter(), false), Exit::NotApproved);
    }

    #[test]
    fn the_next_command_repeats_what_was_given_and_nothing_from_the_environment() {
        let account = Account { profile: Some("work".to_owned()), region: Some("sa-east-1".to_owned()) };
        let typed: Vec<String> =
            ["deploy", "--stage", "dev", "--profile", "work", "--replace-failed"].map(str::to_owned).to_vec();
        let commands = Commands::after(&typed, "dev", &account);
        assert_eq!(commands.deploy, "infra deploy --stage dev --profile work");
        assert_eq!(commands.watch, "infra watch --stage dev --profile work");
        let commands = Commands::after(&["watch".to_owned()], "dev", &account);
        assert_eq!(commands.deploy, "infra deploy --stage dev");
    }
}
