//! A table and a secret with behaviour for the tests of the rules: each call can fail, and each lets other tasks run first, so that a test
//! determines the interleaving.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::Timestamp;
use messages_contract::SigningKeys;
use test_machine::others_first;
pub(crate) use test_machine::{alone, interleave};
use uuid::Uuid;

use crate::email::Email;
use crate::keys::KeyRing;
use crate::lockout::{ATTEMPTS, Attempt, Counter, WINDOW};
use crate::ports::{Change, Fault, KeySource, Store};
use crate::refresh::{Family, TokenHash};
use crate::user::UserRecord;

/// How calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Throttled,
    Away,
    Bug,
}

impl Failure {
    fn fault(self, what: &'static str) -> Fault {
        let source = "on purpose".into();
        match self {
            Self::Throttled => Fault::Throttled { what, source },
            Self::Away => Fault::Unavailable { what, source },
            Self::Bug => Fault::Failed { what, source },
        }
    }
}

/// The table.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) failure: Cell<Option<Failure>>,
    pub(crate) users: RefCell<BTreeMap<Email, UserRecord>>,
    /// How many attempts, and when they are forgotten.
    pub(crate) counters: RefCell<BTreeMap<Counter, (u32, Timestamp)>>,
    pub(crate) tokens: RefCell<BTreeMap<TokenHash, (Uuid, Timestamp)>>,
    pub(crate) families: RefCell<BTreeMap<Uuid, Family>>,
}

impl World {
    /// One call: other tasks first.
    async fn call<R>(&self, what: &'static str, work: impl FnOnce() -> R) -> Result<R, Fault> {
        others_first().await;
        match self.failure.get() {
            None => Ok(work()),
            Some(failure) => Err(failure.fault(what)),
        }
    }
}

impl Store for World {
    async fn user(&self, email: &Email) -> Result<Option<UserRecord>, Fault> {
        self.call("the user", || self.users.borrow().get(email).cloned()).await
    }

    async fn users(&self) -> Result<Vec<UserRecord>, Fault> {
        // No order is promised.
        self.call("the users", || self.users.borrow().values().rev().cloned().collect()).await
    }

    async fn add_user(&self, user: &UserRecord) -> Result<bool, Fault> {
        self.call("the new user", || {
            let mut users = self.users.borrow_mut();
            let is_new = !users.contains_key(&user.email);
            users.entry(user.email.clone()).or_insert_with(|| user.clone());
            is_new
        })
        .await
    }

    async fn change_user(&self, email: &Email, change: &Change) -> Result<Option<UserRecord>, Fault> {
        self.call("the change", || {
            let mut users = self.users.borrow_mut();
            let user = users.get_mut(email)?;
            user.generation += 1;
            user.disabled = *change == Change::Disable;
            if let Change::Reset { password_hash } = change {
                user.password_hash.clone_from(password_hash);
            }
            Some(user.clone())
        })
        .await
    }

    async fn logged_in(&self, email: &Email, now: Timestamp) -> Result<(), Fault> {
        self.call("the login", || {
            if let Some(user) = self.users.borrow_mut().get_mut(email) {
                user.last_login_at = Some(now);
            }
        })
        .await
    }

    async fn attempt(&self, counter: &Counter, now: Timestamp) -> Result<Attempt, Fault> {
        self.call("the attempt", || {
            let mut counters = self.counters.borrow_mut();
            let counted = counters.entry(counter.clone()).or_insert((0, now + WINDOW));
            if counted.1 <= now {
                *counted = (0, now + WINDOW);
            }
            if counted.0 >= ATTEMPTS {
                return Attempt::Locked { until: counted.1 };
            }
            counted.0 += 1;
            Attempt::Allowed
        })
        .await
    }

    async fn forgive(&self, counter: &Counter, now: Timestamp) -> Result<(), Fault> {
        self.call("the attempt that was none", || {
            if let Some((count, until)) = self.counters.borrow_mut().get_mut(counter)
                && *until > now
                && *count > 0
            {
                *count -= 1;
            }
        })
        .await
    }

    async fn forget(&self, counter: &Counter) -> Result<(), Fault> {
        self.call("the attempts", || _ = self.counters.borrow_mut().remove(counter)).await
    }

    async fn add_token(&self, token: &TokenHash, family: Uuid, expires: Timestamp) -> Result<(), Fault> {
        self.call("the token", || _ = self.tokens.borrow_mut().insert(token.clone(), (family, expires))).await
    }

    async fn family_of(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Uuid>, Fault> {
        self.call("the token", || {
            let tokens = self.tokens.borrow();
            tokens.get(token).filter(|(_, expires)| *expires > now).map(|(family, _)| *family)
        })
        .await
    }

    async fn add_family(&self, id: Uuid, family: &Family) -> Result<(), Fault> {
        self.call("the new family", || _ = self.families.borrow_mut().insert(id, family.clone())).await
    }

    async fn family(&self, id: Uuid, now: Timestamp) -> Result<Option<Family>, Fault> {
        self.call("the family", || self.families.borrow().get(&id).filter(|family| family.expires > now).cloned()).await
    }

    async fn rotate(
        &self,
        id: Uuid,
        old: &TokenHash,
        new: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, Fault> {
        self.call("the rotation", || {
            let mut families = self.families.borrow_mut();
            let family = families.get_mut(&id).filter(|family| family.current == *old && family.expires > now);
            let Some(family) = family else { return false };
            family.current = new.clone();
            family.expires = expires;
            true
        })
        .await
    }

    async fn revoke(&self, id: Uuid) -> Result<(), Fault> {
        self.call("the family", || _ = self.families.borrow_mut().remove(&id)).await
    }
}

/// A secret.
pub(crate) struct Secret {
    pub(crate) keys: RefCell<SigningKeys>,
    pub(crate) failure: Cell<Option<Failure>>,
    pub(crate) readings: Cell<usize>,
}

impl Secret {
    pub(crate) fn of(current: &str) -> Self {
        Self { keys: RefCell::new(signing_keys(current)), failure: Cell::default(), readings: Cell::default() }
    }
}

impl KeySource for &Secret {
    async fn signing_keys(&self) -> Result<SigningKeys, Fault> {
        self.readings.set(self.readings.get() + 1);
        match self.failure.get() {
            None => Ok(self.keys.borrow().clone()),
            Some(failure) => Err(failure.fault("the secret")),
        }
    }
}

/// Keys of which each is a letter repeated.
pub(crate) fn signing_keys(current: &str) -> SigningKeys {
    SigningKeys { current: current.repeat(64), next: None, previous: None, changed_at: None }
}

pub(crate) fn key_ring(current: &str) -> KeyRing {
    KeyRing::new(&signing_keys(current)).unwrap()
}

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-02T{time}Z").parse().unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}
