//! The logs of several functions as one stream in chronological order. Never shows an event twice, and never loses one that
//! arrives late.

use std::collections::{BTreeMap, BTreeSet};

use aws_access::CallError;
use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;

use crate::{Functions, Inventory, Line};

/// The part of CloudWatch Logs that a tail needs.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait LogGroups {
    /// FilterLogEvents from a moment on (milliseconds since 1970), all pages; `None` when there is no such group. The pattern has
    /// CloudWatch's syntax, for example `"7f3a"` in quotes for a text.
    async fn events(&self, group: &str, from: i64, pattern: Option<&str>) -> Result<Option<Vec<LogEvent>>, CallError>;
}

/// One event of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Unique in its group. Empty where the cloud provides none.
    pub id: String,
    /// Name of its log stream.
    pub stream: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The line.
    pub message: String,
}

/// A function and where it logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the function is called in the stream.
    pub function: String,
    /// Name of the log group.
    pub group: String,
}

/// The functions of the stacks and their log groups. A deleted function keeps the group that Lambda would choose.
///
/// # Errors
/// When a call fails.
pub async fn sources(lambda: &impl Functions, inventory: &Inventory) -> Result<Vec<Source>, CallError> {
    let names = inventory.short_names();
    let names = &names;
    try_join_all(inventory.of_type("AWS::Lambda::Function").map(|resource| async move {
        let found = lambda.function(&resource.physical_id).await?;
        let group = found.map_or_else(|| format!("/aws/lambda/{}", resource.physical_id), |found| found.log_group);
        Ok(Source { function: names.get(resource).cloned().unwrap_or_default(), group })
    }))
    .await
}

/// The result of one poll.
#[derive(Debug, Default)]
pub struct Polled {
    /// In chronological order: the index of the source among all sources, and the line.
    pub lines: Vec<(usize, Line)>,
    /// Groups that do not exist, each reported once.
    pub missing: Vec<String>,
}

/// How far behind a group's newest event another one may still arrive: CloudWatch takes batches from many senders. Twice what is
/// seen in practice; each poll reads that much again.
const LATE_MS: i64 = 60_000;

/// Polls repeatedly and returns what is new.
pub struct Tail<'a, L> {
    logs: &'a L,
    sources: &'a [Source],
    from: i64,
    trace_id: Option<&'a str>,
    groups: BTreeMap<&'a str, Seen>,
    missing: BTreeSet<String>,
}

/// What was seen of a group so far.
#[derive(Default)]
struct Seen {
    newest: i64,
    /// Keys of the events, with their times, as far back as late ones are expected.
    events: BTreeMap<String, i64>,
}

impl<'a, L: LogGroups> Tail<'a, L> {
    /// Starts at a moment. With a trace id, returns only structured lines of that trace.
    pub fn new(logs: &'a L, sources: &'a [Source], from: Timestamp, trace_id: Option<&'a str>) -> Self {
        let groups = BTreeMap::new();
        Self { logs, sources, from: from.as_millisecond(), trace_id, groups, missing: BTreeSet::new() }
    }

    /// What arrived since the last poll, in chronological order. All groups are read at the same time.
    ///
    /// # Errors
    /// When a call fails; polling again loses nothing.
    pub async fn poll(&mut self) -> Result<Polled, CallError> {
        // Finding the text anywhere in the line narrows the result down on AWS's side; whether it is the trace id is checked here.
        let pattern = self.trace_id.map(|id| format!("\"{}\"", id.replace('"', "")));
        let from = |group: &str| {
            let newest = self.groups.get(group).map_or(i64::MIN, |seen| seen.newest);
            self.from.max(newest.saturating_sub(LATE_MS))
        };
        // Functions may share a group, which is read once; its lines then say themselves which function wrote them.
        let mut groups: Vec<(usize, &str)> = Vec::new();
        for (place, source) in self.sources.iter().enumerate() {
            if !groups.iter().any(|(_, group)| *group == source.group) {
                groups.push((place, &source.group));
            }
        }
        let asked = groups.iter().map(|(_, group)| self.logs.events(group, from(group), pattern.as_deref()));
        let answers: Vec<_> = join_all(asked).await.into_iter().collect::<Result<_, _>>()?;
        let mut polled = Polled::default();
        for ((place, group), events) in groups.into_iter().zip(answers) {
            let Some(events) = events else {
                if self.missing.insert(group.to_owned()) {
                    polled.missing.push(group.to_owned());
                }
                continue;
            };
            self.missing.remove(group);
            let seen = self.groups.entry(group).or_default();
            for event in seen.unseen(events) {
                let at = Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
                let line = Line::parse(&event.message, at);
                if self.trace_id.is_none_or(|id| line.is_of_trace(id)) {
                    polled.lines.push((place, line));
                }
            }
        }
        // Stable: lines that one function wrote at the same instant keep their order.
        polled.lines.sort_by_key(|(_, line)| line.at);
        Ok(polled)
    }
}

