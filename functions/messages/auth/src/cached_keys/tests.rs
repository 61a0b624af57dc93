//! When the secret is read: at first, when a key is unknown, when it is old, and when it cannot be.

use super::*;
use crate::fakes::{Failure, Secret, alone, at, key_ring, signing_keys};

fn kid(letter: &str) -> String {
    key_ring(letter).signing().kid().to_owned()
}

/// The names of the keys that count at this time.
fn known(keys: &Keys<&Secret>, time: &str) -> Result<Vec<String>, Fault> {
    alone(keys.ring(at(time))).map(|ring| ring.published().keys.into_iter().map(|key| key.kid).collect())
}

#[test]
fn keys_are_read_once_in_five_minutes() {
    let secret = Secret::of("a");
    let keys = Keys::new(&secret);
    for (time, readings) in [("10:00:00", 1), ("10:04:59", 1), ("10:05:00", 2), ("10:09:59", 2), ("10:10:00", 3)] {
        assert_eq!(known(&keys, time).unwrap(), [kid("a")]);
        assert_eq!(secret.readings.get(), readings, "{time}");
    }
}

#[test]
fn an_unknown_key_has_them_read_again_at_most_once_a_minute() {
    let secret = Secret::of("a");
    let keys = Keys::new(&secret);
    let finds =
        |letter: &str, time: &str| alone(keys.ring_with(&kid(letter), at(time))).unwrap().find(&kid(letter)).is_some();
    assert!(finds("a", "10:00:00"));
    secret.keys.borrow_mut().next = Some("b".repeat(64));
    assert!(!finds("b", "10:00:59"));
    assert_eq!(secret.readings.get(), 1, "read a moment ago");
    assert!(finds("b", "10:01:00"));
    assert_eq!(secret.readings.get(), 2);
    for time in ["10:01:01", "10:01:30", "10:01:59"] {
        assert!(!finds("c", time) && finds("a", time));
    }
    assert_eq!(secret.readings.get(), 2, "whoever makes up keys causes no calls");
    assert!(!finds("c", "10:02:00"));
    assert_eq!(secret.readings.get(), 3);
}

#[test]
fn while_the_secret_is_out_of_reach_known_keys_serve_as_long_as_a_token_lives() {
    let secret = Secret::of("a");
    let keys = Keys::new(&secret);
    known(&keys, "10:00:00").unwrap();
    secret.failure.set(Some(Failure::Away));
    for (time, readings) in [("10:05:00", 2), ("10:05:59", 2), ("10:06:00", 3), ("10:14:59", 4)] {
        assert_eq!(known(&keys, time).unwrap(), [kid("a")]);
        assert_eq!(secret.readings.get(), readings, "{time}");
    }
    assert!(known(&keys, "10:15:00").unwrap_err().is_retryable());
    assert!(alone(keys.ring_with(&kid("a"), at("10:15:01"))).is_err());
    secret.failure.set(None);
    assert_eq!(known(&keys, "10:15:02").unwrap(), [kid("a")]);
}

#[test]
fn an_unknown_key_cannot_be_judged_while_the_secret_is_out_of_reach() {
    let secret = Secret::of("a");
    let keys = Keys::new(&secret);
    known(&keys, "10:00:00").unwrap();
    secret.failure.set(Some(Failure::Throttled));
    assert!(alone(keys.ring_with(&kid("b"), at("10:01:00"))).is_err());
    assert!(alone(keys.ring_with(&kid("b"), at("10:01:01"))).is_ok(), "and is not asked for again at once");
    assert!(alone(keys.ring_with(&kid("a"), at("10:01:01"))).is_ok());
}

#[test]
fn a_secret_that_is_none_is_not_retried() {
    let secret = Secret::of("a");
    *secret.keys.borrow_mut() = signing_keys("");
    assert!(!known(&Keys::new(&secret), "10:00:00").unwrap_err().is_retryable());
}
