//! Accepting a product: one id per idempotency key, stored before the product is queued. A key that was used for another product is an error.

use function_http::{IdempotencyKey, Principal};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::idempotency::{Claim, KEY_HOURS, claim_id};
use crate::ports::{Claiming, Fault, Placed, Queue, Table};
use crate::product::{ACCEPTED_DAYS, Draft, Product, Status};

/// What a client submits, plus the id and time from outside.
#[derive(Debug, Clone)]
pub struct Offer {
    pub draft: Draft,
    /// Who offers it; the key is theirs.
    pub principal: Principal,
    pub key: Option<IdempotencyKey>,
    /// A new id; used unless the key has one already.
    pub id: Uuid,
    pub now: Timestamp,
}

/// A product that is accepted now, or was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub id: Uuid,
    /// Whether the key already belonged to it.
    pub is_repeated: bool,
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    #[error("the idempotency key was used for another product")]
    OtherProduct,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Accepts a product.
///
/// The claim fixes the id, the accepted record the content, and then the message is sent. A retry after a crash anywhere
/// between them continues with the same id and the same content. Sending twice is harmless, losing a message is not: a product that is not known to be saved is sent again.
///
/// # Errors
/// The key was used for another product, or a call failed; then nothing was promised, and the same key may be retried.
pub async fn accept(table: &impl Table, queue: &impl Queue, offer: Offer) -> Result<Accepted, AcceptError> {
    let Offer { draft, principal, key, id, now } = offer;
    let mut claim = Claim::new(id, &draft);
    let mut is_repeated = false;
    if let Some(key) = &key {
        let expires = now + SignedDuration::from_hours(KEY_HOURS);
        if let Claiming::Earlier(earlier) = table.claim(&claim_id(&principal, key), &claim, now, expires).await? {
            if earlier.fingerprint != claim.fingerprint {
                return Err(AcceptError::OtherProduct);
            }
            is_repeated = earlier.product_id != id;
            claim = earlier;
        }
    }
    let accepted_at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let product = Product { id: claim.product_id, draft, accepted_at };
    let expires = now + SignedDuration::from_hours(24 * ACCEPTED_DAYS);
    match table.accept(&product, expires).await? {
        Placed::Now => queue.send(&product).await?,
        // The stored time of acceptance is used, so that every message about a product is the same.
        Placed::Before(record) if record.status == Status::Accepted => queue.send(&record.product).await?,
        Placed::Before(_) => {}
    }
    Ok(Accepted { id: product.id, is_repeated })
}

#[cfg(test)]
mod tests;
