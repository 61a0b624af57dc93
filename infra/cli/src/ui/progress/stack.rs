//! The progress of one stack: its bar, the resources in progress below it, its failures. Pure: time is an argument.

use std::collections::BTreeSet;
use std::time::Duration;

use deploy::{Operation, StackEvent};
use jiff::Timestamp;

use crate::ui::paint::Paint;
use crate::ui::quantity;

/// Silence after which a line says that the work continues.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);
/// Columns of a bar.
const BAR: usize = 24;

#[derive(Debug)]
pub(crate) struct StackProgress {
    /// Physical name.
    pub(crate) name: String,
    pub(crate) is_lost: bool,
    pub(crate) is_over: bool,
    is_attached: bool,
    doing: &'static str,
    is_bad: bool,
    /// Resources that change, and the stack itself; 0 if unknown.
    total: usize,
    done: BTreeSet<String>,
    since: Timestamp,
    news: Timestamp,
    resources: Vec<InFlight>,
    failures: Vec<String>,
}

/// A resource that CloudFormation is working on.
#[derive(Debug)]
struct InFlight {
    path: Vec<String>,
    logical_id: String,
    kind: String,
    since: Timestamp,
    usual: Option<Duration>,
}

impl StackProgress {
    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            is_lost: false,
            is_over: false,
            is_attached: false,
            doing: "working",
            is_bad: false,
            total: 0,
            done: BTreeSet::new(),
            since: now,
            news: now,
            resources: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// An operation begins.
    pub(crate) fn start(&mut self, operation: Operation, changes: usize, now: Timestamp) {
        *self = Self::new(&self.name, now);
        self.doing = match operation {
            Operation::Create => "creating",
            Operation::Update => "updating",
            Operation::Delete => "deleting",
        };
        self.total = if operation == Operation::Delete && changes == 0 { 0 } else { changes + 1 };
    }

    /// An operation that was started elsewhere is being followed.
    pub(crate) fn attach(&mut self, status: &str) {
        self.is_attached = true;
        self.doing = match status.split('_').next() {
            Some("CREATE") => "creating",
            Some("UPDATE") => "updating",
            Some("DELETE") => "deleting",
            _ => "working",
        };
        self.turns(status);
    }

    pub(crate) fn news(&mut self, now: Timestamp) {
        self.news = now;
    }

    /// The status of the stack itself has changed.
    pub(crate) fn turns(&mut self, status: &str) {
        if status.contains("ROLLBACK") {
            (self.doing, self.is_bad) = ("rolling back", true);
        } else if status.contains("CLEANUP") {
            self.doing = "cleaning up";
        }
    }

    /// The stack has an event with this time, in milliseconds since 1970: the operation began then at the latest.
    pub(crate) fn began(&mut self, timestamp_ms: i64) {
        let told = Timestamp::from_millisecond(timestamp_ms).unwrap_or(self.since);
        if self.is_attached {
            self.since = self.since.min(told);
        }
    }

    /// A resource has another status.
    pub(crate) fn moves(&mut self, path: &[String], event: &StackEvent, usual: Option<Duration>, now: Timestamp) {
        let is_same = |known: &InFlight| known.logical_id == event.logical_id && known.path == path;
        let found = self.resources.iter().position(is_same);
        if event.is_cause() {
            let name: String = path.iter().map(|nested| format!("{nested}/")).collect();
            self.failures.push(format!("{name}{}  {}  {}", event.logical_id, event.status, event.reason.trim()));
        }
        if !event.status.ends_with("_IN_PROGRESS") {
            if let Some(index) = found {
                self.resources.remove(index);
            }
            if event.status.ends_with("_COMPLETE") && path.is_empty() && !self.is_bad {
                self.done.insert(event.logical_id.clone());
            }
            return;
        }
        match found {
            Some(index) => self.resources[index].usual = usual.or(self.resources[index].usual),
            None => {
                // Its own time if it began before we looked; otherwise ours is more precise.
                let told = Timestamp::from_millisecond(event.timestamp_ms).unwrap_or(now);
                let since = if between(told, now) > Duration::from_secs(10) { told } else { now };
                let kind = event.resource_type.trim_start_matches("AWS::").to_owned();
                let (path, logical_id) = (path.to_vec(), event.logical_id.clone());
                self.resources.push(InFlight { path, logical_id, kind, since, usual });
            }
        }
    }

