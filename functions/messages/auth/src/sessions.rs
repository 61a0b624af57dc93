//! The rules of sessions: login, refresh, logout. Over the table alone; what an HTTP answer looks like is the API's.

use futures_util::future::{try_join, try_join4};
use jiff::Timestamp;
use uuid::Uuid;

use crate::credentials::Credentials;
use crate::email::Email;
use crate::lockout::{Attempt, Counter};
use crate::ports::{Fault, Store};
use crate::refresh::{self, Family, LIFE, TokenHash};

/// What has to be random, from outside; new for each request.
#[derive(Clone)]
pub struct Randomness {
    /// For a refresh token.
    pub token: [u8; 32],
    /// For the id of an access token.
    pub token_id: Uuid,
    /// For the id of a family.
    pub family: Uuid,
}

/// A user who may have an access token, with the refresh token to go with it.
pub(crate) struct Session {
    pub(crate) email: Email,
    pub(crate) refresh_token: String,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No such user, another password, or disabled: nobody is told which, but for the log.
    #[error("{0}")]
    Wrong(&'static str),
    #[error("locked until {until}")]
    Locked { until: Timestamp },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Logs a user in. Takes the same time whoever asks: there is always one hash to verify.
pub(crate) async fn login(
    store: &impl Store,
    credentials: &Credentials,
    source: &Counter,
    random: &Randomness,
    now: Timestamp,
) -> Result<Session, LoginError> {
    let Credentials { email, password } = credentials;
    let of_email = Counter::of_email(email);
    count(store.attempt(source, now).await?)?;
    let (attempt, user) = try_join(store.attempt(&of_email, now), store.user(email)).await?;
    count(attempt)?;
    let is_right = password.is_of(user.as_ref().map(|user| user.password_hash.as_str()));
    let is_right = is_right.map_err(|error| {
        let source = format!("the hash of {email} is unreadable: {error}").into();
        LoginError::Fault(Fault::Failed { what: "a user's password", source })
    })?;
    let user = match user {
        None => return Err(LoginError::Wrong("the user is unknown")),
        Some(_) if !is_right => return Err(LoginError::Wrong("the password is wrong")),
        Some(user) if user.disabled => return Err(LoginError::Wrong("the user is disabled")),
        Some(user) => user,
    };
    let current = TokenHash::of(&random.token);
    let family = Family {
        email: email.clone(),
        generation: user.generation,
        current,
        started_at: now,
        expires: refresh::expires(now, now),
    };
    // In any order: without both items there is no refresh token, and the client has none of them yet.
    try_join4(
        store.add_family(random.family, &family),
        store.add_token(&family.current, random.family, now + LIFE),
        store.logged_in(email, now),
        try_join(store.forget(&of_email), store.forgive(source, now)),
    )
    .await?;
    Ok(Session { email: email.clone(), refresh_token: refresh::text(&random.token) })
}

fn count(attempt: Attempt) -> Result<(), LoginError> {
    match attempt {
        Attempt::Allowed => Ok(()),
        Attempt::Locked { until } => Err(LoginError::Locked { until }),
    }
}

/// Why a refresh token is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("{0}")]
    Wrong(&'static str),
    /// A token that was used before: its family is revoked now.
    #[error("the refresh token was used before, so all of its family are revoked")]
    Reused { email: Email },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Another refresh token for one that was not used yet.
///
/// One conditional write decides. Of two uses at the same time one wins, and the other is a reuse, which takes the winner's token as well:
/// nobody can know which of the two was the thief. A crash before that write costs nothing, the old token is still good.
pub(crate) async fn refresh(
    store: &impl Store,
    token: &str,
    random: &Randomness,
    now: Timestamp,
) -> Result<Session, RefreshError> {
    let old = TokenHash::of_text(token).ok_or(RefreshError::Wrong("the text is no refresh token"))?;
    let id = store.family_of(&old, now).await?.ok_or(RefreshError::Wrong("the refresh token is unknown"))?;
    let family = store.family(id, now).await?.ok_or(RefreshError::Wrong("the session has ended"))?;
    let email = family.email;
    if family.current != old {
        store.revoke(id).await?;
        return Err(RefreshError::Reused { email });
    }
    let user = store.user(&email).await?;
    if !user.is_some_and(|user| !user.disabled && user.generation == family.generation) {
        store.revoke(id).await?;
        return Err(RefreshError::Wrong("the user was disabled, or has another password"));
    }
    let new = TokenHash::of(&random.token);
    store.add_token(&new, id, family.started_at + LIFE).await?;
    match store.rotate(id, &old, &new, now, refresh::expires(family.started_at, now)).await? {
        true => Ok(Session { email, refresh_token: refresh::text(&random.token) }),
        false => {
            store.revoke(id).await?;
            Err(RefreshError::Reused { email })
        }
    }
}

/// Ends the session of a refresh token, used or not. A token that is unknown ends nothing.
pub(crate) async fn logout(store: &impl Store, token: &str, now: Timestamp) -> Result<(), Fault> {
    let Some(hash) = TokenHash::of_text(token) else { return Ok(()) };
    match store.family_of(&hash, now).await? {
        Some(id) => store.revoke(id).await,
        None => Ok(()),
    }
}
