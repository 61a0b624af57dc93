//! The signing keys as this instance knows them. They are read at first use, again when they are older than five minutes, and again for an
//! unknown key, at most once a minute: whoever sends tokens with made-up keys causes no calls.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use messages_contract::TOKEN_SECONDS;

use crate::keys::KeyRing;
use crate::ports::{Fault, KeySource};

/// Keys are read again when they are older.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// Between two readings that are not needed urgently.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// While the secret is out of reach, keys are used up to this age: a rotation does not drop a key sooner.
const LONGEST: SignedDuration = SignedDuration::from_secs(TOKEN_SECONDS as i64);

/// The keys of a source, kept for a while.
#[derive(Debug)]
pub struct Keys<S> {
    source: S,
    kept: Mutex<Kept>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    /// With the time of their reading.
    ring: Option<(Arc<KeyRing>, Timestamp)>,
    /// The last reading, successful or not.
    tried: Option<Timestamp>,
}

impl Kept {
    fn younger_than(&self, age: SignedDuration, now: Timestamp) -> Option<Arc<KeyRing>> {
        self.ring.as_ref().filter(|(_, read)| now.duration_since(*read) < age).map(|(ring, _)| Arc::clone(ring))
    }

    fn has_just_tried(&self, now: Timestamp) -> bool {
        self.tried.is_some_and(|tried| now.duration_since(tried) < PAUSE)
    }
}

impl<S: KeySource> Keys<S> {
    pub fn new(source: S) -> Self {
        Self { source, kept: Mutex::default() }
    }

    /// The keys.
    ///
    /// # Errors
    /// The secret cannot be read, and was not for as long as a token lives.
    pub async fn ring(&self, now: Timestamp) -> Result<Arc<KeyRing>, Fault> {
        let kept = self.kept();
        if let Some(ring) = kept.younger_than(FRESH, now) {
            return Ok(ring);
        }
        let usable = kept.younger_than(LONGEST, now);
        match usable {
            Some(ring) if kept.has_just_tried(now) => Ok(ring),
            Some(ring) => Ok(self.read(now).await.unwrap_or(ring)),
            None => self.read(now).await,
        }
    }

    /// The keys, read again if this one is not among them and that was not tried a moment ago.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub async fn ring_with(&self, kid: &str, now: Timestamp) -> Result<Arc<KeyRing>, Fault> {
        let ring = self.ring(now).await?;
        match ring.find(kid).is_some() || self.kept().has_just_tried(now) {
            true => Ok(ring),
            false => self.read(now).await,
        }
    }

    async fn read(&self, now: Timestamp) -> Result<Arc<KeyRing>, Fault> {
        self.locked().tried = Some(now);
        let keys = self.source.signing_keys().await?;
        let ring =
            KeyRing::new(&keys).map_err(|fault| Fault::Failed { what: "the signing keys", source: fault.into() })?;
        let ring = Arc::new(ring);
        self.locked().ring = Some((Arc::clone(&ring), now));
        Ok(ring)
    }

    fn kept(&self) -> Kept {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
