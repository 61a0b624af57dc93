//! A client's idempotency key, and what the table stores about it. No leases, no owner tokens: a claim fixes
//! which id the product gets, and everything after it is safe to repeat.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::product::Draft;

/// Hours for which a key is stored.
pub(crate) const KEY_HOURS: i64 = 24;

/// The value of the header `Idempotency-Key`: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// Says what is allowed.
    pub fn read(text: &str) -> Result<Self, String> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=255).contains(&text.len()) && is_visible {
            Ok(Self(text.to_owned()))
        } else {
            Err("the header Idempotency-Key must be 1 to 255 visible ASCII characters without blanks".to_owned())
        }
    }

    /// The id of its item in the table; no product id has this form.
    pub fn item_id(&self) -> String {
        format!("idempotency-key#{}", self.0)
    }
}

/// What a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id that the product gets.
    pub product_id: Uuid,
    /// SHA-256 of the draft in hexadecimal digits: equal products have equal fingerprints, however their JSON was written.
    pub fingerprint: String,
}

impl Claim {
    pub(crate) fn new(product_id: Uuid, draft: &Draft) -> Self {
        let mut hash = Sha256::new();
        // Lengths distinguish "a" + "bc" from "ab" + "c".
        for field in [&draft.name, &draft.description, &draft.price.to_string()] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { product_id, fingerprint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;

    #[test]
    fn a_key_is_visible_ascii_of_at_most_255_characters() {
        for key in ["a", "\"8e03978e-40d5\"", &"k".repeat(255)] {
            assert!(IdempotencyKey::read(key).is_ok(), "{key}");
        }
        for key in ["", "a b", "é", "a\u{7F}", &"k".repeat(256)] {
            assert!(IdempotencyKey::read(key).is_err(), "{key}");
        }
    }

    #[test]
    fn the_fingerprint_is_the_products_and_not_its_jsons() {
        let claim = |name: &str, description: &str, price: &str| {
            let price = Price::from_text(price).unwrap();
            let draft = Draft { name: name.to_owned(), description: description.to_owned(), price };
            Claim::new(Uuid::nil(), &draft).fingerprint
        };
        assert_eq!(claim("a", "bc", "1.5").len(), 64);
        assert_eq!(claim("a", "bc", "1.5"), claim("a", "bc", "1.50"));
        assert_ne!(claim("a", "bc", "1.5"), claim("ab", "c", "1.5"));
        assert_ne!(claim("a", "bc", "1.5"), claim("a", "bc", "1.51"));
    }
}
