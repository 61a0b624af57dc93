//! The ports to the table, the queue and the bucket, and how they fail. Refuses to know AWS.

use jiff::Timestamp;
use uuid::Uuid;

use crate::idempotency::{Claim, IdempotencyKey};
use crate::product::{Product, Record};

/// Whatever an adapter has to say.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed, or whose answer was lost: it may have been done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too many calls; later it may work.
    #[error("{what} is throttled")]
    Throttled {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    /// Something else; later it may work.
    #[error("{what} failed")]
    Failed {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

/// Whose claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claiming {
    /// The one given.
    Ours,
    /// One from before, not expired.
    Earlier(Claim),
}

/// Whether something was written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed<T> {
    Now,
    /// It was there before and is left as it is.
    Before(T),
}

/// The product table. Each method is one atomic step.
pub trait Table {
    /// Claims a key, unless it has a claim that does not expire before `now`.
    fn claim(
        &self,
        key: &IdempotencyKey,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<Claiming, Fault>>;

    /// Writes an accepted product until `expires`, unless its id is taken.
    fn accept(&self, product: &Product, expires: Timestamp) -> impl Future<Output = Result<Placed<Record>, Fault>>;

    /// Reads a product as it was last written.
    fn find(&self, id: Uuid, now: Timestamp) -> impl Future<Output = Result<Option<Record>, Fault>>;

    /// Writes a saved product for good, unless it is saved already.
    fn save(&self, product: &Product, saved_at: Timestamp) -> impl Future<Output = Result<Placed<()>, Fault>>;
}

/// The queue of accepted products.
pub trait Queue {
    fn send(&self, product: &Product) -> impl Future<Output = Result<(), Fault>>;
}

/// The bucket of reports.
pub trait Reports {
    /// Writes a product's report, unless there is one.
    fn write(&self, id: Uuid, text: &str) -> impl Future<Output = Result<Placed<()>, Fault>>;
}
