//! Why a stack failed and what to do about it, on a card for people and as data for programs. Failures that follow from the
//! first are omitted. Pure.

use deploy::{Cause, RolledBack};
use serde::Serialize;

use crate::run::function_log::FunctionLog;
use crate::ui::text_box::TextBox;

/// Names that a row of the card lists before it counts.
const LISTED: usize = 4;

/// A failed stack operation with everything that helps to repair it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FailureCard {
    /// Physical stack name.
    pub(crate) stack: String,
    /// The status it ended in.
    pub(crate) status: String,
    pub(crate) cause: Option<Cause>,
    /// Where our source declares the resource: `infra/systems/shop/src/shop_data.rs:123`.
    pub(crate) declared_at: Option<String>,
    /// The last log lines of the function behind a custom resource.
    pub(crate) log: Option<FunctionLog>,
    pub(crate) rolled_back: RolledBack,
    /// Physical names of stacks that were not started because of this one.
    pub(crate) skipped: Vec<String>,
    /// What the status means.
    pub(crate) state: &'static str,
    /// What to do, and the command for it.
    pub(crate) advice: &'static str,
    pub(crate) next: String,
}

impl FailureCard {
    pub(crate) fn text_box(&self) -> TextBox {
        let mut card = TextBox::new(format!("{} failed", self.stack));
        match &self.cause {
            Some(cause) => {
                let path: String = cause.path.iter().map(|nested| format!("{nested}/")).collect();
                card.bad("cause", format!("{path}{} ({}) {}", cause.logical_id, cause.resource_type, cause.status));
                card.row("", cause.reason.trim());
                card.row("property", cause.property.clone().unwrap_or_default());
            }
            None => card.bad("cause", "CloudFormation gave none; see the stack's events"),
        }
        card.row("declared", self.declared_at.clone().unwrap_or_default());
        match &self.log {
            Some(log) if log.lines.is_empty() && log.is_gone => {
                card.row("log", format!("{} was rolled back before it could be read", log.group));
            }
            Some(log) if log.lines.is_empty() => card.row("log", format!("{} has no lines about it", log.group)),
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

#[cfg(test)]
mod tests;
