//! Follows one stack operation to its end, nested stacks too, finds its first failure and what was rolled back.
//! Refuses to judge: whether the end is a good one is the caller's question.

use crate::durations::Durations;
use crate::history::{History, Marker, Start};
use crate::run::Run;
use crate::{CallError, Cause, CloudFormation, Event, Leftover, RolledBack, StackEvent};

const NESTED: &str = "AWS::CloudFormation::Stack";

/// Questions after a failed end that nothing explains, since the explanation may be told late.
const LATE: u32 = 3;
/// Pages of events that are learned from; a page is up to 1 MB ("DescribeStackEvents", NextToken).
const LEARNED: usize = 3;
/// Questions without news before the stack's description is believed instead of its events.
const QUIET: u32 = 5;

/// How an operation that was watched ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Physical stack name.
    pub stack: String,
    /// The stack's status, for example `UPDATE_ROLLBACK_COMPLETE`.
    pub status: String,
    /// The first failure, when there was one.
    pub cause: Option<Cause>,
    /// What a roll-back undid and what stays behind.
    pub rolled_back: RolledBack,
}

/// What was there before an operation: where to watch from, and how long things took.
#[derive(Default)]
pub(crate) struct Before {
    pub(crate) marker: Option<Marker>,
    durations: Durations,
}

/// Looks at the newest events, to start watching after them.
pub(crate) async fn before<C: CloudFormation>(run: &Run<'_, C>, stack_id: &str) -> Result<Before, CallError> {
    let mut page = run.call(async || run.cloudformation.describe_stack_events(stack_id, None).await).await?;
    let marker = page.events.first().map(Marker::of);
    let mut events = page.events;
    for _ in 1..LEARNED {
        let Some(next) = page.next.take() else { break };
        let older = async || run.cloudformation.describe_stack_events(stack_id, Some(&next)).await;
        // How long things took is nice to know and no more.
        let Ok(older) = run.call(older).await else { break };
        page = older;
        events.append(&mut page.events);
    }
    let mut durations = Durations::default();
    durations.learn(&events);
    Ok(Before { marker, durations })
}

/// Watches an operation that begins after `before`.
pub(crate) async fn watch<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    stack_id: &str,
    before: Before,
) -> Result<Watched, CallError> {
    follow(run, stack, stack_id, Start::After(before.marker), before.durations).await
}

/// Watches what somebody else has under way.
pub(crate) async fn attach<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    stack_id: &str,
) -> Result<Watched, CallError> {
    let Before { durations, .. } = before(run, stack_id).await?;
    follow(run, stack, stack_id, Start::UnderWay, durations).await
}

/// Reports every new event until the stack itself has come to rest. The stack's own event decides, since its description
/// can still tell the old status for a moment after an operation was started.
async fn follow<C: CloudFormation>(
    run: &Run<'_, C>,
    stack: &str,
    stack_id: &str,
    start: Start,
    durations: Durations,
) -> Result<Watched, CallError> {
    let mut histories = vec![History::new(stack_id, Vec::new(), start)];
    let mut log = Log::default();
    let mut pauses = run.options.pace.start();
    let (mut quiet, mut late) = (0, 0);
    let mut is_lost = false;
    loop {
        let events = match read(run, &mut histories, late > 0).await {
            Ok(events) => events,
            // The operation goes on at AWS, whether we see it or not.
            Err(error) if error.is_retryable() => {
                if !is_lost {
                    run.tell(Event::ConnectionLost { stack: stack.to_owned(), reason: error.to_string() });
                }
                is_lost = true;
                pauses.pause().await;
                continue;
            }
            Err(error) => return Err(error),
        };
        if std::mem::take(&mut is_lost) {
            run.tell(Event::ConnectionRestored { stack: stack.to_owned() });
        }
        if events.is_empty() {
            quiet += 1;
        } else {
            quiet = 0;
            pauses.restart();
        }
        for (path, event) in events {
            log.note(stack_id, &path, &event);
            if event.resource_type == NESTED
                && event.physical_id.starts_with("arn:")
                && !histories.iter().any(|history| history.stack_id == event.physical_id)
            {
                let below = [path.as_slice(), std::slice::from_ref(&event.logical_id)].concat();
                let begun = log.begun_ms.unwrap_or(event.timestamp_ms);
                histories.push(History::new(&event.physical_id, below, Start::At(begun)));
            }
            if !event.is_cancelled() {
                let usual_seconds = durations.of(&event);
                run.tell(Event::Resource { stack: stack.to_owned(), path, event, usual_seconds });
            }
        }
        if log.end.is_none() && log.begun_ms.is_some() && quiet >= QUIET {
            quiet = 0;
            let described = run.cloudformation.describe_stack(stack_id).await.ok().flatten();
            log.end = described.map(|found| found.status).filter(|status| !status.ends_with("_IN_PROGRESS"));
        }
        if let Some(status) = &log.end {
            let is_bad = status.contains("ROLLBACK") || status.ends_with("_FAILED");
            let is_explained = !is_bad || log.failures.iter().any(|failure| failure.resource_type != NESTED);
            if is_explained || late == LATE {
                let (cause, status) = (if is_bad { log.cause() } else { None }, status.clone());
                return Ok(Watched { stack: stack.to_owned(), status, cause, rolled_back: log.rolled_back });
            }
            late += 1;
        }
        pauses.pause().await;
    }
}

