//! Shows a run: a frame on a terminal, lines in a log, or one JSON object per line on stdout and nothing else there.

use std::cell::{Cell, RefCell};

use deploy::Event;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use system::StageName;

use crate::args::events::Events;
use crate::exit::{Exit, Failure};
use crate::ui::paint::Paint;
use crate::ui::progress::{Progress, Reader};
use crate::ui::terminal::Terminal;

/// Passes on how a run ended; if it failed, or never began, reports that as an event first.
pub(crate) fn with_failure(
    terminal: &Terminal,
    events: Option<Events>,
    result: Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    if let (Some(Events::Json), Err(failure)) = (events, &result) {
        let object = json!({
            "code": "run.failed",
            "exit": failure.exit().code(),
            "message": failure.to_string(),
            "causes": failure.causes(),
        });
        stream(terminal, &object, Timestamp::now());
    }
    result
}

/// The output of one run.
pub(crate) struct Reporter<'a> {
    terminal: &'a Terminal,
    events: Option<Events>,
    is_local: bool,
    progress: RefCell<Progress>,
    is_cancelled: Cell<bool>,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(terminal: &'a Terminal, stage: StageName, events: Option<Events>) -> Self {
        let reader = if terminal.is_interactive() { Reader::Person } else { Reader::Log };
        let is_local = stage == StageName::Local;
        let progress = Progress::new(reader, terminal.note_paint(), is_local, Timestamp::now());
        Self { terminal, events, is_local, progress: RefCell::new(progress), is_cancelled: Cell::new(false) }
    }

    pub(crate) fn terminal(&self) -> &'a Terminal {
        self.terminal
    }

    /// Whether the run is on the local cloud, where everything takes moments.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Colours of what [`Self::note`] prints.
    pub(crate) fn paint(&self) -> Paint {
        self.terminal.note_paint()
    }

    /// An event of the deployer.
    pub(crate) fn deployer_event(&self, event: &Event) {
        let now = Timestamp::now();
        let lines = self.progress.borrow_mut().apply(event, now);
        if self.is_json() {
            self.object(&serde_json::to_value(event).unwrap_or_default(), now);
        }
        self.note(&lines);
    }

    /// An event of the command itself, with a stable code.
    pub(crate) fn event(&self, code: &str, fields: &Value) {
        if self.is_json() {
            let mut object = Map::from_iter([("code".to_owned(), json!(code))]);
            object.extend(fields.as_object().cloned().unwrap_or_default());
            self.object(&Value::Object(object), Timestamp::now());
        }
    }

    /// Lines for people; nothing when only programs read.
    pub(crate) fn note(&self, lines: &[String]) {
        if !self.is_json() || self.terminal.is_interactive() {
            lines.iter().for_each(|line| self.terminal.note(line));
        }
    }

    /// A line of the result for people, on stdout; in JSON the result is an event.
    pub(crate) fn data(&self, line: &str) {
        if !self.is_json() {
            self.terminal.data(line);
        }
    }

    /// Draws the next frame, or reports silence.
    pub(crate) fn tick(&self) {
        let now = Timestamp::now();
        if self.terminal.is_interactive() {
            let frame = self.progress.borrow().frame(now);
            self.terminal.frame(&frame);
            return;
        }
        let sign = self.progress.borrow_mut().heartbeat(now);
        if let Some(line) = sign {
            self.event("run.waiting", &json!({"under_way": self.in_progress()}));
            self.note(&[line]);
        }
    }

    /// Removes the frame.
    pub(crate) fn clear(&self) {
        self.terminal.clear_frame();
    }

    /// Stacks whose operation has begun and not ended, by physical name.
    pub(crate) fn in_progress(&self) -> Vec<String> {
        self.progress.borrow().in_progress()
    }

    /// The user cancelled: from now on approval is refused, including the one being asked for.
    pub(crate) fn cancelled(&self) {
        self.is_cancelled.set(true);
        self.terminal.hang_up();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    fn is_json(&self) -> bool {
        self.events == Some(Events::Json)
    }

    fn object(&self, value: &Value, now: Timestamp) {
        stream(self.terminal, value, now);
    }
}

fn stream(terminal: &Terminal, value: &Value, now: Timestamp) {
    let at = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let mut object = Map::from_iter([("at".to_owned(), json!(at))]);
    object.extend(value.as_object().cloned().unwrap_or_default());
    terminal.stream(&Value::Object(object).to_string());
}
