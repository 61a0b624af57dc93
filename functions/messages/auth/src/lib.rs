//! Who may use the messages API: passwords, access tokens, refresh tokens, lockout and users, and what the login function answers. No AWS, no
//! clock, no randomness: times and random bytes are given.
//!
//! Functions that only verify tokens need [`Verifier`] and a [`KeySource`].

mod api;
mod cached_keys;
mod credentials;
mod email;
mod errors;
#[cfg(test)]
mod fakes;
mod keys;
mod lockout;
mod operator;
mod password;
mod ports;
mod refresh;
mod report;
mod sessions;
mod token;
mod user;
mod verifier;

pub use api::Api;
pub use cached_keys::Keys;
pub use email::{Email, EmailFault};
pub use keys::{KeyFault, KeyRing, KeySet, PublishedKey};
pub use lockout::{ATTEMPTS, Attempt, Counter, WINDOW};
pub use operator::{OperatorError, operate};
pub use password::{Password, PasswordFault};
pub use ports::{BoxError, Change, Fault, KeySource, Store};
pub use refresh::{Family, IDLE, LIFE, TokenHash};
pub use report::Report;
pub use sessions::Randomness;
pub use token::{Claims, TokenFault};
pub use user::UserRecord;
pub use verifier::{Refused, Verifier};
