//! Follows one stack operation, with those of nested stacks, to its end. Whether the end is good is for the
//! caller to judge.

use aws_access::CallError;

use super::durations::Durations;
use super::event_reader::{EventReader, Marker, Start};
use super::operation_log::OperationLog;
use crate::ports::NESTED_STACK;
use crate::run::Context;
use crate::{CloudFormation, Error, Event, StackDescription, StackEvent, Watched};

/// Polls after a failed end that nothing explains, since the explanation may arrive late.
const LATE: u32 = 3;
/// Pages of events for learning durations; a page is up to 1 MB ("DescribeStackEvents", NextToken).
const LEARNED: usize = 3;
/// Polls without news before the stack's description is trusted instead of its events.
const QUIET: u32 = 5;

/// The situation before an operation: where its events begin, and how long things took so far.
#[derive(Default)]
pub(crate) struct Baseline {
    pub(crate) marker: Option<Marker>,
    durations: Durations,
}

/// Reads the newest events, so that only later ones are followed.
pub(crate) async fn baseline<C: CloudFormation>(
    context: &Context<'_, C>,
    stack_id: &str,
) -> Result<Baseline, CallError> {
    let mut page = context.call(async || context.cloudformation.describe_stack_events(stack_id, None).await).await?;
    let marker = page.events.first().map(Marker::of);
    let mut events = page.events;
    for _ in 1..LEARNED {
        let Some(next) = page.next.take() else { break };
        let older = async || context.cloudformation.describe_stack_events(stack_id, Some(&next)).await;
        // Usual durations are nice to have and no more.
        let Ok(older) = context.call(older).await else { break };
        page = older;
        events.append(&mut page.events);
    }
    let mut durations = Durations::default();
    durations.learn(&events);
    Ok(Baseline { marker, durations })
}

/// Follows an operation that begins after `baseline`.
pub(crate) async fn follow_new<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
    baseline: Baseline,
) -> Result<Watched, CallError> {
    follow(context, stack, stack_id, Start::After(baseline.marker), baseline.durations).await
}

/// Follows the operation that is in progress, or has just ended.
pub(crate) async fn follow_current<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
) -> Result<Watched, CallError> {
    let Baseline { durations, .. } = baseline(context, stack_id).await?;
    follow(context, stack, stack_id, Start::InProgress, durations).await
}

/// Follows an operation that another caller started, and reports that.
pub(crate) async fn attach<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    found: &StackDescription,
) -> Result<Watched, CallError> {
    context.notify(Event::Attached { stack: stack.to_owned(), status: found.status.clone() });
    follow_current(context, stack, &found.stack_id).await
}

/// Reports a failed operation and makes it an error.
pub(crate) fn failed<C: CloudFormation>(context: &Context<'_, C>, ended: Watched) -> Error {
    let Watched { stack, status, cause, rolled_back } = ended;
    context.notify(Event::Failed {
        stack: stack.clone(),
        status: status.clone(),
        cause: cause.clone(),
        rolled_back: rolled_back.clone(),
    });
    Error::StackFailed { stack, status, cause: cause.map(Box::new), rolled_back }
}

/// Reports every new event until the stack itself has come to rest. The stack's own event decides, since its description
/// can still show the old status for a moment after an operation was started.
async fn follow<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    stack_id: &str,
    start: Start,
    durations: Durations,
) -> Result<Watched, CallError> {
    let mut readers = vec![EventReader::new(stack_id, Vec::new(), start)];
    let mut log = OperationLog::default();
    let mut pauses = context.options.pace.start();
    let (mut quiet, mut late) = (0, 0);
    let mut is_lost = false;
    loop {
        let events = match read(context, &mut readers, late > 0).await {
            Ok(events) => events,
            // The operation continues at AWS, whether we see it or not.
            Err(error) if error.is_retryable() => {
                if !is_lost {
                    context.notify(Event::ConnectionLost { stack: stack.to_owned(), reason: error.to_string() });
                }
                is_lost = true;
                pauses.pause().await;
                continue;
            }
            Err(error) => return Err(error),
        };
        if std::mem::take(&mut is_lost) {
            context.notify(Event::ConnectionRestored { stack: stack.to_owned() });
        }
        if events.is_empty() {
            quiet += 1;
        } else {
            quiet = 0;
            pauses.restart();
        }
        for (path, event) in events {
            log.note(stack_id, &path, &event);
            if event.resource_type == NESTED_STACK
                && event.physical_id.starts_with("arn:")
                && !readers.iter().any(|reader| reader.stack_id == event.physical_id)
            {
                let below = [path.as_slice(), std::slice::from_ref(&event.logical_id)].concat();
                let begun = log.begun_ms.unwrap_or(event.timestamp_ms);
                readers.push(EventReader::new(&event.physical_id, below, Start::At(begun)));
            }
            if !event.is_cancelled() {
                let usual_seconds = durations.of(&event);
                context.notify(Event::Resource { stack: stack.to_owned(), path, event, usual_seconds });
            }
        }
        if log.end.is_none() && log.begun_ms.is_some() && quiet >= QUIET {
            quiet = 0;
            let described = context.cloudformation.describe_stack(stack_id).await.ok().flatten();
            log.end = described.map(|found| found.status).filter(|status| !status.ends_with("_IN_PROGRESS"));
        }
        if let Some(status) = &log.end {
            let is_bad = status.contains("ROLLBACK") || status.ends_with("_FAILED");
            let is_explained = !is_bad || log.failures.iter().any(|failure| failure.resource_type != NESTED_STACK);
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
    context: &Context<'_, C>,
    readers: &mut [EventReader],
    whole: bool,
) -> Result<Vec<(Vec<String>, StackEvent)>, CallError> {
    let mut events = Vec::new();
    for (index, reader) in readers.iter_mut().enumerate() {
        match reader.read(context, whole).await {
            Ok(new) => events.extend(new.into_iter().map(|event| (reader.path.clone(), event))),
            // A nested stack that cannot be read is no reason not to follow its parent.
            Err(error) if index > 0 && !error.is_retryable() => {}
            Err(error) => return Err(error),
        }
    }
    events.sort_by_key(|(_, event)| event.timestamp_ms);
    Ok(events)
}
