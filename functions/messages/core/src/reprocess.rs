//! Sending dead letters again: a walk over the dead-letter queue that ends. Each letter is sent and then deleted, or parked and then deleted, or
//! shown again after the walk; none is met twice, and none is lost wherever the walk is killed.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use messages_contract::REPLAYS;
use tokio::time::Instant;
use uuid::Uuid;

use crate::envelope::Envelope;
use crate::job::{Done, Wanted};
use crate::ports::{Change, Clock, DeadLetterQueue, Fault, Identified, Received, Sends, Table, ToSend};
use crate::record::{DeadFault, Event, Happened, Record, Status, unreadable_id};

/// How long a letter stays hidden beyond the time in which a walk may go on.
const HIDDEN_MARGIN: Duration = Duration::from_secs(15);

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    pub done: Done,
    /// Whether there was nothing more to do; otherwise the limit or the time ended it.
    pub is_complete: bool,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum ReprocessError {
    /// Somebody else is at it.
    #[error("dead letters are being reprocessed already")]
    Locked,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where a walk takes place.
pub struct Reprocessing<'a, T, M, D, C> {
    pub table: &'a T,
    pub main: &'a M,
    pub dead_letters: &'a D,
    pub clock: &'a C,
}

impl<T: Table, M: Sends, D: DeadLetterQueue, C: Clock> Reprocessing<'_, T, M, D, C> {
    /// Sends what is wanted, until nothing is left or `until`. `by` is told in each message's timeline; `owner` is the id of this run.
    ///
    /// # Errors
    /// Another run has the lock, or a call failed; what was done by then stays done, and the rest stays in the queue.
    pub async fn run(&self, wanted: &Wanted, by: &str, owner: Uuid, until: Instant) -> Result<Walked, ReprocessError> {
        let now = self.clock.now();
        let left = until.saturating_duration_since(Instant::now());
        let lock_until = now.checked_add(left + HIDDEN_MARGIN).unwrap_or(Timestamp::MAX);
        if !self.table.lock(owner, now, lock_until).await? {
            return Err(ReprocessError::Locked);
        }
        let mut held = Vec::new();
        let walked = self.walk(wanted, by, until, &mut held).await;
        // Both end by themselves: the letters are shown again, and the lock expires.
        let released = self.dead_letters.release(&held).await;
        let unlocked = self.table.unlock(owner).await;
        let walked = walked?;
        released.and(unlocked)?;
        Ok(walked)
    }

    async fn walk(&self, wanted: &Wanted, by: &str, until: Instant, held: &mut Vec<String>) -> Result<Walked, Fault> {
        let mut done = Done::default();
        let mut rest: HashSet<&str> = wanted.ids.iter().map(String::as_str).collect();
        for id in &wanted.ids {
            if self.is_over(wanted, &done, until) {
                return Ok(Walked { done, is_complete: false });
            }
            if let Some(record) = self.table.find(id, self.clock.now()).await?
                && record.status == Status::Parked
            {
                self.pace(wanted, &done).await;
                if self.unpark(&record, by).await? {
                    done.total_reprocessed += 1;
                }
                rest.remove(id.as_str());
            }
        }
        if !wanted.ids.is_empty() && rest.is_empty() {
            return Ok(Walked { done, is_complete: true });
        }
        let mut met = HashSet::new();
        loop {
            if self.is_over(wanted, &done, until) {
                return Ok(Walked { done, is_complete: false });
            }
            let hidden = until.saturating_duration_since(Instant::now()) + HIDDEN_MARGIN;
            let letters = self.dead_letters.receive(hidden).await?;
            if letters.is_empty() {
                return Ok(Walked { done, is_complete: true });
            }
            let mut letters = letters.into_iter();
            while let Some(letter) = letters.next() {
                if !met.insert(letter.id.clone()) || self.is_over(wanted, &done, until) {
                    // Met before: it was hidden for too short a time. Either way the walk ends here.
                    held.extend(std::iter::once(letter).chain(letters).map(|letter| letter.receipt));
                    return Ok(Walked { done, is_complete: false });
                }
                let receipt = letter.receipt.clone();
                match self.reprocess(letter, wanted, &rest, by, &mut done).await {
                    Ok(true) => {}
                    Ok(false) => held.push(receipt),
                    Err(fault) => {
                        held.push(receipt);
                        held.extend(letters.map(|letter| letter.receipt));
                        return Err(fault);
                    }
                }
            }
        }
    }

    fn is_over(&self, wanted: &Wanted, done: &Done, until: Instant) -> bool {
        Instant::now() >= until || wanted.limit.is_some_and(|limit| done.handled() >= limit)
    }

    /// Waits as long as the rate asks for.
    async fn pace(&self, wanted: &Wanted, done: &Done) {
        if let Some(rate) = wanted.rate.filter(|_| done.total_reprocessed > 0) {
            tokio::time::sleep(Duration::from_secs(1) / rate).await;
        }
    }

    /// Whether the letter is gone from the queue.
    async fn reprocess(
        &self,
        letter: Received,
        wanted: &Wanted,
        ids: &HashSet<&str>,
        by: &str,
        done: &mut Done,
    ) -> Result<bool, Fault> {
        let envelope = Envelope::read(&letter.body).ok();
        let id = match &envelope {
            Some(envelope) => envelope.message_id.to_string(),
            None => unreadable_id(&letter.message_id),
        };
        let is_named = wanted.ids.is_empty() || ids.contains(id.as_str());
        let record = self.table.find(&id, self.clock.now()).await?;
        let fault = letter.fault.as_ref().or(record.as_ref().and_then(|record| record.fault.as_ref()));
        let since = record.as_ref().map(|record| record.since);
        if !is_named || !wanted.filter.matches(fault, envelope.as_ref(), since) {
            done.skipped += 1;
            return Ok(false);
        }
        match envelope {
            Some(_) if record.as_ref().is_some_and(|record| record.status == Status::Saved) => done.already_saved += 1,
            Some(envelope) if envelope.dlq_retry < REPLAYS => {
                self.pace(wanted, done).await;
                self.replay(&envelope, by).await?;
                done.total_reprocessed += 1;
            }
            Some(envelope) => {
                let last = fault.map(|fault| format!(": {}", fault.reason)).unwrap_or_default();
                let reason = format!("sent again {} times, as often as is allowed{last}", envelope.dlq_retry);
                self.park(&id, &letter, envelope.dlq_retry, ("replayed_too_often", reason)).await?;
                done.parked += 1;
            }
            None => {
                let reason = match fault {
                    Some(fault) => fault.reason.clone(),
                    None => "the body is no message".to_owned(),
                };
                self.park(&id, &letter, 0, ("malformed", reason)).await?;
                done.parked += 1;
            }
        }
        self.dead_letters.delete(&letter.receipt).await?;
        Ok(true)
    }

    /// Sends the next replay, then notes it. Sent twice, SQS drops one within five minutes and the worker any later one.
    async fn replay(&self, envelope: &Envelope, by: &str) -> Result<(), Fault> {
        let next = envelope.replayed();
        let (body, group) = (next.to_body(), next.payload.group());
        let message =
            ToSend { body: body.clone(), group: group.clone(), deduplication_id: next.deduplication_id(), fault: None };
        self.main.send(message).await?;
        let happened = Happened::Replayed { replay: next.dlq_retry, by: by.to_owned() };
        let change = Change { to: Status::Queued, from: &[], dlq_retry: next.dlq_retry, fault: None };
        let id = next.message_id.to_string();
        let about = Identified { id: &id, body: &body, group: &group };
        let event = Event { at: self.clock.now(), happened };
        self.table.change(about, &event, change, None).await?;
        Ok(())
    }

    async fn park(
        &self,
        id: &str,
        letter: &Received,
        replay: u32,
        (kind, reason): (&str, String),
    ) -> Result<(), Fault> {
        let event = Event { at: self.clock.now(), happened: Happened::Parked { replay, reason: reason.clone() } };
        let change = Change {
            to: Status::Parked,
            from: &[Status::Accepted, Status::Queued, Status::Dead],
            dlq_retry: replay,
            fault: Some(DeadFault { kind: kind.to_owned(), reason }),
        };
        let about = Identified { id, body: &letter.body, group: &letter.group };
        self.table.change(about, &event, change, None).await?;
        Ok(())
    }

    /// Sends a parked message by its name. Whether it could be: a body that is no message cannot.
    async fn unpark(&self, record: &Record, by: &str) -> Result<bool, Fault> {
        match record.envelope() {
            None => Ok(false),
            Some(envelope) => self.replay(&envelope, by).await.map(|()| true),
        }
    }
}
