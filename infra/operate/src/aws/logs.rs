//! Events of log groups from CloudWatch Logs, read-only.

use aws_access::{Answer, CallError, call_error};

use super::{AwsCloud, absent, next_page};
use crate::{LogEvent, LogGroups};

/// The most that FilterLogEvents returns in one response.
const PAGE: i32 = 10_000;

impl LogGroups for AwsCloud {
    async fn events(&self, group: &str, from: i64, pattern: Option<&str>) -> Result<Option<Vec<LogEvent>>, CallError> {
        let (mut events, mut from, mut next) = (Vec::new(), from, None::<String>);
        loop {
            let call = self.logs.filter_log_events().log_group_name(group).start_time(from.max(0)).limit(PAGE);
            let call = call.set_filter_pattern(pattern.map(str::to_owned)).set_next_token(next);
            let page = match call.send().await {
                Ok(page) => page,
                Err(error) => return absent(call_error("FilterLogEvents", error)),
            };
            let answer = Answer("FilterLogEvents");
            for event in page.events() {
                events.push(LogEvent {
                    // The local cloud returns none; equal events are distinguished without it.
                    id: event.event_id().unwrap_or_default().to_owned(),
                    stream: answer.text("logStreamName", event.log_stream_name())?,
                    timestamp: answer.any("timestamp", event.timestamp())?,
                    message: answer.any("message", event.message())?.to_owned(),
                });
            }
            next = next_page(page.next_token());
            if next.is_some() {
                continue;
            }
            // A cloud without tokens: a full page continues at the timestamp of its last event, which is read again completely.
            let is_full = page.events().len() >= PAGE as usize;
            match events.last().map(|event| event.timestamp) {
                Some(last) if is_full && last > from => {
                    events.retain(|event| event.timestamp < last);
                    from = last;
                }
                _ => return Ok(Some(events)),
            }
        }
    }
}