/// New events of the stack and its nested stacks, oldest first, each with its path.
async fn read<C: CloudFormation>(
    run: &Run<'_, C>,
    histories: &mut [History],
    whole: bool,
) -> Result<Vec<(Vec<String>, StackEvent)>, CallError> {
    let mut events = Vec::new();
    for (index, history) in histories.iter_mut().enumerate() {
        match history.read(run, whole).await {
            Ok(new) => events.extend(new.into_iter().map(|event| (history.path.clone(), event))),
            // A nested stack that cannot be read is no reason not to watch the one around it.
            Err(error) if index > 0 && !error.is_retryable() => {}
            Err(error) => return Err(error),
        }
    }
    events.sort_by_key(|(_, event)| event.timestamp_ms);
    Ok(events)
}

/// What the events of one operation have told so far.
#[derive(Default)]
struct Log {
    begun_ms: Option<i64>,
    end: Option<String>,
    failures: Vec<Cause>,
    /// A roll-back that no resource is to blame for: the stack's policy, a time-out, a user.
    own: Option<Cause>,
    is_rolling_back: bool,
    rolled_back: RolledBack,
}

impl Log {
    fn note(&mut self, stack_id: &str, path: &[String], event: &StackEvent) {
        let own = path.is_empty() && event.is_of_stack(stack_id);
        if own {
            self.begun_ms.get_or_insert(event.timestamp_ms);
            self.is_rolling_back |= event.status.contains("ROLLBACK");
            if event.is_end() && self.end.is_none() {
                self.end = Some(event.status.clone());
            }
            if event.status.contains("ROLLBACK") && !event.reason.is_empty() {
                self.own.get_or_insert_with(|| cause(path, event));
            }
            return;
        }
        // A nested stack tells about itself, too; the one around it says the same.
        if !path.is_empty()
            && event.resource_type == NESTED
            && event.physical_id.contains(&format!("/{}/", event.logical_id))
        {
            return;
        }
        if event.is_cause() {
            self.failures.push(cause(path, event));
        }
        let name = path.iter().chain([&event.logical_id]).cloned().collect::<Vec<_>>().join("/");
        let stays = match event.status.as_str() {
            "DELETE_SKIPPED" | "DELETE_FAILED" => true,
            "UPDATE_FAILED" => self.is_rolling_back && !event.is_cancelled(),
            _ => false,
        };
        let is_over = matches!(event.status.as_str(), "DELETE_COMPLETE" | "UPDATE_COMPLETE");
        if stays || is_over {
            self.rolled_back.left.retain(|left| left.logical_id != name);
        }
        if stays {
            self.rolled_back.left.push(Leftover {
                logical_id: name,
                resource_type: event.resource_type.clone(),
                physical_id: event.physical_id.clone(),
                status: event.status.clone(),
                reason: event.reason.clone(),
            });
        } else if is_over && self.is_rolling_back && !self.rolled_back.undone.contains(&name) {
            self.rolled_back.undone.push(name);
        }
    }

    /// The first failure; of a nested stack, that of the resource within which failed first.
    fn cause(&self) -> Option<Cause> {
        let first = |within: &[String]| {
            let inside = self.failures.iter().filter(|failure| failure.path.starts_with(within));
            inside.min_by_key(|failure| failure.timestamp_ms)
        };
        let mut cause = first(&[]).or(self.own.as_ref())?;
        while cause.resource_type == NESTED {
            let within = [cause.path.as_slice(), std::slice::from_ref(&cause.logical_id)].concat();
            match first(&within) {
                Some(deeper) => cause = deeper,
                None => break,
            }
        }
        Some(cause.clone())
    }
}

fn cause(path: &[String], event: &StackEvent) -> Cause {
    Cause {
        path: path.to_vec(),
        logical_id: event.logical_id.clone(),
        physical_id: event.physical_id.clone(),
        resource_type: event.resource_type.clone(),
        status: event.status.clone(),
        reason: event.reason.clone(),
        property: property(&event.reason),
        timestamp_ms: event.timestamp_ms,
    }
}

/// The property that a sentence of CloudFormation blames, with dots between: `RedrivePolicy.maxReceiveCount`.
fn property(reason: &str) -> Option<String> {
    let path = |text: &str| {
        let end =
            text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'))).unwrap_or(text.len());
        let path = text[..end].trim_matches(|c| c == '/' || c == '.').replace('/', ".");
        (!path.is_empty()).then_some(path)
    };
    // "Properties validation failed for resource Queue with message: [#/RedrivePolicy/maxReceiveCount: 0 is not ..]"
    if let Some((_, rest)) = reason.split_once("#/") {
        return path(rest);
    }
    for before in ["Encountered unsupported property ", "Value of property ", "#: required key [", "Property "] {
        if let Some((_, rest)) = reason.split_once(before) {
            return path(rest);
        }
    }
    // "1 validation error detected: Value 'x' at 'memorySize' failed to satisfy constraint: .."
    reason.split_once("' at '").and_then(|(_, rest)| path(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_is_read_out_of_the_sentences_that_name_one() {
        for (reason, expected) in [
            (
                "Properties validation failed for resource Queue with message: [#/RedrivePolicy/maxReceiveCount: 0 is not greater or equal to 1]",
                Some("RedrivePolicy.maxReceiveCount"),
            ),
            ("#/DelaySeconds: 901 is not less or equal to 900", Some("DelaySeconds")),
            ("Resource of type 'X' #: required key [RoleArn] not found", Some("RoleArn")),
            ("Encountered unsupported property DelaySecond", Some("DelaySecond")),
            ("Value of property Tags must be a list", Some("Tags")),
            ("Property Runtime cannot be empty.", Some("Runtime")),
            (
                "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must be >= 128",
                Some("memorySize"),
            ),
            ("Queue name is taken", None),
        ] {
            assert_eq!(property(reason).as_deref(), expected, "{reason}");
        }
    }
}
