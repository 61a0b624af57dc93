//! Good tokens, and more than forty that are not: as data, each with the reason that the log gets. The answer to all of them is one and the
//! same, which the tests of the verifier show.

use super::*;
use crate::fakes::{at, email, key_ring};
use crate::keys::Key;

mod negatives;

pub(crate) use negatives::negatives;

pub(crate) const ISSUER: &str = "messages-dev";

/// A token of 10:00:00, of the key `a`.
pub(crate) fn good() -> String {
    issue(&key_ring("a"), ISSUER, &email("user@example.com"), Uuid::from_u128(7), at("10:00:00"))
}

fn verified_at(token: &str, time: &str) -> Result<Claims, TokenFault> {
    Unverified::parse(token)?.verify(&key_ring("a"), ISSUER, at(time))
}

#[test]
fn a_token_says_who_for_whom_and_until_when() {
    let second = at("10:00:00").as_second();
    let claims = verified_at(&good(), "10:00:00").unwrap();
    let expected = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: "user@example.com".to_owned(),
        iat: second,
        nbf: second,
        exp: second + 900,
        jti: Uuid::from_u128(7).to_string(),
    };
    assert_eq!(claims, expected);
    let token = good();
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let kid = key_ring("a").signing().kid().to_owned();
    assert_eq!(String::from_utf8(header).unwrap(), format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#));
}

#[test]
fn a_token_is_valid_for_fifteen_minutes_with_five_seconds_of_leeway() {
    for (time, expected) in [
        ("09:59:54", Err(TokenFault::Early)),
        ("09:59:55", Ok(())),
        ("10:14:59", Ok(())),
        ("10:15:04", Ok(())),
        ("10:15:05", Err(TokenFault::Expired)),
    ] {
        assert_eq!(verified_at(&good(), time).map(|_| ()), expected, "{time}");
    }
}

#[test]
fn the_longest_address_fits() {
    let user = email(&format!("{}@{}.com", "\u{e9}".repeat(32), "b".repeat(63)));
    let token = issue(&key_ring("a"), ISSUER, &user, Uuid::nil(), at("10:00:00"));
    assert_eq!(verified_at(&token, "10:00:00").unwrap().sub, user.to_string());
}

#[test]
fn tokens_of_all_keys_of_the_ring_are_taken() {
    let ring = KeyRing::of_keys(["b", "a"].map(|letter| Key::of_seed(&[letter.as_bytes()[0]; 32])).into());
    let old = KeyRing::of_keys(vec![Key::of_seed(&[b'a'; 32])]);
    let token = issue(&old, ISSUER, &email("user@example.com"), Uuid::nil(), at("10:00:00"));
    assert!(Unverified::parse(&token).unwrap().verify(&ring, ISSUER, at("10:00:00")).is_ok());
}

#[test]
fn every_fault_is_found() {
    let cases = negatives();
    assert!(cases.len() >= 100, "{}", cases.len());
    for (name, token, fault) in cases {
        assert_eq!(verified_at(&token, "10:00:00"), Err(fault), "{name}: {token}");
    }
}

#[test]
fn every_changed_byte_of_a_good_token_is_refused() {
    let good = good();
    for place in 0..good.len() {
        for byte in 0..128 {
            let mut bytes = good.clone().into_bytes();
            if std::mem::replace(&mut bytes[place], byte) == byte {
                continue;
            }
            let token = String::from_utf8(bytes).unwrap();
            assert!(verified_at(&token, "10:00:00").is_err(), "byte {place} as {byte}: {token}");
        }
    }
}

#[test]
fn every_cut_of_a_good_token_is_refused() {
    let good = good();
    for place in 0..good.len() {
        assert!(verified_at(&good[..place], "10:00:00").is_err(), "{place}");
        let without = format!("{}{}", &good[..place], &good[place + 1..]);
        assert!(verified_at(&without, "10:00:00").is_err(), "{place}");
        let doubled = format!("{}{}", &good[..=place], &good[place..]);
        assert!(verified_at(&doubled, "10:00:00").is_err(), "{place}");
    }
}
