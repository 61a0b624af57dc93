//! What the operator asks about users. Does not retry: a person is waiting.

use jiff::Timestamp;
use messages_contract::{Request, User};
use serde_json::Value;

use crate::email::{Email, EmailFault};
use crate::lockout::Counter;
use crate::password::{Password, PasswordFault};
use crate::ports::{Change, Fault, Store};
use crate::user::UserRecord;

/// Why a request was not met.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("{given:?} is not an e-mail address that is taken here: {fault}")]
    Email { given: String, fault: EmailFault },
    #[error("the password is not taken: {0}")]
    Password(PasswordFault),
    #[error("there is a user {0} already; reset gives another password")]
    Taken(Email),
    #[error("there is no user {0}")]
    Unknown(Email),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl OperatorError {
    /// Whether the same request can be met later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.is_retryable())
    }
}

/// The response to a request: a [`User`], or the list of all.
///
/// `salt` is random, for a new password.
///
/// # Errors
/// Says what to change about the request, or that the table is out of reach.
pub async fn operate(
    store: &impl Store,
    request: Request,
    salt: &[u8; 16],
    now: Timestamp,
) -> Result<Value, OperatorError> {
    let user = match request {
        Request::AddUser { email, password } => {
            let email = read(&email)?;
            let user = UserRecord {
                password_hash: Password::new(&password).map_err(OperatorError::Password)?.hash(salt),
                email,
                disabled: false,
                generation: 0,
                created_at: now,
                last_login_at: None,
            };
            if !store.add_user(&user).await? {
                return Err(OperatorError::Taken(user.email));
            }
            user
        }
        Request::ListUsers => {
            let mut users = store.users().await?;
            users.sort_by(|one, other| one.email.cmp(&other.email));
            return Ok(json(&users.into_iter().map(User::from).collect::<Vec<_>>()));
        }
        Request::DisableUser { email } => change(store, read(&email)?, &Change::Disable).await?,
        Request::ResetUser { email, password } => {
            let email = read(&email)?;
            let password_hash = Password::new(&password).map_err(OperatorError::Password)?.hash(salt);
            let user = change(store, email, &Change::Reset { password_hash }).await?;
            // Whoever forgot the password has often tried others before.
            store.forget(&Counter::of_email(&user.email)).await?;
            user
        }
    };
    Ok(json(&User::from(user)))
}

fn read(given: &str) -> Result<Email, OperatorError> {
    Email::parse(given).map_err(|fault| OperatorError::Email { given: given.to_owned(), fault })
}

async fn change(store: &impl Store, email: Email, change: &Change) -> Result<UserRecord, OperatorError> {
    store.change_user(&email, change).await?.ok_or(OperatorError::Unknown(email))
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("texts are JSON")
}

#[cfg(test)]
mod tests;
