//! What the function behind a custom resource logged before it failed. Never waits long: a rollback may delete the log at
//! any moment, and the failure is shown without it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use deploy::CloudFormation;
use operate::{Functions, Kind, Line, LogEvent, LogGroups};
use serde::Serialize;

/// How many of the last lines are shown.
const LINES: usize = 8;
/// CloudWatch shows a line some seconds after it was written.
const LOOKS: u32 = 5;

/// The end of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FunctionLog {
    /// Name of the log group.
    pub(crate) group: String,
    /// The rollback deleted the log group before its end was read.
    pub(crate) is_gone: bool,
    /// Oldest first; empty when there was nothing to read.
    pub(crate) lines: Vec<String>,
}

/// What the functions behind custom resources logged, by physical stack name and logical id.
pub(crate) type FunctionLogs = RefCell<BTreeMap<(String, String), FunctionLog>>;

/// Time between two polls. The emulator writes a function's lines when it ends and rolls back in the same moment.
pub(crate) fn pause(is_local: bool) -> Duration {
    Duration::from_millis(if is_local { 100 } else { 1_000 })
}

/// Whether a function implements a resource.
pub(crate) fn is_custom(resource_type: &str) -> bool {
    resource_type.starts_with("Custom::") || resource_type == "AWS::CloudFormation::CustomResource"
}

/// What implements a custom resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    /// A function of the same stack, by its logical id.
    Resource(String),
    /// A function by its name or ARN.
    Named(String),
}

/// The service token that a template gives a custom resource.
pub(crate) fn service(template: &str, logical_id: &str) -> Option<Service> {
    let template = review::parse("template", template).ok()?;
    let token = template.resource(logical_id)?.property("ServiceToken")?;
    if let Some((function, _)) = token.as_get_att() {
        return Some(Service::Resource(function.to_owned()));
    }
    if let Some(function) = token.as_ref_name() {
        return Some(Service::Resource(function.to_owned()));
    }
    token.as_str().map(|arn| Service::Named(arn.to_owned()))
}

/// The log of a function that is working on a custom resource, polled while it does.
pub(crate) struct Watched {
    group: String,
    lines: Vec<String>,
}

/// The result of polling a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    News,
    NothingNew,
    /// There is no such log, or no longer.
    NoLog,
}

impl Watched {
    /// Finds the log; `None` when there is no function. The stack knows the function only until it is rolled back.
    pub(crate) async fn find(
        cloudformation: &impl CloudFormation,
        cloud: &impl Functions,
        stack: &str,
        service: &Service,
    ) -> Option<Self> {
        let name = match service {
            Service::Named(name) => name.clone(),
            Service::Resource(logical_id) => {
                let resources = cloudformation.list_stack_resources(stack).await.ok()?;
                let found = resources.into_iter().find(|resource| resource.logical_id == *logical_id)?;
                Some(found.physical_id).filter(|name| !name.is_empty())?
            }
        };
        let group = match cloud.function(&name).await {
            Ok(Some(function)) => function.log_group,
            _ => format!("/aws/lambda/{}", name.rsplit(':').next().unwrap_or(&name)),
        };
        Some(Self { group, lines: Vec::new() })
    }

    /// Reads everything from `since_ms` (since 1970) on, and keeps what was read before if the log is deleted.
    pub(crate) async fn look(&mut self, cloud: &impl LogGroups, reason: &str, since_ms: i64) -> Found {
        let events = match cloud.events(&self.group, since_ms, None).await {
            Ok(Some(events)) => events,
            Ok(None) => return Found::NoLog,
            Err(_) => return Found::NothingNew,
        };
        let found = last_lines(reason, &events);
        if found.is_empty() || found == self.lines {
            return Found::NothingNew;
        }
        self.lines = found;
        Found::News
    }

    /// The end of the log of a failed resource, once it has settled; what was read before if the rollback was faster.
    pub(crate) async fn end(
        mut self,
        cloud: &impl LogGroups,
        reason: &str,
        since_ms: i64,
        pause: Duration,
    ) -> FunctionLog {
        let mut is_gone = false;
        for _ in 0..LOOKS {
            match self.look(cloud, reason, since_ms).await {
                Found::NoLog => {
                    is_gone = true;
                    break;
                }
                Found::NothingNew if !self.lines.is_empty() => break,
                // Once more after something new: the last lines are the ones that explain.
                Found::News | Found::NothingNew => tokio::time::sleep(pause).await,
            }
        }
        FunctionLog { group: self.group, is_gone, lines: self.lines }
    }
}

