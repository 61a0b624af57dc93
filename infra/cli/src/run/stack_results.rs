//! How a run ended: outputs, or a card for each stack that failed, and the exit code. Each failure is shown once.

use std::collections::BTreeMap;

use deploy::{Cause, Deployed, Error, Outcome, RolledBack};
use serde_json::json;
use system::Table;

use crate::exit::{Exit, Failure};
use crate::run::declarations::Declarations;
use crate::run::failure_card::FailureCard;
use crate::run::function_log::FunctionLogs;
use crate::run::next_commands::{NextCommands, import_instead, way_out};
use crate::ui::reporter::Reporter;

/// What an explanation of a failure needs.
pub(crate) struct Explain<'a> {
    pub(crate) declarations: &'a Declarations,
    pub(crate) logs: &'a FunctionLogs,
    pub(crate) commands: &'a NextCommands,
}

/// Shows the outputs of all stacks: a table, or an event per stack.
pub(crate) fn outputs(reporter: &Reporter<'_>, deployed: &[Deployed]) {
    let mut table = Table::new(&["stack", "output", "value"], &[]);
    for stack in deployed {
        let outputs: BTreeMap<&str, &str> =
            stack.outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let outcome = match stack.outcome {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::UpToDate => "up_to_date",
        };
        reporter.event("stack.outputs", &json!({"stack": stack.stack_name, "outcome": outcome, "outputs": outputs}));
        for (name, value) in &stack.outputs {
            table.row(vec![stack.stack_name.clone(), name.clone(), value.clone()]);
        }
    }
    table.lines().iter().for_each(|line| reporter.data(line));
}

/// Shows a failed run: a card for each stack whose operation failed, a line for everything else.
///
/// # Errors
/// The error itself if it concerns the run as a whole.
pub(crate) fn failed(reporter: &Reporter<'_>, error: Error, explain: &Explain<'_>) -> Result<Exit, Failure> {
    let Error::Stacks(stacks) = error else { return Err(error.into()) };
    let skipped: Vec<(String, String)> =
        stacks.skipped.iter().map(|skipped| (skipped.stack.clone(), skipped.because.clone())).collect();
    let is_cancelled = reporter.is_cancelled();
    for (stack, error) in stacks.failures() {
        match stopped_by(error).filter(|_| is_cancelled) {
            Some(end) => {
                cancelled(reporter, stack, end);
                let of_stack = |(skipped, because): &(String, String)| (because == stack).then(|| skipped.clone());
                let skipped: Vec<String> = skipped.iter().filter_map(of_stack).collect();
                if !skipped.is_empty() {
                    reporter.note(&[format!("  {}: not started", skipped.join(", "))]);
                }
            }
            None => show_error(reporter, stack, error, &skipped, explain),
        }
    }
    Ok(exit(stacks.failures().map(|(_, error)| error), is_cancelled))
}

/// A failure takes precedence over a cancellation, that over a refusal, and that over what may succeed later.
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

/// The state of a stack whose operation was cancelled; `None` when it failed by itself.
pub(crate) fn stopped(stack: &str, status: &str, cause: Option<&Cause>) -> Option<&'static str> {
    // Without a failed resource, the stack's own reason for its rollback is the cause.
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

/// Shows the result for a stack whose operation was cancelled.
pub(crate) fn cancelled(reporter: &Reporter<'_>, stack: &str, end: &str) {
    reporter.note(&[format!("{} {stack}: {end}", reporter.paint().yellow("cancelled:"))]);
    reporter.event("stack.cancelled", &json!({"stack": stack, "end": end}));
}

fn show_error(
    reporter: &Reporter<'_>,
    stack: &str,
    error: &Error,
    skipped: &[(String, String)],
    explain: &Explain<'_>,
) {
    let paint = reporter.paint();
    match error {
        Error::StackFailed { stack, status, cause, rolled_back } => {
            show_card(reporter, &failure_card(stack, status, cause.as_deref(), rolled_back, skipped, explain));
        }
        Error::Refused { refusal, .. } => {
            let mut lines =
                vec![format!("{} {stack} was left as it is: {}", paint.red("not approved:"), refusal.reason)];
            lines.extend(refusal.refused.iter().map(|refused| format!("  {refused}")));
            reporter.note(&lines);
            reporter
                .event("stack.refused", &json!({"stack": stack, "reason": refusal.reason, "refused": refusal.refused}));
        }
        Error::DataLoss { losses, .. } => {
            let names: Vec<&str> = losses.iter().filter(|loss| !loss.accepted).map(|loss| loss.name.as_str()).collect();
            reporter.note(&[format!("{} {error}", paint.red("not approved:"))]);
            reporter.event("stack.refused", &json!({"stack": stack, "reason": error.to_string(), "refused": names}));
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
            reporter.note(&lines);
            reporter.event("stack.error", &json!({"stack": stack, "message": error.to_string(), "causes": causes}));
        }
    }
}

/// Shows a failure: a card on stderr, and its data as an event.
pub(crate) fn show_card(reporter: &Reporter<'_>, failure: &FailureCard) {
    reporter.note(&failure.text_box().lines(reporter.paint()));
    reporter.event("stack.explained", &serde_json::to_value(failure).unwrap_or_default());
}

/// Everything that is known about why a stack failed.
pub(crate) fn failure_card(
    stack: &str,
    status: &str,
    cause: Option<&Cause>,
    rolled_back: &RolledBack,
    skipped: &[(String, String)],
    explain: &Explain<'_>,
) -> FailureCard {
    let (state, advice, next) = way_out(status, cause, explain.commands);
    let own = cause.filter(|cause| cause.path.is_empty());
    // For a resource in a nested stack, our source declares the nested stack.
    let declared = cause.and_then(|cause| cause.path.first().or(Some(&cause.logical_id)));
    let key = |cause: &Cause| (stack.to_owned(), cause.logical_id.clone());
    FailureCard {
        stack: stack.to_owned(),
        status: status.to_owned(),
        cause: cause.cloned(),
        declared_at: declared.and_then(|id| explain.declarations.declared_at(stack, id)),
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
}
