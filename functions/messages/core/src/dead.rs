//! Noting that a message is in the dead-letter queue.

use jiff::{SignedDuration, Timestamp};

use crate::ports::{Change, Fault, Identified, Table};
use crate::record::{DeadFault, Event, Happened, Status};
use crate::send::OPEN_DAYS;

/// What is kept of a body: DynamoDB's items have at most 400 KB.
const BODY_BYTES: usize = 256 * 1024;
const REASON_BYTES: usize = 1_024;

/// Notes that a message is in the dead-letter queue, and how often it had been received. Whether that was not known. Of what is too large for the table only the beginning
/// is kept: no message is so large.
///
/// # Errors
/// The call failed.
pub async fn dead(
    table: &impl Table,
    about: Identified<'_>,
    dlq_retry: u32,
    receives: Option<u32>,
    fault: DeadFault,
    now: Timestamp,
) -> Result<bool, Fault> {
    let DeadFault { kind, reason } = fault;
    let reason = beginning(&reason, REASON_BYTES).to_owned();
    let fault = DeadFault { kind: kind.clone(), reason: reason.clone() };
    let received = receives.map(|receives| Happened::Received { replay: dlq_retry, receives });
    let happened = received.into_iter().chain([Happened::Dead { replay: dlq_retry, kind, reason }]);
    let events: Vec<Event> = happened.map(|happened| Event { at: now, happened }).collect();
    let about = kept(about);
    let change = Change { to: Status::Dead, from: &[Status::Accepted, Status::Queued], dlq_retry, fault: Some(fault) };
    let expires = now + SignedDuration::from_hours(24 * OPEN_DAYS);
    table.change(about, &events, change, Some(expires)).await
}

/// The same with as much of the body as the table keeps.
pub(crate) fn kept(about: Identified<'_>) -> Identified<'_> {
    Identified { body: beginning(about.body, BODY_BYTES), ..about }
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