/// The end of what the failed invocation logged: of the request or log stream that the reason names, else of everything.
fn last_lines(reason: &str, events: &[LogEvent]) -> Vec<String> {
    let request = reason.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).find(|word| is_uuid(word));
    let some = |is_meant: &dyn Fn(&LogEvent) -> bool| -> Option<Vec<&LogEvent>> {
        let found: Vec<&LogEvent> = events.iter().filter(|event| is_meant(event)).collect();
        (!found.is_empty()).then_some(found)
    };
    let of_request = some(&|event| request.is_some_and(|id| event.message.contains(id)));
    let of_stream = || some(&|event| !event.stream.is_empty() && reason.contains(&event.stream));
    let mut chosen = of_request.or_else(of_stream).unwrap_or_else(|| events.iter().collect());
    chosen.sort_by_key(|event| event.timestamp);
    let lines: Vec<String> = chosen.into_iter().filter_map(shown).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

fn shown(event: &LogEvent) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
    let line = Line::parse(&event.message, at);
    let fields: String = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    let text = format!("{} {}{fields}", line.level, line.message);
    let is_ours = matches!(line.kind, Kind::Structured | Kind::Raw);
    is_ours.then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "5b9d2c1e-8f7a-4f0e-9d3c-2a1b3c4d5e6f";

    fn event(timestamp: i64, stream: &str, message: &str) -> LogEvent {
        LogEvent { id: timestamp.to_string(), stream: stream.to_owned(), timestamp, message: message.to_owned() }
    }

    #[test]
    fn lines_of_the_request_or_stream_that_the_reason_names_win_over_the_rest() {
        let events = [
            event(1, "s1", "START RequestId: 0 Version: 1"),
            event(2, "s1", &format!("{REQUEST} connecting")),
            event(3, "s2", "of another invocation"),
        ];
        let by_request = last_lines(&format!("failed (RequestId: {REQUEST})"), &events);
        assert_eq!(by_request, [format!("{REQUEST} connecting")]);
        assert_eq!(last_lines("See the details in CloudWatch Log Stream: s2", &events), ["of another invocation"]);
        assert_eq!(last_lines("no hint", &events).len(), 2, "all but what the platform logs");
    }

    #[test]
    fn the_end_is_shown_in_the_order_of_time() {
        let events: Vec<LogEvent> = (0..20).rev().map(|number| event(number, "s", &format!("line {number}"))).collect();
        let lines = last_lines("", &events);
        assert_eq!((lines.len(), lines[0].as_str(), lines[7].as_str()), (LINES, "line 12", "line 19"));
    }

    /// A log as successive polls find it; the last poll repeats.
    struct Looks(RefCell<Vec<Option<Vec<LogEvent>>>>);

    impl LogGroups for Looks {
        async fn events(
            &self,
            _: &str,
            _: i64,
            _: Option<&str>,
        ) -> Result<Option<Vec<LogEvent>>, aws_access::CallError> {
            let mut looks = self.0.borrow_mut();
            Ok(if looks.len() > 1 { looks.remove(0) } else { looks[0].clone() })
        }
    }

    fn written(count: i64) -> Option<Vec<LogEvent>> {
        Some((0..count).map(|number| event(number, "s", &format!("line {number}"))).collect())
    }

    async fn end_of(looks: Vec<Option<Vec<LogEvent>>>, before: usize) -> FunctionLog {
        let (cloud, pause) = (Looks(RefCell::new(looks)), Duration::from_millis(1));
        let mut log = Watched { group: "/aws/lambda/Init".to_owned(), lines: Vec::new() };
        for _ in 0..before {
            log.look(&cloud, "", 0).await;
        }
        log.end(&cloud, "", 0, pause).await
    }

    #[tokio::test]
    async fn what_was_read_while_the_function_worked_outlives_its_log() {
        let log = end_of(vec![written(1), written(2), None], 2).await;
        assert_eq!(log.lines, ["line 0", "line 1"]);
    }

    #[tokio::test]
    async fn the_end_is_waited_for_where_the_log_is_late() {
        let log = end_of(vec![written(0), written(1), written(3), written(3), None], 0).await;
        assert_eq!((log.lines.len(), log.is_gone), (3, false));
    }

    #[tokio::test]
    async fn a_log_that_went_before_it_was_read_is_told_from_one_that_is_empty() {
        assert!(end_of(vec![None], 0).await.is_gone);
        let empty = end_of(vec![written(0)], 0).await;
        assert!(!empty.is_gone && empty.lines.is_empty());
    }

    #[test]
    fn the_service_of_a_custom_resource_is_read_from_the_template() {
        let template = "Resources:\n  Init:\n    Type: Custom::Init\n    Properties:\n      ServiceToken: !GetAtt Function.Arn\n  Other:\n    Type: Custom::Other\n    Properties:\n      ServiceToken: arn:aws:lambda:us-east-1:1:function:other\n";
        assert_eq!(service(template, "Init"), Some(Service::Resource("Function".to_owned())));
        let arn = "arn:aws:lambda:us-east-1:1:function:other".to_owned();
        assert_eq!(service(template, "Other"), Some(Service::Named(arn)));
        assert_eq!(service(template, "Gone"), None);
        assert!(is_custom("Custom::Init") && !is_custom("AWS::SQS::Queue"));
    }
}
