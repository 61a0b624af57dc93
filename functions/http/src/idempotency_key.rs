//! The header `Idempotency-Key` (IETF draft "The Idempotency-Key HTTP header field"): what a client may send, and how a repeated request is
//! answered. What is stored under a key is the caller's.

use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Request;

/// A key: 1 to 255 visible ASCII characters. Quotation marks around it, which the draft has, belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of a request, if it has one.
    ///
    /// # Errors
    /// 400 for a key of another form.
    pub fn of(request: &Request) -> Result<Option<Self>, Problem> {
        let key = request.header("idempotency-key").map(Self::read).transpose();
        key.map_err(|fault| Problem::new(400).because(fault))
    }

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

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What to store something under that belongs to this key of this principal: 64 hexadecimal digits, others for whoever else chooses the
    /// same key.
    pub fn of_principal(&self, principal: &str) -> String {
        let mut hash = Sha256::new();
        // The length distinguishes "a" + "bc" from "ab" + "c".
        hash.update((principal.len() as u64).to_be_bytes());
        hash.update(principal);
        hash.update(&self.0);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The error 422 for a key that was used for another request; `what` is what a request asks for, such as `product`.
    pub fn reused(what: &str) -> Problem {
        Problem::new(422)
            .because(format!("this Idempotency-Key was used for another {what}; use a new key for a new {what}"))
    }
}

impl Answer {
    /// The same with `Idempotent-Replayed: true`: what the first request with the key was answered with.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.with_header("idempotent-replayed", "true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_at_most_255_characters() {
        for key in ["a", "\"8e03978e-40d5\"", &"k".repeat(255)] {
            let request = Request::new("POST", "/").with_header("Idempotency-Key", key);
            assert_eq!(IdempotencyKey::of(&request).unwrap().unwrap().as_str(), key);
        }
        for key in ["", "a b", "é", "a\u{7F}", &"k".repeat(256)] {
            let request = Request::new("POST", "/").with_header("Idempotency-Key", key);
            assert_eq!(IdempotencyKey::of(&request).unwrap_err().status, 400, "{key}");
        }
        assert_eq!(IdempotencyKey::of(&Request::new("POST", "/")), Ok(None));
    }

    #[test]
    fn a_key_belongs_to_the_one_who_chose_it() {
        let key = |text: &str| IdempotencyKey::read(text).unwrap();
        assert_eq!(key("k").of_principal("a").len(), 64);
        assert_eq!(key("k").of_principal("a"), key("k").of_principal("a"));
        assert_ne!(key("k").of_principal("a"), key("k").of_principal("b"));
        assert_ne!(key("bc").of_principal("a"), key("c").of_principal("ab"));
    }

    #[test]
    fn a_client_learns_to_take_another_key_or_that_it_has_been_answered_before() {
        let reused = Answer::from(IdempotencyKey::reused("product"));
        assert_eq!((reused.status, reused.headers.get("retry-after")), (422, None));
        assert!(reused.body.contains("used for another product; use a new key for a new product"), "{}", reused.body);
        assert_eq!(Answer::json(202, &1).replayed().headers["idempotent-replayed"], "true");
    }
}
