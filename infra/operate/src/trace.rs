//! What several functions logged about the same work, once it is all there. Waits for the slowest of them, and not for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_access::CallError;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{Kind, Line, LogGroups, Source, Tail};

/// How many times the log is read within the limit.
const POLLS: u32 = 20;

/// The functions' own lines about something.
#[derive(Debug, Default, PartialEq)]
pub struct Trace {
    /// In the order of time: the index of the source, and the line.
    pub lines: Vec<(usize, Line)>,
    /// The functions that have written none in time.
    pub silent: Vec<String>,
}

/// Reads the logs until every function has written about the trace, or the time is up.
///
/// # Errors
/// When a call fails.
pub async fn trace(
    logs: &impl LogGroups,
    sources: &[Source],
    from: Timestamp,
    trace_id: &str,
    limit: Duration,
) -> Result<Trace, CallError> {
    let mut tail = Tail::new(logs, sources, from, Some(trace_id));
    let (begun, mut lines) = (Instant::now(), Vec::new());
    loop {
        let fresh = tail.poll().await?.lines;
        lines.extend(fresh.into_iter().filter(|(_, line)| line.kind == Kind::Structured));
        let heard: BTreeSet<usize> = lines.iter().map(|(place, _)| *place).collect();
        if heard.len() == sources.len() || begun.elapsed() > limit {
            lines.sort_by_key(|(_, line)| line.at);
            let silent = sources.iter().enumerate().filter(|(place, _)| !heard.contains(place));
            return Ok(Trace { lines, silent: silent.map(|(_, source)| source.function.clone()).collect() });
        }
        tokio::time::sleep(limit / POLLS).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::LogEvent;

    /// The group `Late` shows its line at the third look, the group `Mute` never.
    #[derive(Default)]
    struct Logs(Cell<u32>);

    impl LogGroups for Logs {
        async fn events(&self, group: &str, _: i64, _: Option<&str>) -> Result<Option<Vec<LogEvent>>, CallError> {
            let late = group == "Late" && self.0.replace(self.0.get() + 1) < 2;
            if late || group == "Mute" {
                return Ok(Some(Vec::new()));
            }
            let line = |id: &str, timestamp, message: &str| LogEvent {
                id: id.to_owned(),
                stream: "s".to_owned(),
                timestamp,
                message: message.to_owned(),
            };
            let own = if group == "Late" { 1_000 } else { 2_000 };
            let metrics = r#"{"trace_id":"t","_aws":{}}"#;
            Ok(Some(vec![line("1", own, r#"{"trace_id":"t","action":"save"}"#), line("2", own, metrics)]))
        }
    }

    async fn of(groups: &[&str]) -> Trace {
        let source = |name: &&str| Source { function: (*name).to_owned(), group: (*name).to_owned() };
        let sources: Vec<Source> = groups.iter().map(source).collect();
        trace(&Logs::default(), &sources, Timestamp::UNIX_EPOCH, "t", Duration::from_secs(5)).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_arrive_late_are_waited_for_and_stand_in_the_order_of_time() {
        let trace = of(&["Prompt", "Late"]).await;
        let places: Vec<usize> = trace.lines.iter().map(|(place, _)| *place).collect();
        assert_eq!((places, trace.silent.len()), (vec![1, 0], 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_writes_nothing_is_named_when_the_time_is_up() {
        let trace = of(&["Prompt", "Mute"]).await;
        assert_eq!((trace.lines.len(), trace.silent), (1, vec!["Mute".to_owned()]));
    }
}
