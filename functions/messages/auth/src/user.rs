//! A user as the table keeps it.

use std::fmt;

use jiff::Timestamp;
use messages_contract::User;

use crate::email::Email;

/// A user with what is needed to verify a password.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    pub email: Email,
    /// A PHC string.
    pub password_hash: String,
    pub disabled: bool,
    /// Counted up when the user is disabled or gets another password: refresh tokens of an earlier generation are not taken any more.
    pub generation: u64,
    pub created_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

impl From<UserRecord> for User {
    fn from(user: UserRecord) -> Self {
        Self {
            email: user.email.to_string(),
            disabled: user.disabled,
            created_at: user.created_at.to_string(),
            last_login_at: user.last_login_at.map(|at| at.to_string()),
        }
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("email", &self.email)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
