//! Follows one stack operation to its end, event by event, and finds its first failure.
//! Refuses to judge: whether the end is a good one is the caller's question.

use crate::cloudformation::is_in_progress;
use crate::retry::retry;
use crate::{CallError, Cause, CloudFormation, Event, Pace, StackEvent};

/// Where in the stack's history the operation starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// After the event with this id, which was the newest before the operation; `None` when there was no event.
    After(Option<String>),
    /// At the beginning of whatever is under way, started by somebody else.
    UnderWay,
}

/// How an operation ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// The stack's status, for example `UPDATE_ROLLBACK_COMPLETE`.
    pub(crate) status: String,
    /// The first failure, when there was one.
    pub(crate) cause: Option<Cause>,
}

/// Id of the newest event, to start watching after it.
pub(crate) async fn newest_event(
    cloudformation: &impl CloudFormation,
    stack_id: &str,
    pace: Pace,
    on: &mut dyn FnMut(Event),
) -> Result<Option<String>, CallError> {
    let page = retry(pace, on, async || cloudformation.describe_stack_events(stack_id, None).await).await?;
    Ok(page.events.into_iter().next().map(|event| event.event_id))
}

/// Reports every new event in order until the stack itself has come to rest. The stack's own last event decides, since its
/// description can still tell the old status for a moment after an operation was started.
pub(crate) async fn watch(
    cloudformation: &impl CloudFormation,
    stack_name: &str,
    stack_id: &str,
    mut start: Start,
    pace: Pace,
    on: &mut dyn FnMut(Event),
) -> Result<Ended, CallError> {
    let mut cause: Option<Cause> = None;
    let mut pauses = pace.start();
    loop {
        let events = new_events(cloudformation, stack_id, &start, pace, on).await?;
        if let Some(newest) = events.last() {
            start = Start::After(Some(newest.event_id.clone()));
            pauses.restart();
        }
        for event in events {
            let own = event.is_of_stack(stack_id);
            if cause.is_none() {
                cause = cause_of(&event, own);
            }
            let end = (own && !event.status.ends_with("_IN_PROGRESS")).then(|| event.status.clone());
            if !event.is_cancelled() {
                on(Event::Resource { stack: stack_name.to_owned(), event });
            }
            if let Some(status) = end {
                return Ok(Ended { status, cause });
            }
        }
        pauses.pause().await;
    }
}

/// A failed resource, or a roll-back that no resource is to blame for (the stack's policy, its time-out, a user).
fn cause_of(event: &StackEvent, own: bool) -> Option<Cause> {
    let is_cause = match own {
        false => event.is_cause(),
        true => event.status.contains("ROLLBACK") && !event.reason.is_empty(),
    };
    is_cause.then(|| Cause {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        status: event.status.clone(),
        reason: event.reason.clone(),
    })
}

/// Events since `start`, oldest first; pages back only as far as needed.
async fn new_events(
    cloudformation: &impl CloudFormation,
    stack_id: &str,
    start: &Start,
    pace: Pace,
    on: &mut dyn FnMut(Event),
) -> Result<Vec<StackEvent>, CallError> {
    let mut events = Vec::new();
    let mut next: Option<String> = None;
    'pages: loop {
        let page =
            retry(pace, on, async || cloudformation.describe_stack_events(stack_id, next.as_deref()).await).await?;
        for event in page.events {
            match start {
                Start::After(Some(id)) if event.event_id == *id => break 'pages,
                Start::UnderWay if event.is_of_stack(stack_id) && begins_operation(&event.status) => {
                    events.push(event);
                    break 'pages;
                }
                _ => events.push(event),
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    events.reverse();
    Ok(events)
}

fn begins_operation(status: &str) -> bool {
    is_in_progress(status) && matches!(status.split_once('_'), Some((_, "IN_PROGRESS")))
}
