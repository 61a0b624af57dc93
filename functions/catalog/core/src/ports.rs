//! The ports to the table, the queue and the bucket, and how they fail. No AWS here.

use function_http::TokenError;
use jiff::Timestamp;
use uuid::Uuid;

use crate::idempotency::Claim;
use crate::product::{Product, Record};

/// The source of a fault: any error of an adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed, or whose response was lost: it may have taken effect.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too many calls; retrying later may work.
    #[error("{what} is throttled")]
    Throttled {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    /// Any other failure; retrying later may work.
    #[error("{what} failed")]
    Failed {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        Self::Failed { what: "the token", source: error.into() }
    }
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

/// The product table. Each method is one atomic step.
pub trait Table {
    /// Claims a key by its [`crate::claim_id`], unless a claim exists that does not expire before `now`.
    fn claim(
        &self,
        claim_id: &str,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<Claiming, Fault>>;

    /// Writes an accepted product until `expires`, unless its id is taken.
    fn accept(&self, product: &Product, expires: Timestamp) -> impl Future<Output = Result<Placed<Record>, Fault>>;

    /// Reads a product as it was last written.
    fn find(&self, id: Uuid, now: Timestamp) -> impl Future<Output = Result<Option<Record>, Fault>>;

    /// Writes a saved product permanently, unless it is saved already.
    fn save(&self, product: &Product, saved_at: Timestamp) -> impl Future<Output = Result<Placed<()>, Fault>>;
}

/// The queue of accepted products.
pub trait Queue {
    fn send(&self, product: &Product) -> impl Future<Output = Result<(), Fault>>;
}

/// The bucket of reports.
pub trait Reports {
    /// Writes a product's report, unless it exists.
    fn write(&self, id: Uuid, text: &str) -> impl Future<Output = Result<Placed<()>, Fault>>;
}
