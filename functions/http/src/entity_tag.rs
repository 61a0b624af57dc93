//! The strong entity tag of a body, derived from its bytes: equal bytes have equal tags.

use sha2::{Digest, Sha256};

/// A quoted tag of 32 hexadecimal digits.
pub(crate) fn entity_tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
