//! Why a stack failed and what to do about it, on a card for people and as data for programs. Refuses to repeat the failures
//! that follow from the first. Pure.

use deploy::{Cause, RolledBack};
use serde::Serialize;

use crate::ui::text_box::Card;

/// Names that a row of the card lists before it counts.
const LISTED: usize = 4;

/// A failed stack operation with all that helps to repair it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// Physical stack name.
    pub(crate) stack: String,
    /// The status it ended in.
    pub(crate) status: String,
    pub(crate) cause: Option<Cause>,
    /// Where our source declares the resource: `infra/systems/fipe/src/fipe_data.rs:123`.
    pub(crate) declared_at: Option<String>,
    /// What the function behind a custom resource logged last.
    pub(crate) log: Option<FunctionLog>,
    pub(crate) rolled_back: RolledBack,
    /// Physical names of stacks that were not begun because of this one.
    pub(crate) skipped: Vec<String>,
    /// What the status means.
    pub(crate) state: &'static str,
    /// What to do, and the command for it.
    pub(crate) advice: &'static str,
    pub(crate) next: String,
}

/// The end of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FunctionLog {
    /// Name of the log group.
    pub(crate) group: String,
    /// The log group went, with the roll-back, before its end was read.
    pub(crate) is_gone: bool,
    /// Oldest first; empty when there was none to be read.
    pub(crate) lines: Vec<String>,
}

/// The commands that a failure may lead to, as they would be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commands {
    /// The deployment again, with everything that it was given.
    pub(crate) deploy: String,
    /// `infra destroy --stage dev`, with account and region.
    pub(crate) destroy: String,
    /// `infra watch --stage dev`, with account and region.
    pub(crate) watch: String,
}

impl Failure {
    pub(crate) fn card(&self) -> Card {
        let mut card = Card::new(format!("{} failed", self.stack));
        match &self.cause {
            Some(cause) => {
                let path: String = cause.path.iter().map(|nested| format!("{nested}/")).collect();
                card.bad("cause", format!("{path}{} ({}) {}", cause.logical_id, cause.resource_type, cause.status));
                card.row("", cause.reason.trim());
                card.row("property", cause.property.clone().unwrap_or_default());
            }
            None => card.bad("cause", "CloudFormation told none; the stack's events may"),
        }
        card.row("declared", self.declared_at.clone().unwrap_or_default());
        match &self.log {
            Some(log) if log.lines.is_empty() && log.is_gone => {
                card.row("log", format!("{} was rolled back before it could be read", log.group));
            }
            Some(log) if log.lines.is_empty() => card.row("log", format!("{} holds nothing of it", log.group)),
            Some(log) => {
                card.row("log", format!("the end of {}", log.group));
                log.lines.iter().for_each(|line| card.row("", line.clone()));
            }
            None => {}
        }
        card.row("undone", self.undone());
        for left in &self.rolled_back.left {
            let parts = [left.physical_id.as_str(), left.status.as_str(), left.reason.as_str()];
            let rest: String = parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}")).collect();
            card.bad("left", format!("{} ({}){rest}", left.logical_id, left.resource_type));
        }
        if !self.skipped.is_empty() {
            card.row("skipped", format!("{}, not begun", self.skipped.join(", ")));
        }
        card.row("state", format!("{}: {}", self.status, self.state));
        card.row("next", self.advice);
        card.command("", self.next.clone());
        card
    }

    fn undone(&self) -> String {
        let undone = &self.rolled_back.undone;
        let names = undone.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match (undone.len(), undone.len().saturating_sub(LISTED)) {
            (0, _) => String::new(),
            (count, 0) => format!("{count} rolled back: {names}"),
            (count, more) => format!("{count} rolled back: {names} and {more} more"),
        }
    }
}

/// What a status means, what to do about it after this first failure, and with which command.
pub(crate) fn way_out(
    status: &str,
    cause: Option<&Cause>,
    commands: &Commands,
) -> (&'static str, &'static str, String) {
    let (state, advice, next) = after(status, commands);
    let deploys = next.starts_with(&commands.deploy);
    match cause {
        Some(cause) if deploys && is_taken(cause) && !next.contains(IMPORT) => (
            state,
            "its name is taken; if what has it is yours, this takes it into the stack:",
            format!("{next} {IMPORT}"),
        ),
        _ => (state, advice, next),
    }
}

const IMPORT: &str = "--import-existing";

/// Whether a resource was not made because another has its name. CloudFormation imports none into nested stacks.
fn is_taken(cause: &Cause) -> bool {
    cause.path.is_empty() && cause.status == "CREATE_FAILED" && says_taken(&cause.reason)
}

fn says_taken(reason: &str) -> bool {
    let reason = reason.to_lowercase().replace(' ', "");
    // The second is the check that CloudFormation makes before it takes a change set.
    reason.contains("alreadyexists") || reason.contains("resourceexistencecheck")
}

/// The command after a change set was refused since a name is taken, when an import was not tried.
pub(crate) fn import_instead(reason: &str, commands: &Commands) -> Option<String> {
    let is_new = says_taken(reason) && !commands.deploy.contains(IMPORT);
    is_new.then(|| format!("{} {IMPORT}", commands.deploy))
}

/// What a status means, what to do about it, and with which command.
fn after(status: &str, commands: &Commands) -> (&'static str, &'static str, String) {
    let (deploy, replace) = (commands.deploy.clone(), format!("{} --replace-failed", commands.deploy));
    let again = "repair the cause; this deletes the remains and creates the stack again:";
    match status {
        "ROLLBACK_COMPLETE" => {
            ("it was never made; what is left holds nothing and can only be deleted", again, replace)
        }
        "CREATE_FAILED" | "ROLLBACK_FAILED" => {
            ("it was never made, and not all of it could be taken away", again, replace)
        }
        "UPDATE_ROLLBACK_COMPLETE" => ("as it was before the update", "repair the cause, then deploy again:", deploy),
        "UPDATE_ROLLBACK_FAILED" => (
            "half-way between before and after, since the roll-back failed, too",
            "repair what was left; this tries the roll-back again and then deploys:",
            deploy,
        ),
        "UPDATE_FAILED" => {
            ("half-way between before and after", "repair the cause; this rolls it back and deploys again:", deploy)
        }
        "DELETE_FAILED" => ("partly deleted", "remove what keeps it, then:", commands.destroy.clone()),
        "DELETE_COMPLETE" => ("gone", "repair the cause, then deploy again:", deploy),
        _ if status.ends_with("_IN_PROGRESS") => ("CloudFormation is at work", "watch it:", commands.watch.clone()),
        _ => ("at rest", "repair the cause, then deploy again:", deploy),
    }
}

#[cfg(test)]
mod tests;
