//! The events of one stack, each once and oldest first, even when AWS reports them late, twice or out of order.
//! Does not interpret them.

use std::collections::HashSet;

use aws_access::CallError;

use crate::run::Context;
use crate::{CloudFormation, StackEvent};

/// Where in the stack's history the events of interest begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// After this event, which was the newest before the operation; `None` when there was no event.
    After(Option<Marker>),
    /// At this time, in milliseconds since 1970.
    At(i64),
    /// At the start of the operation that is in progress, or has just ended.
    InProgress,
}

/// An event that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    event_id: String,
    timestamp_ms: i64,
}

/// Reads one stack's events.
pub(crate) struct EventReader {
    pub(crate) stack_id: String,
    /// Logical ids of the nested stacks that lead here.
    pub(crate) path: Vec<String>,
    start: Start,
    seen: HashSet<String>,
}

impl Marker {
    pub(crate) fn of(event: &StackEvent) -> Self {
        Self { event_id: event.event_id.clone(), timestamp_ms: event.timestamp_ms }
    }
}

impl EventReader {
    pub(crate) fn new(stack_id: &str, path: Vec<String>, start: Start) -> Self {
        Self { stack_id: stack_id.to_owned(), path, start, seen: HashSet::new() }
    }

    /// The events that were not returned before. Pages back until a page contains nothing new, so that an event which AWS reports
    /// late, below others, is found on the newest page; `whole` reads back to the start.
    pub(crate) async fn read<C: CloudFormation>(
        &mut self,
        context: &Context<'_, C>,
        whole: bool,
    ) -> Result<Vec<StackEvent>, CallError> {
        let mut events: Vec<StackEvent> = Vec::new();
        let mut next: Option<String> = None;
        // For an operation in progress: whether the newest event of the stack itself was passed, which may be the end.
        let mut passed_newest = false;
        'pages: loop {
            let describe = async || context.cloudformation.describe_stack_events(&self.stack_id, next.as_deref()).await;
            let page = context.call(describe).await?;
            let mut is_new = page.events.is_empty();
            for event in page.events {
                match &self.start {
                    Start::After(Some(marker)) if event.event_id == marker.event_id => break 'pages,
                    Start::After(Some(marker)) if event.timestamp_ms < marker.timestamp_ms => break 'pages,
                    Start::At(time) if event.timestamp_ms < *time => break 'pages,
                    Start::InProgress if event.is_of_stack(&self.stack_id) => {
                        if passed_newest && event.is_end() {
                            self.start = Start::After(Some(Marker::of(&event)));
                            break 'pages;
                        }
                        passed_newest = true;
                    }
                    _ => {}
                }
                if self.seen.insert(event.event_id.clone()) {
                    is_new = true;
                    events.push(event);
                }
            }
            next = page.next;
            if next.is_none() || !is_new && !whole {
                break;
            }
        }
        if self.start == Start::InProgress {
            self.start = Start::After(None);
        }
        events.reverse();
        // Events with the same timestamp stay in AWS's order.
        events.sort_by_key(|event| event.timestamp_ms);
        Ok(events)
    }
}
