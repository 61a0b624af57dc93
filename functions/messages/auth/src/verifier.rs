//! Whether a request has a good token (RFC 6750). All faults of tokens get the same answer; only the log knows which it was.

use function_http::{Answer, ErrorForm, Problem, Realm, Request, bearer};
use jiff::Timestamp;

use crate::cached_keys::Keys;
use crate::ports::{Fault, KeySource};
use crate::token::{Claims, TokenFault, Unverified};

const REALM: Realm = Realm("messages");

/// Verifies the tokens of one issuer.
#[derive(Debug)]
pub struct Verifier<S> {
    keys: Keys<S>,
    issuer: String,
}

/// Why a request is refused, with the answer to it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the request has no bearer token")]
    NoToken,
    #[error(transparent)]
    Token(#[from] TokenFault),
    #[error(transparent)]
    Keys(#[from] Fault),
}

impl<S: KeySource> Verifier<S> {
    /// `issuer` is the issuer and the audience of tokens, such as `messages-dev`.
    pub fn new(source: S, issuer: impl Into<String>) -> Self {
        Self { keys: Keys::new(source), issuer: issuer.into() }
    }

    /// What the request's token says.
    ///
    /// # Errors
    /// 401 without a token or with a bad one, 503 while the keys are out of reach.
    pub async fn verify(&self, request: &Request, now: Timestamp) -> Result<Claims, Refused> {
        let token = Unverified::parse(bearer(request).ok_or(Refused::NoToken)?)?;
        let ring = self.keys.ring_with(&token.kid, now).await?;
        Ok(token.verify(&ring, &self.issuer, now)?)
    }
}

impl Refused {
    /// The answer, with the reason for the log.
    pub fn answer(self, form: ErrorForm) -> Answer {
        let reason = function_runtime::chain(&self);
        Problem::from(self).answer(form).with_reason(reason)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoToken => REALM.missing_token(),
            Refused::Token(_) => REALM.invalid_token(),
            Refused::Keys(fault) if fault.is_retryable() => {
                Self::new(503).because("the keys are out of reach at the moment").retry_after(1)
            }
            Refused::Keys(_) => Self::new(500),
        }
    }
}

#[cfg(test)]
mod tests;
