//! The progress of stacks, from the deployer's events: a frame for a terminal, lines for a log. Never looks stuck: long operations show
//! a clock, and silence is reported. Pure: time is an argument.

mod stack;

use std::collections::BTreeSet;
use std::time::Duration;

use deploy::{Event, Operation, Remedy, StackEvent};
use jiff::{SignedDuration, Timestamp};

use self::stack::{SILENCE, StackProgress, between};
use crate::ui::paint::Paint;
use crate::ui::quantity;

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The kind of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person at a terminal: bars are redrawn at the bottom, and only what matters later scrolls by.
    Person,
    /// A log: every step is a line with its time.
    Log,
}

/// All stacks of a run.
#[derive(Debug)]
pub(crate) struct Progress {
    reader: Reader,
    paint: Paint,
    is_local: bool,
    stacks: Vec<StackProgress>,
    uploads: BTreeSet<String>,
    retrying: Option<String>,
    said: Timestamp,
}

impl Progress {
    pub(crate) fn new(reader: Reader, paint: Paint, is_local: bool, now: Timestamp) -> Self {
        let (stacks, uploads) = (Vec::new(), BTreeSet::new());
        Self { reader, paint, is_local, stacks, uploads, retrying: None, said: now }
    }

    /// Processes an event; returns the lines to be printed permanently.
    pub(crate) fn apply(&mut self, event: &Event, now: Timestamp) -> Vec<String> {
        if !matches!(event, Event::Retrying { .. }) {
            self.retrying = None;
        }
        let lines = match event {
            Event::Resource { stack, path, event, usual_seconds } => {
                let usual = usual_seconds.map(Duration::from_secs);
                self.resource(stack, path, event, usual, now).into_iter().collect()
            }
            event => self.step(event, now),
        };
        if !lines.is_empty() {
            self.said = now;
        }
        match self.reader {
            Reader::Person => lines,
            Reader::Log => lines.into_iter().map(|line| format!("{}  {line}", clock(now))).collect(),
        }
    }

