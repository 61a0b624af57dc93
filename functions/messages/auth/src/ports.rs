//! The ports to the table and to the secret, and how they fail. No AWS here.

use jiff::Timestamp;
use messages_contract::SigningKeys;
use uuid::Uuid;

use crate::email::Email;
use crate::lockout::{Attempt, Counter};
use crate::refresh::{Family, TokenHash};
use crate::user::UserRecord;

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
    /// Retrying later may work.
    #[error("{what} is out of reach")]
    Unavailable {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    /// Retrying cannot help.
    #[error("{what} failed")]
    Failed {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

impl Fault {
    /// Whether a retry can help.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }
}

/// Where the signing keys come from.
pub trait KeySource {
    /// The keys as they are now, never from a cache.
    fn signing_keys(&self) -> impl Future<Output = Result<SigningKeys, Fault>>;
}

/// The table's items about users, sessions and failed logins. Each method is one atomic step. What has expired by `now` is not there, whether
/// or not it has been deleted.
pub trait Store {
    fn user(&self, email: &Email) -> impl Future<Output = Result<Option<UserRecord>, Fault>>;

    /// Every user, in no order.
    fn users(&self) -> impl Future<Output = Result<Vec<UserRecord>, Fault>>;

    /// Writes a new user; false when the address is taken.
    fn add_user(&self, user: &UserRecord) -> impl Future<Output = Result<bool, Fault>>;

    /// Changes a user and makes it another generation, which no refresh token of before belongs to. Responds with the user as it is now, or
    /// nothing when there is none.
    fn change_user(&self, email: &Email, change: &Change) -> impl Future<Output = Result<Option<UserRecord>, Fault>>;

    /// Notes a login of a user that exists.
    fn logged_in(&self, email: &Email, now: Timestamp) -> impl Future<Output = Result<(), Fault>>;

    /// Counts an attempt, unless as many have been made as are allowed.
    fn attempt(&self, counter: &Counter, now: Timestamp) -> impl Future<Output = Result<Attempt, Fault>>;

    /// Takes one attempt back, which was no failure.
    fn forgive(&self, counter: &Counter, now: Timestamp) -> impl Future<Output = Result<(), Fault>>;

    /// Takes all attempts back.
    fn forget(&self, counter: &Counter) -> impl Future<Output = Result<(), Fault>>;

    /// Writes which family a refresh token belongs to, until `expires`.
    fn add_token(&self, token: &TokenHash, family: Uuid, expires: Timestamp)
    -> impl Future<Output = Result<(), Fault>>;

    /// The family that a refresh token belongs to, used or not.
    fn family_of(&self, token: &TokenHash, now: Timestamp) -> impl Future<Output = Result<Option<Uuid>, Fault>>;

    fn add_family(&self, id: Uuid, family: &Family) -> impl Future<Output = Result<(), Fault>>;

    fn family(&self, id: Uuid, now: Timestamp) -> impl Future<Output = Result<Option<Family>, Fault>>;

    /// Makes `new` the one token of the family that can be used, until `expires`; false when `old` is not that token any more.
    fn rotate(
        &self,
        id: Uuid,
        old: &TokenHash,
        new: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, Fault>>;

    /// Deletes a family: none of its tokens can be used.
    fn revoke(&self, id: Uuid) -> impl Future<Output = Result<(), Fault>>;
}

/// What the operator changes about a user.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    Disable,
    /// Enables the user with another password, of which this is the hash as a PHC string.
    Reset {
        password_hash: String,
    },
}
