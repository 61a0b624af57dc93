//! How signing keys are replaced without logging anybody out. Pure: the keys and the time in, the next keys out.
//!
//! A function that verifies tokens has to know a key before the first token is signed with it, and for as long as the last one lives. So a
//! new key is published first, signs next, and the old one is dropped last.

use jiff::{SignedDuration, Timestamp};
use messages_contract::{SigningKeys, TOKEN_SECONDS};

/// How long a token is valid.
const TOKEN: SignedDuration = SignedDuration::from_secs(TOKEN_SECONDS as i64);
/// How long a function goes on with the keys that it has while the secret is out of reach; `messages-auth` uses none for longer.
const OUT_OF_REACH: SignedDuration = TOKEN;

/// One step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Another key is accepted and published.
    Publish,
    /// Tokens are signed with it.
    Sign,
    /// The key before is no longer accepted.
    Drop,
}

/// The next step, and from when on it can be taken without refusing a valid token.
pub(super) fn next(keys: &SigningKeys) -> (Step, Timestamp) {
    // Without a time the keys were written by hand, and nobody knows for how long they are published.
    let changed_at = keys.changed_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let after = |wait| changed_at.and_then(|at| at.checked_add(wait).ok()).unwrap_or(Timestamp::MIN);
    match keys {
        SigningKeys { previous: Some(_), .. } => (Step::Drop, after(OUT_OF_REACH + TOKEN)),
        SigningKeys { next: Some(_), .. } => (Step::Sign, after(OUT_OF_REACH)),
        _ => (Step::Publish, Timestamp::MIN),
    }
}

/// The keys after a step. `fresh` is the text of a new key.
pub(super) fn take(step: Step, keys: SigningKeys, fresh: String, now: Timestamp) -> SigningKeys {
    let SigningKeys { current, next, previous, .. } = keys;
    let (current, next, previous) = match (step, next) {
        (Step::Publish, _) => (current, Some(fresh), previous),
        (Step::Sign, Some(next)) => (next, None, Some(current)),
        (Step::Sign, None) => (current, None, previous),
        (Step::Drop, next) => (current, next, None),
    };
    SigningKeys { current, next, previous, changed_at: Some(now.as_second()) }
}

/// A key that nobody has seen, and none of those that were accepted.
pub(super) fn replace_all(fresh: String, now: Timestamp) -> SigningKeys {
    SigningKeys { current: fresh, next: None, previous: None, changed_at: Some(now.as_second()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn generated() -> SigningKeys {
        SigningKeys { current: "first".to_owned(), next: None, previous: None, changed_at: None }
    }

    #[test]
    fn a_rotation_publishes_signs_and_drops_each_in_its_time() {
        let (step, due) = next(&generated());
        assert_eq!((step, due), (Step::Publish, Timestamp::MIN));
        let keys = take(step, generated(), "second".to_owned(), at(1_000));
        assert_eq!(
            (keys.current.as_str(), keys.next.as_deref(), keys.changed_at),
            ("first", Some("second"), Some(1_000))
        );
        let (step, due) = next(&keys);
        assert_eq!((step, due), (Step::Sign, at(1_900)));
        let keys = take(step, keys, "unused".to_owned(), due);
        assert_eq!(
            keys,
            SigningKeys {
                current: "second".to_owned(),
                next: None,
                previous: Some("first".to_owned()),
                changed_at: Some(1_900),
            }
        );
        let (step, due) = next(&keys);
        assert_eq!((step, due), (Step::Drop, at(3_700)));
        let keys = take(step, keys, "unused".to_owned(), due);
        assert_eq!((keys.current.as_str(), keys.next.as_deref(), keys.previous.as_deref()), ("second", None, None));
        assert_eq!(next(&keys).0, Step::Publish);
    }

    /// Whoever has the keys of any moment refuses no token that was signed since the last step, or can be signed until then.
    #[test]
    fn no_step_forgets_a_key_that_may_have_signed_a_token_which_is_still_valid() {
        let mut keys = generated();
        let mut now = at(0);
        // The key that functions sign with until they have read the secret again, and until when.
        let mut signs_until: Vec<(String, Timestamp)> = Vec::new();
        for round in 0..12 {
            let (step, due) = next(&keys);
            now = now.max(due);
            let before = keys.current.clone();
            keys = take(step, keys, format!("key {round}"), now);
            if keys.current != before {
                signs_until.push((before, now + OUT_OF_REACH));
            }
            for (key, until) in &signs_until {
                let is_accepted =
                    [Some(&keys.current), keys.next.as_ref(), keys.previous.as_ref()].contains(&Some(key));
                assert!(is_accepted || *until + TOKEN <= now, "{key} is forgotten at {now}");
            }
        }
    }

    #[test]
    fn in_an_emergency_no_key_stays_that_was_in_the_secret() {
        let keys = replace_all("fresh".to_owned(), at(7));
        assert_eq!((keys.current.as_str(), &keys.next, &keys.previous), ("fresh", &None, &None));
    }
}
