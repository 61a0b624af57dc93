//! Why a crawl stands still: what the loaders' logs say about work that they postponed, since FIPE takes no calls. Asks FIPE nothing.

use std::time::Duration;

use aws_access::CallError;
use contract::{log as field, postponed};
use fipe_contract::{FunctionNames, MODEL_LOADER, PRICE_LOADER, paused};
use jiff::Timestamp;
use operate::{Line, LogGroups};
use serde::Serialize;
use system::{StageName, to_the_second};

/// What is postponed is received again after at most 15 minutes, and says so again; the rest is for a queue that is busy and for CloudWatch.
const LOOK_BACK: Duration = Duration::from_secs(20 * 60);

/// FIPE takes no calls for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Pause {
    /// One of [`fipe_contract::paused`].
    kind: String,
    /// When the crawl goes on, or the next try is made.
    until: Timestamp,
    /// The error of a call.
    reason: String,
}

impl Pause {
    /// The longest pause that a loader has spoken of lately; `None` if work goes on.
    ///
    /// # Errors
    /// When a call fails.
    pub(crate) async fn find(
        logs: &impl LogGroups,
        stage: StageName,
        now: Timestamp,
    ) -> Result<Option<Self>, CallError> {
        let from = now.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN).as_millisecond();
        let events = async |function: FunctionNames| {
            let group = format!("/aws/lambda/{}", function.on_stage(stage.as_str()));
            logs.events(&group, from, Some(&format!("\"{}\"", postponed::UNTIL))).await
        };
        let (model, price) = tokio::try_join!(events(MODEL_LOADER), events(PRICE_LOADER))?;
        let events = [model, price].into_iter().flatten().flatten();
        let pauses = events.filter_map(|event| Self::of(&Line::parse(&event.message, now)));
        Ok(pauses.filter(|pause| pause.until > now).max_by_key(|pause| pause.until))
    }

    fn of(line: &Line) -> Option<Self> {
        let details = line.document.get(field::DETAILS)?;
        let text = |name: &str| details.get(name)?.as_str();
        Some(Self {
            kind: text("error_kind")?.to_owned(),
            until: text(postponed::UNTIL)?.parse().ok()?,
            reason: text("reason").unwrap_or_default().to_owned(),
        })
    }

    /// For people.
    pub(crate) fn told(&self) -> String {
        let until = to_the_second(&self.until.to_string()).replace('T', " ").replace('Z', " UTC");
        match self.kind.as_str() {
            paused::DAILY_LIMIT => format!("FIPE's daily limit is used up; the crawl goes on at {until}"),
            _ => format!("FIPE takes no calls; the next try is at {until}: {}", self.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use operate::LogEvent;
    use serde_json::json;

    use super::*;

    /// The log groups of one loader, and a group of the other that does not exist.
    struct Logs(Vec<LogEvent>);

    impl LogGroups for Logs {
        async fn events(
            &self,
            group: &str,
            from: i64,
            pattern: Option<&str>,
        ) -> Result<Option<Vec<LogEvent>>, CallError> {
            assert_eq!(pattern, Some("\"postponed_until\""));
            let since = |event: &&LogEvent| event.timestamp >= from;
            Ok((group == "/aws/lambda/FipePriceLoader-dev").then(|| self.0.iter().filter(since).cloned().collect()))
        }
    }

    fn event(at: &str, kind: &str, until: &str) -> LogEvent {
        let details = json!({"error_kind": kind, "reason": "busy (HTTP 503)", "postponed_until": until});
        let message = json!({"timestamp": at, "action": "handle_message", "details": details}).to_string();
        let timestamp = at.parse::<Timestamp>().unwrap().as_millisecond();
        LogEvent { id: String::new(), stream: "s".to_owned(), timestamp, message }
    }

    async fn found(events: Vec<LogEvent>) -> Option<String> {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        Pause::find(&Logs(events), StageName::Dev, now).await.unwrap().map(|pause| pause.told())
    }

    #[tokio::test]
    async fn a_daily_limit_says_when_the_crawl_goes_on() {
        let limit = event("2026-11-30T11:45:00Z", "daily_limit", "2026-12-01T03:00:00.25Z");
        let outage = event("2026-11-30T11:59:00Z", "outage", "2026-11-30T12:01:00Z");
        let told = "FIPE's daily limit is used up; the crawl goes on at 2026-12-01 03:00:00 UTC";
        assert_eq!(found(vec![limit, outage.clone()]).await.as_deref(), Some(told));
        let told = "FIPE takes no calls; the next try is at 2026-11-30 12:01:00 UTC: busy (HTTP 503)";
        assert_eq!(found(vec![outage]).await.as_deref(), Some(told));
    }

    #[tokio::test]
    async fn a_pause_that_is_over_or_of_which_nobody_speaks_any_more_is_none() {
        let over = event("2026-11-30T11:59:00Z", "outage", "2026-11-30T12:00:00Z");
        let old = event("2026-11-30T11:30:00Z", "daily_limit", "2026-12-01T03:00:00Z");
        assert_eq!(found(vec![over, old]).await, None);
        assert_eq!(found(Vec::new()).await, None);
    }
}
