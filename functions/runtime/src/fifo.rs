//! One batch of a FIFO queue: the messages of a group one after the other, groups concurrently. Never breaks the order within a group, and never
//! acknowledges a message that is neither done nor safe in the dead-letter queue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::dead_letter::DeadLetters;
use crate::decode::{Message, Record, SqsEvent};
use crate::function::Function;
use crate::input::{ChangeVisibility, Input};
use crate::invocation::Invocation;
use crate::outcome::Failure;
use crate::queue::SendBatch;
use crate::report::{BatchResponse, Ended, Handled, Report};
use crate::unfinished::guarded;

/// Why a record was not handled.
const BEHIND: &str = "an earlier message of its group failed";
const NO_TIME: &str = "not begun before the end of the working time";

/// How a function handles batches of `T` from a FIFO queue.
///
/// What is acknowledged of a group is always its beginning. After a transient failure, which a missed deadline and a panic are too, the rest of the
/// group is not handled and is redelivered with it, after the same back-off: SQS delivers nothing of a group while one of its messages is hidden. What is
/// given up, for good or at its last receive, is in the dead-letter queue before the next message of its group is handled; if the queue does not take it, it
/// counts as transient. Nothing is put back, which would break the order. From [`Invocation::work_until`] on, no message is begun.
pub struct FifoBatch<'a, T, D, P, H> {
    pub function: &'a Function,
    /// Where messages go that are given up.
    pub dead_letters: &'a D,
    /// The queue that the batches are of.
    pub input: &'a Input<P>,
    /// The trace that a message belongs to.
    pub trace_id: fn(&T) -> String,
    /// Handles a decoded message.
    pub handler: H,
}

impl<T, D, P, H> FifoBatch<'_, T, D, P, H>
where
    T: DeserializeOwned,
    D: DeadLetters,
    P: SendBatch + ChangeVisibility,
    H: AsyncFn(Message<T>, &Invocation) -> Result<(), Failure>,
{
    /// Handles one event to its end. Never fails: everything that is not done is in the response.
    pub async fn handle(&self, event: &SqsEvent, invocation: &Invocation) -> BatchResponse {
        let report = Report::new(self.function, self.dead_letters, self.input, invocation);
        // Records without a group, which a FIFO queue does not have, keep their order as well.
        let mut groups: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (index, record) in event.records.iter().enumerate() {
            groups.entry(record.group()).or_default().push(index);
        }
        let work = groups.into_values().map(async |indexes| {
            let records = indexes.iter().map(|index| &event.records[*index]);
            let ended = self.handle_group(records, &report, invocation).await;
            indexes.into_iter().zip(ended).collect::<Vec<_>>()
        });
        let mut ended = futures_util::future::join_all(work).await.concat();
        ended.sort_by_key(|(index, _)| *index);
        let ended: Vec<Ended> = ended.into_iter().map(|(_, end)| end).collect();
        report.respond(&event.records, &ended).await
    }

    /// Handles the records of one group in order, as far as it gets.
    async fn handle_group<'r>(
        &self,
        records: impl Iterator<Item = &'r Record>,
        report: &Report<'_, D, P>,
        invocation: &Invocation,
    ) -> Vec<Ended> {
        let mut ended = Vec::new();
        // Why, and how long the rest of the group is hidden.
        let mut stopped: Option<(&str, Option<Duration>)> = None;
        for record in records {
            let decoded = record.decode::<T>();
            let trace_id = decoded.as_ref().ok().map(|message| (self.trace_id)(&message.body));
            if stopped.is_none() && Instant::now() >= invocation.work_until {
                stopped = Some((NO_TIME, None));
            }
            if let Some((reason, hidden)) = stopped {
                ended.push(report.skip(record, trace_id.as_deref(), reason, hidden));
                continue;
            }
            let outcome = match decoded {
                Ok(message) => {
                    let outcome = guarded((self.handler)(message, invocation), invocation).await;
                    outcome.unwrap_or_else(|unfinished| Err(unfinished.failure(record.receive_count())))
                }
                Err(failure) => Err(failure),
            };
            let settled = report.settle(&[Handled { record, trace_id, failure: outcome.err() }]).await;
            stopped = settled.iter().find(|end| end.is_redelivered()).map(|end| match end {
                Ended::Transient { hidden } => (BEHIND, *hidden),
                _ => (BEHIND, None),
            });
            ended.extend(settled);
        }
        ended
    }
}

#[cfg(test)]
mod tests;
