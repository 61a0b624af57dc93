//! Events of log groups from CloudWatch Logs. Refuses to write.

use deploy::CallError;
use deploy::aws::call_error;

use super::{AwsCloud, absent};
use crate::{LogEvent, LogGroups};

/// The most that FilterLogEvents gives at once.
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
            events.extend(page.events().iter().map(|event| LogEvent {
                id: event.event_id().unwrap_or_default().to_owned(),
                stream: event.log_stream_name().unwrap_or_default().to_owned(),
                timestamp: event.timestamp().unwrap_or_default(),
                message: event.message().unwrap_or_default().to_owned(),
            }));
            next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_some() {
                continue;
            }
            // A cloud without tokens: a full page goes on at the instant of its last event, which is read again as a whole.
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