impl Seen {
    fn unseen(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let mut alike: BTreeMap<String, u32> = BTreeMap::new();
        let mut fresh = Vec::new();
        for event in events {
            let key = match event.id.as_str() {
                // Equal lines of one instant are distinguished by their number.
                "" => {
                    let key = format!("{}\n{}\n{}", event.stream, event.timestamp, event.message);
                    let number = alike.entry(key.clone()).or_default();
                    *number += 1;
                    format!("{key}\n{number}")
                }
                id => id.to_owned(),
            };
            self.newest = self.newest.max(event.timestamp);
            if self.events.insert(key, event.timestamp).is_none() {
                fresh.push(event);
            }
        }
        let oldest = self.newest.saturating_sub(LATE_MS);
        self.events.retain(|_, timestamp| *timestamp >= oldest);
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// CloudWatch with groups that fill up between polls.
    #[derive(Default)]
    struct Logs(RefCell<BTreeMap<String, Vec<LogEvent>>>);

    impl Logs {
        fn write(&self, group: &str, id: &str, timestamp: i64, message: &str) {
            let event = LogEvent { id: id.to_owned(), stream: "s".to_owned(), timestamp, message: message.to_owned() };
            self.0.borrow_mut().entry(group.to_owned()).or_default().push(event);
        }
    }

    impl LogGroups for Logs {
        async fn events(
            &self,
            group: &str,
            from: i64,
            pattern: Option<&str>,
        ) -> Result<Option<Vec<LogEvent>>, CallError> {
            let text = pattern.unwrap_or_default().trim_matches('"').to_owned();
            let fits = |event: &&LogEvent| event.timestamp >= from && event.message.contains(&text);
            Ok(self.0.borrow().get(group).map(|events| events.iter().filter(fits).cloned().collect()))
        }
    }

    fn sources() -> Vec<Source> {
        ["A", "B"].map(|name| Source { function: name.to_owned(), group: name.to_owned() }).to_vec()
    }

    async fn look(tail: &mut Tail<'_, Logs>) -> Vec<String> {
        let polled = tail.poll().await.unwrap();
        polled.lines.into_iter().map(|(place, line)| format!("{place} {}", line.message)).collect()
    }

    #[tokio::test]
    async fn several_functions_make_one_stream_in_the_order_of_time() {
        let (logs, sources) = (Logs::default(), sources());
        logs.write("A", "1", 1_000, "first");
        logs.write("A", "2", 3_000, "third");
        logs.write("B", "1", 2_000, "second");
        logs.write("B", "0", 500, "too early");
        let mut tail = Tail::new(&logs, &sources, Timestamp::from_millisecond(1_000).unwrap(), None);
        assert_eq!(look(&mut tail).await, ["0 first", "1 second", "0 third"]);
    }

    #[tokio::test]
    async fn a_late_event_is_told_once_and_an_old_one_not_again() {
        let (logs, sources) = (Logs::default(), sources());
        logs.write("A", "1", 100_000, "first");
        logs.write("B", "1", 900_000, "far ahead");
        let mut tail = Tail::new(&logs, &sources, Timestamp::UNIX_EPOCH, None);
        assert_eq!(look(&mut tail).await.len(), 2);
        logs.write("A", "3", 150_000, "on time");
        logs.write("A", "2", 95_000, "late");
        assert_eq!(look(&mut tail).await, ["0 late", "0 on time"]);
        logs.write("A", "4", 91_000, "later still");
        assert_eq!(look(&mut tail).await, ["0 later still"]);
        assert_eq!(look(&mut tail).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn equal_lines_of_one_instant_are_all_told_where_the_cloud_gives_no_ids() {
        let (logs, sources) = (Logs::default(), sources());
        logs.write("A", "", 1_000, "again");
        logs.write("A", "", 1_000, "again");
        let mut tail = Tail::new(&logs, &sources, Timestamp::UNIX_EPOCH, None);
        assert_eq!(look(&mut tail).await, ["0 again", "0 again"]);
        logs.write("A", "", 1_000, "again");
        assert_eq!(look(&mut tail).await, ["0 again"]);
    }

    #[tokio::test]
    async fn only_lines_of_the_trace_are_told_not_lines_that_speak_of_it() {
        let (logs, sources) = (Logs::default(), sources());
        logs.write("A", "1", 1_000, r#"{"trace_id":"t-1","action":"load"}"#);
        logs.write("A", "2", 1_001, r#"{"trace_id":"t-2","action":"load","details":{"before":"t-1"}}"#);
        logs.write("B", "1", 1_002, "panicked in t-1");
        let mut tail = Tail::new(&logs, &sources, Timestamp::UNIX_EPOCH, Some("t-1"));
        assert_eq!(look(&mut tail).await, ["0 load"]);
    }

    #[tokio::test]
    async fn a_missing_group_is_told_once_and_read_when_it_comes() {
        let (logs, sources) = (Logs::default(), sources());
        logs.write("A", "1", 1_000, "here");
        let mut tail = Tail::new(&logs, &sources, Timestamp::UNIX_EPOCH, None);
        assert_eq!(tail.poll().await.unwrap().missing, ["B"]);
        assert!(tail.poll().await.unwrap().missing.is_empty());
        logs.write("B", "1", 500, "came later");
        assert_eq!(look(&mut tail).await, ["1 came later"]);
    }
}