    fn step(&mut self, event: &Event, now: Timestamp) -> Vec<String> {
        let (paint, is_log) = (self.paint, self.reader == Reader::Log);
        let in_log = |line: String| if is_log { vec![line] } else { Vec::new() };
        match event {
            Event::Planned { stacks } => in_log(format!("stacks in order: {}", stacks.join(", "))),
            Event::BucketCreated { bucket } => vec![format!("created bucket {bucket}")],
            Event::AssetUploading { asset, .. } => {
                self.uploads.insert(asset.clone());
                Vec::new()
            }
            Event::AssetUploaded { asset, bytes, .. } => {
                self.uploads.remove(asset);
                in_log(format!("uploaded {asset}, {:.1} MB", *bytes as f64 / 1e6))
            }
            Event::ChangeSetDeleted { stack, with_stack: true } => in_log(format!("{stack}  deleted the empty stack")),
            Event::AssetPresent { .. }
            | Event::ChangeSetReady { .. }
            | Event::ChangeSetDeleted { .. }
            | Event::Resource { .. } => Vec::new(),
            Event::Attached { stack, status } => {
                let known = self.stack(stack, now);
                known.attach(status);
                vec![format!("{stack}  {status}: following the operation in progress")]
            }
            Event::Yielding { stack, seconds, .. } => {
                self.stack(stack, now).attach("REVIEW_IN_PROGRESS");
                let until = now + SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(i64::MAX));
                let until = until.strftime("%H:%M:%SZ");
                vec![format!(
                    "{stack}  another deployer seems to prepare it; letting that one go first, until {until} at most"
                )]
            }
            Event::Recovering { stack, status, remedy } => vec![format!("{stack}  {status}: {}", says(*remedy))],
            Event::Started { stack, operation, changes, .. } => {
                self.stack(stack, now).start(*operation, *changes, now);
                in_log(format!("{stack}  {}", started(*operation, *changes)))
            }
            Event::Denied { operation, reason } => {
                in_log(format!("{operation} is not allowed, going on without: {reason}"))
            }
            Event::Retrying { operation, reason } => {
                let line = format!("{operation}: {reason}; trying again");
                if !is_log {
                    self.retrying = Some(line.clone());
                }
                in_log(line)
            }
            Event::ConnectionLost { stack, reason } => {
                self.stack(stack, now).is_lost = true;
                vec![
                    paint.yellow(&format!(
                        "{stack}  AWS cannot be reached ({reason}); CloudFormation continues, retrying"
                    )),
                ]
            }
            Event::ConnectionRestored { stack } => {
                self.stack(stack, now).is_lost = false;
                vec![format!("{stack}  AWS can be reached again")]
            }
            Event::Protected { stack, change } => {
                let on = |on: bool| format!("termination protection {}", if on { "on" } else { "off" });
                let policy = change.stack_policy.as_ref().map(|_| "stack policy set".to_owned());
                let what: Vec<String> = change.termination.map(on).into_iter().chain(policy).collect();
                vec![format!("{stack}  {}", what.join(", "))]
            }
            Event::PolicyOpened { stack, resources } => {
                vec![paint.yellow(&format!("{stack}  stack policy opened for {}", resources.join(", ")))]
            }
            Event::PolicyRestored { stack } => vec![format!("{stack}  stack policy restored")],
            Event::BucketEmptying { stack, bucket, deleted } => {
                in_log(format!("{stack}  emptying {bucket}: {deleted} object versions deleted"))
            }
            Event::Cancelling { stack, status } => vec![paint.yellow(&format!("{stack}  {status}: cancelling"))],
            Event::UpToDate { stack } => vec![format!("{stack}  up to date")],
            Event::Finished { stack, status } => {
                let known = self.stack(stack, now);
                known.is_over = true;
                vec![format!("{} {stack}  {status}, {}", paint.green("✓"), known.summary(now))]
            }
            Event::Failed { stack, status, .. } => {
                let known = self.stack(stack, now);
                known.is_over = true;
                vec![format!("{} {stack}  {} after {}", paint.red("✗"), paint.red(status), known.took(now))]
            }
            Event::Skipped { stack, because } => {
                vec![format!("{} {stack}  not started, because it depends on {because}", paint.yellow("-"))]
            }
        }
    }

    fn resource(
        &mut self,
        stack: &str,
        path: &[String],
        event: &StackEvent,
        usual: Option<Duration>,
        now: Timestamp,
    ) -> Option<String> {
        let (paint, reader, is_local) = (self.paint, self.reader, self.is_local);
        let status = event.status.as_str();
        let is_bad = status.contains("FAILED") || status.contains("ROLLBACK");
        let is_own = path.is_empty() && event.logical_id == stack;
        // A nested stack reports itself, too; its parent says the same.
        if !path.is_empty() && event.physical_id.contains(&format!("/{}/", event.logical_id)) {
            return None;
        }
        let known = self.stack(stack, now);
        known.news(now);
        match is_own {
            true => {
                known.turns(status);
                known.began(event.timestamp_ms);
            }
            false => known.moves(path, event, usual, now),
        }
        // A person sees operations in progress in the frame; a log gets a line when something begins that can take minutes.
        let begins = status.ends_with("_IN_PROGRESS") && !is_bad && !is_own;
        let is_told = match reader {
            Reader::Person => event.is_cause() || (is_own && is_bad && !status.ends_with("_COMPLETE")),
            Reader::Log => !event.is_cancelled() && (!begins || !(is_local || event.reason.contains("Initiated"))),
        };
        let name: String = path.iter().map(|nested| format!("{nested}/")).chain([event.logical_id.clone()]).collect();
        let padded = if reader == Reader::Log { format!("{status:<18}") } else { status.to_owned() };
        let status = match (status.ends_with("_FAILED"), is_bad) {
            (true, _) => paint.red(&padded),
            (_, true) => paint.yellow(&padded),
            _ => padded,
        };
        let reason = if is_bad { event.reason.as_str() } else { "" };
        let line = match reader {
            Reader::Person => format!("{stack}  {status}  {name}  {reason}"),
            Reader::Log => format!("{stack}  {status} {name:<32} {}  {reason}", event.resource_type),
        };
        is_told.then(|| line.trim_end().to_owned())
    }

    /// The operations in progress, line by line, for a terminal.
    pub(crate) fn frame(&self, now: Timestamp) -> Vec<String> {
        let turn = SPINNER[usize::try_from(now.as_millisecond() / 100).unwrap_or_default() % SPINNER.len()];
        let mut lines = Vec::new();
        if !self.uploads.is_empty() {
            let names: Vec<&str> = self.uploads.iter().map(String::as_str).collect();
            lines.push(format!("{turn} uploading {}", names.join(", ")));
        }
        let width = self.stacks.iter().map(|stack| stack.name.len()).max().unwrap_or_default();
        for stack in self.stacks.iter().filter(|stack| !stack.is_over) {
            stack.frame(turn, width, now, self.paint, &mut lines);
        }
        if lines.is_empty() {
            lines.push(format!("{turn} waiting for AWS"));
        }
        lines.extend(self.retrying.iter().map(|line| format!("  {}", self.paint.yellow(line))));
        lines
    }

    /// A line for a log without output for a while.
    pub(crate) fn heartbeat(&mut self, now: Timestamp) -> Option<String> {
        if between(self.said, now) < SILENCE {
            return None;
        }
        self.said = now;
        let stacks = self.stacks.iter().filter(|stack| !stack.is_over);
        let parts: Vec<String> = stacks.map(|stack| stack.sign_of_life(now)).collect();
        let text = if parts.is_empty() { "still waiting for AWS".to_owned() } else { parts.join("; ") };
        Some(format!("{}  {text}", clock(now)))
    }

    /// Stacks whose operation has begun and not ended, by physical name.
    pub(crate) fn in_progress(&self) -> Vec<String> {
        self.stacks.iter().filter(|stack| !stack.is_over).map(|stack| stack.name.clone()).collect()
    }

    fn stack(&mut self, name: &str, now: Timestamp) -> &mut StackProgress {
        let index = self.stacks.iter().position(|stack| stack.name == name).unwrap_or_else(|| {
            self.stacks.push(StackProgress::new(name, now));
            self.stacks.len() - 1
        });
        &mut self.stacks[index]
    }
}

/// `01:23:45Z`, as in CloudFormation's own events.
fn clock(now: Timestamp) -> String {
    now.strftime("%H:%M:%SZ").to_string()
}

fn says(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Delete => "deleting it first",
        Remedy::RollBack => "rolling it back first",
        Remedy::ContinueRollBack => "retrying its rollback first",
    }
}

fn started(operation: Operation, changes: usize) -> String {
    let resources = quantity::counted(changes, "resource");
    match operation {
        Operation::Create => format!("creating {resources}"),
        Operation::Update if changes == 0 => "changing outputs or tags".to_owned(),
        Operation::Update => format!("changing {resources}"),
        Operation::Delete => "deleting".to_owned(),
    }
}

#[cfg(test)]
mod tests;
