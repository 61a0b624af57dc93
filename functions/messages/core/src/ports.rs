//! The ports to the table and the queues, and how they fail. No AWS here. A method that failed may have taken effect; all but [`Table::count`] are safe to repeat.

use std::time::Duration;

use function_http::{IdempotencyKey, Request};
use jiff::Timestamp;
use messages_auth::{KeySource, Refused, Verifier};
use uuid::Uuid;

use crate::envelope::Envelope;
use crate::job::Job;
use crate::record::{DeadFault, Event, Record, Status};

/// The source of a fault: any error of an adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed, or whose response was lost: it may have taken effect. Retrying later may work.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too many calls.
    #[error("{what} is throttled")]
    Throttled {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    #[error("{what} failed")]
    Failed {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

/// What an idempotency key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id of the message; those of an array follow from it.
    pub id: Uuid,
    /// SHA-256 of what was sent, in hexadecimal digits.
    pub fingerprint: String,
}

/// Whose claim is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claiming {
    /// The one given.
    Ours,
    /// An earlier one that has not expired.
    Earlier(Claim),
}

/// Whether this call wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed<T> {
    Now,
    /// It already existed and is unchanged.
    Before(T),
}

/// A change of a record's status. A record that is saved never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub to: Status,
    /// How often the message had been replayed. A record that was replayed less often takes the change, one that was replayed more often is ahead of it.
    pub dlq_retry: u32,
    /// The statuses that it may leave in a record that was replayed as often.
    pub from: &'static [Status],
    /// Why it is dead or parked; `None` otherwise.
    pub fault: Option<DeadFault>,
}

impl Change {
    /// Whether a record in this state takes the change.
    pub fn applies_to(&self, status: Status, dlq_retry: u32) -> bool {
        status != Status::Saved
            && (dlq_retry < self.dlq_retry || dlq_retry == self.dlq_retry && self.from.contains(&status))
    }
}

/// A body with what identifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified<'a> {
    /// The record's id.
    pub id: &'a str,
    pub body: &'a str,
    pub group: &'a str,
}

/// Dead and parked messages, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub records: Vec<Record>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// The table. Reads are consistent, but for [`Table::open`].
pub trait Table {
    /// Claims a key of a user, unless a claim exists that has not expired.
    fn claim(
        &self,
        user: &str,
        key: &IdempotencyKey,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<Claiming, Fault>>;

    /// Adds to a user's messages of a window (`function_http::Limit`), and returns their number.
    fn count(
        &self,
        user: &str,
        window: i64,
        messages: u32,
        expires: Timestamp,
    ) -> impl Future<Output = Result<u32, Fault>>;

    /// Writes an accepted message, unless its id is taken.
    fn accept(
        &self,
        envelope: &Envelope,
        group: &str,
        event: &Event,
        expires: Timestamp,
    ) -> impl Future<Output = Result<Placed<Record>, Fault>>;

    /// Writes that a message was processed, with its events, unless that is known. This is the effect, and the record of it.
    fn save(
        &self,
        envelope: &Envelope,
        group: &str,
        events: &[Event],
    ) -> impl Future<Output = Result<Placed<()>, Fault>>;

    /// Writes events, and the change of status where the record allows it; the last event is the change's. Creates the record if there is none. Whether the status
    /// changed.
    fn change(
        &self,
        about: Identified<'_>,
        events: &[Event],
        change: Change,
        expires: Option<Timestamp>,
    ) -> impl Future<Output = Result<bool, Fault>>;

    fn find(&self, id: &str, now: Timestamp) -> impl Future<Output = Result<Option<Record>, Fault>>;

    /// Messages of a status that is not [`Status::Saved`], the oldest first: at most `limit` that have it since before `before`. Read from an index,
    /// which is a moment late.
    fn open(
        &self,
        status: Status,
        before: Option<Timestamp>,
        cursor: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, Fault>>;

    /// How many messages have a status; at most `most` are counted.
    fn count_open(&self, status: Status, most: u32) -> impl Future<Output = Result<u32, Fault>>;

    /// Takes the lock that keeps runs over dead letters apart until `until`, unless somebody else has it. Whether it is ours.
    fn lock(&self, owner: Uuid, now: Timestamp, until: Timestamp) -> impl Future<Output = Result<bool, Fault>>;

    /// Gives the lock back; not somebody else's.
    fn unlock(&self, owner: Uuid) -> impl Future<Output = Result<(), Fault>>;

    /// Writes a job; one that was stopped stays so, with what it has done. Whether its state is as given.
    fn put_job(&self, job: &Job, expires: Timestamp) -> impl Future<Output = Result<bool, Fault>>;

    fn find_job(&self, id: Uuid, now: Timestamp) -> impl Future<Output = Result<Option<Job>, Fault>>;

    /// Jobs in the background that are not done, the oldest first. Read from the index.
    fn open_jobs(&self) -> impl Future<Output = Result<Vec<Job>, Fault>>;

    /// Stops a job that is running. Whether there is one.
    fn stop_job(&self, id: Uuid) -> impl Future<Output = Result<bool, Fault>>;
}

/// A message to a FIFO queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSend {
    /// The message's id, its trace id in all functions.
    pub id: String,
    pub body: String,
    pub group: String,
    pub deduplication_id: String,
    /// Why it is a dead letter, where it is sent to the dead-letter queue.
    pub fault: Option<DeadFault>,
}

/// A queue that is sent to.
pub trait Sends {
    fn send(&self, message: ToSend) -> impl Future<Output = Result<(), Fault>>;
}

/// Counts of a queue, which SQS calls approximate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub available: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

impl Counts {
    /// All messages of the queue.
    pub fn total(&self) -> u64 {
        self.available + self.in_flight + self.delayed
    }
}

/// A queue that can be counted.
pub trait Counted {
    fn counts(&self) -> impl Future<Output = Result<Counts, Fault>>;
}

/// A message of the dead-letter queue, hidden from everybody else for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// SQS's id of the letter.
    pub id: String,
    /// SQS's id of the message that became the letter, where that is known; the letter's otherwise.
    pub message_id: String,
    pub receipt: String,
    pub body: String,
    pub group: String,
    /// Why a function sent it there; `None` when SQS moved it.
    pub fault: Option<DeadFault>,
}

/// The dead-letter queue.
pub trait DeadLetterQueue: Counted {
    /// Up to 10 messages, hidden for this time; none when there are no more, or all the others are hidden.
    fn receive(&self, hidden: Duration) -> impl Future<Output = Result<Vec<Received>, Fault>>;

    fn delete(&self, receipt: &str) -> impl Future<Output = Result<(), Fault>>;

    /// Shows messages again at once.
    fn release(&self, receipts: &[String]) -> impl Future<Output = Result<(), Fault>>;
}

/// The time.
pub trait Clock {
    fn now(&self) -> Timestamp;
}

/// Who sends a request.
pub trait Authenticates {
    /// The user's address.
    ///
    /// # Errors
    /// There is no valid token, or tokens cannot be verified now.
    fn user(&self, request: &Request, now: Timestamp) -> impl Future<Output = Result<String, Refused>>;
}

impl<S: KeySource> Authenticates for Verifier<S> {
    async fn user(&self, request: &Request, now: Timestamp) -> Result<String, Refused> {
        Ok(self.verify(request, now).await?.sub)
    }
}