    /// `12 resources, 3m12s`.
    pub(crate) fn summary(&self, now: Timestamp) -> String {
        format!("{}, {}", quantity::counted(self.done.len(), "resource"), self.took(now))
    }

    pub(crate) fn took(&self, now: Timestamp) -> String {
        quantity::exact(between(self.since, now))
    }

    /// One line for a log.
    pub(crate) fn sign_of_life(&self, now: Timestamp) -> String {
        let one = |resource: &InFlight| format!("{} ({})", resource.logical_id, resource.clock(now));
        let works: Vec<String> = self.resources.iter().map(one).collect();
        let on = if works.is_empty() { String::new() } else { format!(" on {}", works.join(", ")) };
        format!("{} {} {}, CloudFormation is still working{on}", self.name, self.count(), self.doing)
    }

    /// The bar, and below it what is in progress, what failed, and the silence.
    pub(crate) fn frame(&self, turn: &str, width: usize, now: Timestamp, paint: Paint, lines: &mut Vec<String>) {
        lines.push(self.bar(turn, width, now, paint));
        self.tree(&[], 1, turn, now, paint, lines);
        lines.extend(self.failures.iter().map(|failure| format!("  {} {failure}", paint.red("✗"))));
        let silent = between(self.news, now);
        if silent >= SILENCE && !self.is_lost {
            let names: Vec<&str> = self.resources.iter().map(|resource| resource.logical_id.as_str()).collect();
            let on = if names.is_empty() { String::new() } else { format!(" on {}", names.join(", ")) };
            let text = format!("no news for {}, CloudFormation is still working{on}", quantity::exact(silent));
            lines.push(format!("    {}", paint.dim(&text)));
        }
    }

    fn count(&self) -> String {
        match self.total {
            0 => self.done.len().to_string(),
            total => format!("{}/{}", self.done.len(), total.max(self.done.len() + 1)),
        }
    }

    fn bar(&self, turn: &str, width: usize, now: Timestamp, paint: Paint) -> String {
        let full = match self.total {
            0 => 0,
            total => BAR * self.done.len() / total.max(self.done.len() + 1),
        };
        let (full, rest) = ("━".repeat(full), paint.dim(&"─".repeat(BAR - full)));
        let full = if self.is_bad { paint.red(&full) } else { paint.green(&full) };
        let doing = if self.is_bad { paint.red(self.doing) } else { self.doing.to_owned() };
        let lost = if self.is_lost { paint.yellow(", AWS cannot be reached") } else { String::new() };
        let name = paint.bold(&format!("{:<width$}", self.name));
        format!("{turn} {name}  {full}{rest} {:>7}  {:>6}  {doing}{lost}", self.count(), self.took(now))
    }

    /// What is in progress below `path`, nested stacks with theirs, oldest first.
    fn tree(&self, path: &[String], depth: usize, turn: &str, now: Timestamp, paint: Paint, lines: &mut Vec<String>) {
        for resource in self.resources.iter().filter(|resource| resource.path == path) {
            let clock = resource.clock(now);
            let clock = if resource.is_late(now) { paint.yellow(&clock) } else { clock };
            let (name, kind) = (&resource.logical_id, paint.dim(&resource.kind));
            lines.push(format!("{}{turn} {name}  {kind}  {clock}", "  ".repeat(depth)));
            let inside: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
            self.tree(&inside, depth + 1, turn, now, paint, lines);
        }
    }
}

impl InFlight {
    /// `3m12s, usually ~9m`.
    fn clock(&self, now: Timestamp) -> String {
        let usual = self.usual.map(|usual| format!(", usually {}", quantity::about(usual)));
        format!("{}{}", quantity::exact(between(self.since, now)), usual.unwrap_or_default())
    }

    fn is_late(&self, now: Timestamp) -> bool {
        let took = between(self.since, now);
        took > Duration::from_secs(10) && self.usual.is_some_and(|usual| took > usual * 2)
    }
}

/// From `start` to `end`; `None` when the clocks disagree.
pub(crate) fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or_default()
}
