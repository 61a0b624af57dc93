//! A log line as people read it: time, function, level, message, and further fields. No text is lost: a line of
//! an unknown shape is shown as it is.

use contract::log as field;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The origin of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The function, as one JSON object.
    Structured,
    /// Lambda itself: start, end and report of an invocation.
    Platform,
    /// The function, as metrics for CloudWatch in the embedded metric format.
    Metrics,
    /// Anything else, such as a panic.
    Raw,
}

/// One log line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub kind: Kind,
    /// When it was written, by its own timestamp if it has one.
    pub at: Timestamp,
    /// `INFO`, `ERROR` and so on, in upper case; empty if it has none.
    pub level: String,
    /// What happened.
    pub message: String,
    /// The value that all functions of a chain log for the same work.
    pub trace_id: Option<String>,
    /// All other fields, in the line's order, nested ones with dots.
    pub fields: Vec<(String, String)>,
    /// The original line: a JSON object, or a string.
    pub document: Value,
}

/// Fields that have their own column, or are redundant in a stream of many functions.
const SHOWN_ELSEWHERE: [&str; 12] = [
    field::TIMESTAMP,
    field::LEVEL,
    field::ACTION,
    field::STATUS,
    field::TRACE_ID,
    field::FUNCTION,
    field::STAGE,
    field::REQUEST_ID,
    // From functions that do not use our runtime.
    "time",
    "message",
    "msg",
    "requestId",
];

impl Line {
    /// Parses what a function wrote at `at`, by the log's clock.
    pub fn parse(message: &str, at: Timestamp) -> Self {
        let text = message.trim_end_matches(['\n', '\r']);
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => Self::structured(object, at),
            Err(_) => {
                let is_platform = ["START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START "]
                    .iter()
                    .any(|start| text.starts_with(start));
                // These two contain the failure, and nothing else does.
                let is_bad =
                    text.contains("Status: error") || text.contains("Status: timeout") || text.contains("Error Type:");
                Self {
                    kind: if is_platform && !is_bad { Kind::Platform } else { Kind::Raw },
                    at,
                    level: if is_bad { "ERROR".to_owned() } else { String::new() },
                    message: text.replace('\t', "  "),
                    trace_id: None,
                    fields: Vec::new(),
                    document: Value::from(text),
                }
            }
        }
    }

    fn structured(object: Map<String, Value>, at: Timestamp) -> Self {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        // Lambda's own lines in its JSON format: {"time", "type": "platform.report", "record": {..}}.
        let platform = text("type").strip_prefix("platform.");
        let platform_status = object.get("record").and_then(|record| record["status"].as_str());
        let is_bad = platform_status.is_some_and(|status| status != "success");
        let own_time = [text(field::TIMESTAMP), text("time")].iter().find_map(|time| time.parse().ok());
        let message = match (text(field::ACTION), text("message"), text("msg"), platform) {
            ("", "", "", Some(kind)) => kind.to_owned(),
            ("", "", msg, _) => msg.to_owned(),
            ("", message, ..) => message.to_owned(),
            (action, ..) => [action, text(field::STATUS)].join(" ").trim_end().to_owned(),
        };
        let kind = match platform {
            Some(_) if !is_bad => Kind::Platform,
            _ if object.contains_key("_aws") => Kind::Metrics,
            _ => Kind::Structured,
        };
        let mut fields = Vec::new();
        for (key, value) in object.iter().filter(|(key, _)| !SHOWN_ELSEWHERE.contains(&key.as_str()) && *key != "_aws")
        {
            // Our functions put their own fields into `details`.
            let key = if [field::DETAILS, "fields"].contains(&key.as_str()) && value.is_object() { "" } else { key };
            flatten(key, value, &mut fields);
        }
        Self {
            kind,
            at: own_time.unwrap_or(at),
            level: if is_bad { "ERROR".to_owned() } else { text(field::LEVEL).to_ascii_uppercase() },
            message,
            trace_id: Some(text(field::TRACE_ID)).filter(|id| !id.is_empty()).map(str::to_owned),
            fields,
            document: Value::Object(object),
        }
    }

    /// Whether the line belongs to a trace. Only a structured line can.
    pub fn is_of_trace(&self, trace_id: &str) -> bool {
        self.trace_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(trace_id))
    }
}

fn flatten(key: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (inner, value) in object {
                let key = if key.is_empty() { inner.clone() } else { format!("{key}.{inner}") };
                flatten(&key, value, fields);
            }
        }
        // Quoted where it would run into the next field.
        Value::String(text)
            if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '"' || c.is_control()) =>
        {
            fields.push((key.to_owned(), value.to_string()));
        }
        Value::String(text) => fields.push((key.to_owned(), text.clone())),
        other => fields.push((key.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Line {
        Line::parse(text, "2026-08-01T10:20:31Z".parse().unwrap())
    }

    #[test]
    fn a_line_of_our_functions_becomes_what_happened_and_its_fields() {
        let line = parse(
            &json!({
                "timestamp": "2026-08-01T10:20:30.500Z", "level": "ERROR", "function": "ShopOrderLoader", "stage": "dev",
                "request_id": "r-1", "trace_id": "t-1", "action": "load_prices", "status": "error",
                "details": {"reason": "a \"b\"\nc", "model": 7, "call": {"made": true}, "none": null},
            })
            .to_string(),
        );
        assert_eq!((line.kind, &*line.level, &*line.message), (Kind::Structured, "ERROR", "load_prices error"));
        assert_eq!(line.at, "2026-08-01T10:20:30.5Z".parse().unwrap());
        let fields: Vec<String> = line.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(fields, ["call.made=true", "model=7", r#"reason="a \"b\"\nc""#]);
        assert!(line.is_of_trace("T-1") && !line.is_of_trace("t-10"));
    }

    #[test]
    fn a_line_of_anybody_else_is_kept_as_it_is() {
        let line = parse("thread 'main' panicked at src/main.rs:1:\n");
        assert_eq!((line.kind, &*line.message), (Kind::Raw, "thread 'main' panicked at src/main.rs:1:"));
        assert_eq!(line.at, "2026-08-01T10:20:31Z".parse().unwrap());
        assert!(!line.is_of_trace("main"));
        assert_eq!(parse("[1, 2]").kind, Kind::Raw);
        assert_eq!(parse(r#"{"level":"warn","msg":"slow"}"#).message, "slow");
    }

    #[test]
    fn lambdas_own_lines_are_told_apart_unless_they_tell_of_a_failure() {
        assert_eq!(parse("START RequestId: 1 Version: $LATEST").kind, Kind::Platform);
        assert_eq!(parse("REPORT RequestId: 1\tDuration: 3 ms\tBilled Duration: 4 ms").kind, Kind::Platform);
        let timeout = parse("REPORT RequestId: 1\tDuration: 3000 ms\tStatus: timeout");
        assert_eq!((timeout.kind, &*timeout.level), (Kind::Raw, "ERROR"));
        let report = |status: &str| {
            parse(
                &json!({"time": "2026-08-01T10:20:30Z", "type": "platform.report", "record": {"status": status}})
                    .to_string(),
            )
        };
        assert_eq!((report("success").kind, &*report("success").message), (Kind::Platform, "report"));
        assert_eq!((report("timeout").kind, &*report("timeout").level), (Kind::Structured, "ERROR"));
        assert_eq!(parse(r#"{"_aws":{"Timestamp":1},"PricesLoaded":3}"#).kind, Kind::Metrics);
    }
}
