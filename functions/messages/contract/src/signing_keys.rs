//! The secret with the keys that access tokens are signed with. Secrets Manager generates the first text; `infra keys rotate messages` adds the
//! others. A key is derived from a text, so the secret holds nothing that a template would have to contain.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The secret, as JSON. Tokens are signed with `current`; those of all three are accepted and published.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKeys {
    /// At least 32 characters.
    pub current: String,
    /// Published, and not yet used for signing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// No longer used for signing, and accepted as long as its tokens live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// When the set last changed, in seconds since 1970; absent until the first rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<i64>,
}

impl SigningKeys {
    /// The member that Secrets Manager generates.
    pub const GENERATED: &str = "current";
    /// How many characters it generates.
    pub const CHARACTERS: u32 = 64;
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("changed_at", &self.changed_at).finish_non_exhaustive()
    }
}
