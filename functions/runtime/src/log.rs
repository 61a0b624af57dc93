//! Logs: one JSON object per line on standard output. Never reads the environment, so no secret can get in from there.

#[cfg(not(test))]
use std::io::Write;

use contract::log as field;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The state of an action, as [`contract::log::STATUS`] describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Started,
    Info,
    Success,
    Duplicate,
    Skipped,
    Error,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Info => "info",
            Self::Success => "success",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }

    fn level(self) -> &'static str {
        match self {
            Self::Started | Self::Info | Self::Success | Self::Duplicate => "INFO",
            Self::Skipped => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes log lines of one function, for one invocation and one trace once these are known.
#[derive(Debug, Clone)]
pub struct Log {
    function: &'static str,
    stage: String,
    request_id: Option<String>,
    trace_id: Option<String>,
}

impl Log {
    pub fn new(function: &'static str, stage: impl Into<String>) -> Self {
        Self { function, stage: stage.into(), request_id: None, trace_id: None }
    }

    /// The same with the id of an invocation.
    pub fn of_request(&self, request_id: &str) -> Self {
        Self { request_id: Some(request_id.to_owned()), ..self.clone() }
    }

    /// The same with a trace id, the value that all functions of a chain log for the same work.
    pub fn of_trace(&self, trace_id: impl ToString) -> Self {
        Self { trace_id: Some(trace_id.to_string()), ..self.clone() }
    }

    pub fn started(&self, action: &str, details: Value) {
        self.write(action, Status::Started, details);
    }

    pub fn info(&self, action: &str, details: Value) {
        self.write(action, Status::Info, details);
    }

    pub fn success(&self, action: &str, details: Value) {
        self.write(action, Status::Success, details);
    }

    pub fn duplicate(&self, action: &str, details: Value) {
        self.write(action, Status::Duplicate, details);
    }

    pub fn skipped(&self, action: &str, details: Value) {
        self.write(action, Status::Skipped, details);
    }

    pub fn error(&self, action: &str, details: Value) {
        self.write(action, Status::Error, details);
    }

    fn write(&self, action: &str, status: Status, details: Value) {
        write_line(&self.line(action, status, details, Timestamp::now()));
    }

    fn line(&self, action: &str, status: Status, details: Value, now: Timestamp) -> String {
        json!({
            field::TIMESTAMP: format!("{now:.3}"),
            field::LEVEL: status.level(),
            field::FUNCTION: self.function,
            field::STAGE: self.stage,
            field::REQUEST_ID: self.request_id,
            field::TRACE_ID: self.trace_id,
            field::ACTION: action,
            field::STATUS: status.name(),
            field::DETAILS: details,
        })
        .to_string()
    }
}

/// An error and all its sources, outermost first.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// One write per line, so that lines of concurrent work never mix. A closed standard output is not worth reporting.
pub(crate) fn write_line(line: &str) {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    #[cfg(not(test))]
    let _ = std::io::stdout().lock().write_all(&bytes);
    #[cfg(test)]
    tests::print(&bytes);
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        static LINES: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
    }

    /// The test harness captures what a passing test prints, but cannot capture a direct write.
    pub(super) fn print(bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        print!("{text}");
        LINES.with_borrow_mut(|lines| lines.push(serde_json::from_str(&text).unwrap()));
    }

    /// The lines that this test wrote so far.
    pub(crate) fn lines() -> Vec<Value> {
        LINES.with_borrow(Clone::clone)
    }

    #[test]
    fn a_log_line_is_one_json_object_with_the_promised_fields() {
        let log = Log::new("FipePriceLoader", "dev").of_request("r-1").of_trace("t-1");
        let now: Timestamp = "2026-08-01T10:20:30.5Z".parse().unwrap();
        let line = log.line("load_prices", Status::Error, json!({"reason": "a\nb"}), now);
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            value,
            json!({
                "timestamp": "2026-08-01T10:20:30.500Z", "level": "ERROR", "function": "FipePriceLoader", "stage": "dev",
                "request_id": "r-1", "trace_id": "t-1", "action": "load_prices", "status": "error",
                "details": {"reason": "a\nb"},
            })
        );
    }

    #[test]
    fn what_was_left_undone_is_a_warning_and_a_repetition_is_none() {
        let log = Log::new("WorkerConsumerSqs", "dev");
        let words = |status| {
            let line: Value =
                serde_json::from_str(&log.line("save", status, json!({}), Timestamp::UNIX_EPOCH)).unwrap();
            format!("{} {}", line["level"].as_str().unwrap(), line["status"].as_str().unwrap())
        };
        let all = [Status::Started, Status::Info, Status::Success, Status::Duplicate, Status::Skipped, Status::Error];
        assert_eq!(
            all.map(words),
            ["INFO started", "INFO info", "INFO success", "INFO duplicate", "WARN skipped", "ERROR error"]
        );
    }

    #[test]
    fn the_error_chain_is_walked_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("queue refused")]
        struct Outer(#[source] std::io::Error);
        assert_eq!(chain(&Outer(std::io::Error::other("no route"))), "queue refused: no route");
    }
}
