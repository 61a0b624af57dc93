//! Shows a change and asks for approval where it is needed. Without a terminal for the question, refuses and names the flag that would
//! allow it.

use clap::ValueEnum;
use deploy::{Approver, FailedStack, Preview, Refusal};
use serde_json::json;
use system::StageName;

use crate::changes::tables;
use crate::changes::verdict::Verdict;
use crate::ui::reporter::Reporter;

/// Which changes need an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Approve {
    /// Nothing: do not ask.
    Never,
    /// What the review finds dangerous.
    Dangerous,
    /// Every change.
    Always,
}

/// Asks on the terminal.
pub(crate) struct CommandApprover<'a> {
    pub(crate) reporter: &'a Reporter<'a>,
    pub(crate) stage: StageName,
    pub(crate) approve: Approve,
    /// A stack that failed may be deleted without a question.
    pub(crate) replace_failed: bool,
    /// Year, month, day.
    pub(crate) today: (i32, u8, u8),
}

impl Approver for CommandApprover<'_> {
    async fn approve(&self, preview: &Preview) -> Result<(), Refusal> {
        if self.reporter.is_cancelled() {
            return Err(Refusal { reason: "you cancelled".to_owned(), refused: Vec::new() });
        }
        // What is on this machine can be recreated in seconds: if nothing needs approval, nothing is shown.
        if self.stage == StageName::Local && self.approve == Approve::Never {
            return Ok(());
        }
        let verdict = match Verdict::of(self.stage.as_str(), std::slice::from_ref(preview), self.today) {
            Ok(verdict) => verdict,
            Err(error) if self.approve == Approve::Never => {
                self.reporter.note(&[format!("{}: its changes cannot be shown: {error}", preview.stack_name)]);
                return Ok(());
            }
            Err(error) => return Err(Refusal { reason: format!("it cannot be judged: {error}"), refused: Vec::new() }),
        };
        let paint = self.reporter.paint();
        self.reporter.note(&tables::lines(&verdict, paint));
        let reasons = reasons(self.approve, &verdict);
        let (stack, dangers) = (&preview.stack_name, verdict.dangers());
        let judged = json!({"stack": stack, "answer": verdict.code(), "dangers": dangers, "asks_for": reasons});
        self.reporter.event("stack.judged", &judged);
        if reasons.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = reasons.iter().map(|reason| format!("  {} {reason}", paint.red("!"))).collect();
        self.reporter.note(&shown);
        self.ask(&format!("Change {stack}?"), reasons, "--approve never").await
    }

    async fn delete_failed(&self, stack: &FailedStack) -> Result<(), Refusal> {
        if self.replace_failed || self.stage == StageName::Local {
            return Ok(());
        }
        let because = stack.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let held = stack.resources.iter().map(|(id, kind)| format!("  it contains {id} ({kind})"));
        let held = if stack.resources.is_empty() { vec!["  it is empty".to_owned()] } else { held.collect() };
        let head = format!("{} is {}{because}", stack.stack_name, stack.status);
        self.reporter.note(&[vec![head], held].concat());
        let question = format!("Delete {} and create it again?", stack.stack_name);
        let refused = format!("{} is {} and has to be deleted first", stack.stack_name, stack.status);
        self.ask(&question, vec![refused], "--replace-failed").await
    }
}

impl CommandApprover<'_> {
    async fn ask(&self, question: &str, refused: Vec<String>, flag: &str) -> Result<(), Refusal> {
        let terminal = self.reporter.terminal();
        if !terminal.can_ask() {
            return Err(Refusal { reason: format!("there is no terminal to ask at; {flag} allows it"), refused });
        }
        let answer = terminal.ask(&format!("{question} [y/N]")).await.map(|answer| answer.to_lowercase());
        match answer.as_deref() {
            Ok("y" | "yes") => Ok(()),
            _ => Err(Refusal { reason: "you said no".to_owned(), refused }),
        }
    }
}

/// What needs approval, one sentence each.
fn reasons(approve: Approve, verdict: &Verdict<'_>) -> Vec<String> {
    let dangers = verdict.dangers();
    match approve {
        Approve::Never => Vec::new(),
        Approve::Always if dangers.is_empty() && verdict.code() > 0 => vec![tables::summary(verdict)],
        Approve::Dangerous | Approve::Always => dangers,
    }
}

#[cfg(test)]
mod tests;
