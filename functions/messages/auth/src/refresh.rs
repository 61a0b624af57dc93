//! Refresh tokens (RFC 9700, 4.14): opaque, stored as hashes, good for one use. All that come from one login are a family; when a used one
//! comes again, somebody has stolen one of them, and none of the family is good any more.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::email::Email;

/// Tells leaked ones from other texts.
const PREFIX: &str = "mrt_";
/// How long a family lives, however often it is used.
pub const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long it lives without being used.
pub const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A refresh token: the prefix, and 32 random bytes in base64url.
pub(crate) fn text(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// The SHA-256 of a refresh token's bytes, in hexadecimal digits. That is enough: 32 random bytes cannot be guessed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash(String);

impl TokenHash {
    pub(crate) fn of(random: &[u8; 32]) -> Self {
        Self(Sha256::digest(random).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash of a text, if that has the form of a refresh token.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let random = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        Some(Self::of(&random.try_into().ok()?))
    }

    /// From the table.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// The refresh tokens that came from one login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    pub email: Email,
    /// The user's at the login.
    pub generation: u64,
    /// The one that can be used.
    pub current: TokenHash,
    pub started_at: Timestamp,
    pub expires: Timestamp,
}

/// When a family that is used now expires.
pub(crate) fn expires(started_at: Timestamp, now: Timestamp) -> Timestamp {
    (now + IDLE).min(started_at + LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_form() {
        let token = text(&[0xFB; 32]);
        assert_eq!(token, "mrt_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(TokenHash::of_text(&token), Some(TokenHash::of(&[0xFB; 32])));
        assert_eq!(
            TokenHash::of(&[0; 32]).as_str(),
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
        let other_last = format!("{}t", &token[..token.len() - 1]);
        for wrong in [
            "",
            "mrt_",
            &token[4..],
            &token[..46],
            &format!("{token}="),
            &format!("{token} "),
            &format!("{token}A"),
            &other_last,
        ] {
            assert_eq!(TokenHash::of_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_family_ends_when_it_is_idle_and_at_its_end() {
        let start: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(expires(start, start).to_string(), "2026-11-08T00:00:00Z");
        let used: Timestamp = "2026-11-07T12:00:00Z".parse().unwrap();
        assert_eq!(expires(start, used).to_string(), "2026-11-14T12:00:00Z");
        let late: Timestamp = "2026-11-30T00:00:00Z".parse().unwrap();
        assert_eq!(expires(start, late).to_string(), "2026-12-01T00:00:00Z");
    }
}
