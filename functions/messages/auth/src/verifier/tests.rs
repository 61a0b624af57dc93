//! Which requests are let in, and how the others are answered.

use function_http::ErrorForm;
use messages_contract::SigningKeys;

use super::*;
use crate::fakes::{Failure, Secret, alone, at, email, key_ring, signing_keys};
use crate::token::issue;
use crate::token::tests::{ISSUER, good, negatives};
use uuid::Uuid;

fn verified(secret: &Secret, authorization: &str, time: &str) -> Result<Claims, Refused> {
    let request = Request::new("GET", "/").with_header("Authorization", authorization);
    alone(Verifier::new(secret, ISSUER).verify(&request, at(time)))
}

fn answer(refused: Refused) -> Answer {
    let mut answer = refused.answer(ErrorForm::Detail);
    answer.reason = None;
    answer
}

#[test]
fn a_good_token_is_taken_whatever_the_case_of_its_scheme() {
    let secret = Secret::of("a");
    for scheme in ["Bearer ", "bearer ", "BEARER   "] {
        let claims = verified(&secret, &format!("{scheme}{}", good()), "10:00:00").unwrap();
        assert_eq!(claims.sub, "user@example.com");
    }
}

#[test]
fn without_a_token_a_client_is_told_how_to_authenticate() {
    let secret = Secret::of("a");
    let no_header = alone(Verifier::new(&secret, ISSUER).verify(&Request::new("GET", "/"), at("10:00:00")));
    let mut refused = vec![no_header.unwrap_err()];
    for header in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", &good()] {
        refused.push(verified(&secret, header, "10:00:00").unwrap_err());
    }
    for answer in refused.into_iter().map(answer) {
        assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"Not authenticated"}"#));
        assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"messages\"");
    }
    assert_eq!(secret.readings.get(), 0);
}

#[test]
fn every_fault_of_a_token_gets_the_same_answer() {
    let expired = answer(verified(&Secret::of("a"), &format!("Bearer {}", good()), "11:00:00").unwrap_err());
    assert_eq!((expired.status, expired.body.as_str()), (401, r#"{"detail":"Invalid token"}"#));
    assert_eq!(expired.headers["www-authenticate"], "Bearer realm=\"messages\", error=\"invalid_token\"");
    let is_seen = |token: &str| !token.trim().is_empty() && token.trim() == token;
    let seen: Vec<_> = negatives().into_iter().filter(|(_, token, _)| is_seen(token)).collect();
    assert!(seen.len() >= 40);
    for (name, token, fault) in seen {
        let refused = verified(&Secret::of("a"), &format!("Bearer {token}"), "10:00:00").unwrap_err();
        assert_eq!(refused.to_string(), fault.to_string(), "{name}");
        assert_eq!(answer(refused), expired, "{name}");
    }
}

#[test]
fn the_log_knows_the_reason() {
    let refused = verified(&Secret::of("a"), &format!("Bearer {}", good()), "11:00:00").unwrap_err();
    assert_eq!(refused.answer(ErrorForm::Detail).reason.as_deref(), Some("the token has expired"));
}

#[test]
fn while_the_keys_are_out_of_reach_a_client_is_told_when_to_come_back() {
    let secret = Secret::of("a");
    for (failure, status, retry_after) in
        [(Failure::Away, 503, Some("1")), (Failure::Throttled, 503, Some("1")), (Failure::Bug, 500, None)]
    {
        secret.failure.set(Some(failure));
        let answer =
            verified(&secret, &format!("Bearer {}", good()), "10:00:00").unwrap_err().answer(ErrorForm::Detail);
        assert_eq!((answer.status, answer.headers.get("retry-after").map(String::as_str)), (status, retry_after));
        assert!(answer.reason.unwrap().contains("on purpose") && !answer.body.contains("on purpose"));
    }
}

/// A step each fifteen minutes, as the operator's command takes them.
#[test]
fn a_rotation_logs_nobody_out() {
    let secret = Secret::of("a");
    let verifier = Verifier::new(&secret, ISSUER);
    let token =
        |ring: &str, time: &str| issue(&key_ring(ring), ISSUER, &email("user@example.com"), Uuid::nil(), at(time));
    let verify = |token: &str, time: &str| {
        let request = Request::new("GET", "/").with_header("authorization", format!("Bearer {token}"));
        alone(verifier.verify(&request, at(time))).map(|_| ())
    };
    let [a, b] = ["a", "b"].map(|letter| letter.repeat(64));
    let published = SigningKeys { next: Some(b.clone()), ..signing_keys("a") };
    let switched = SigningKeys { current: b, previous: Some(a), ..signing_keys("") };

    verify(&token("a", "10:00:00"), "10:00:00").unwrap();
    *secret.keys.borrow_mut() = published;
    verify(&token("a", "10:14:59"), "10:14:59").unwrap();
    *secret.keys.borrow_mut() = switched;
    // An instance of the login function knows for five minutes more which key signs.
    verify(&token("b", "10:15:00"), "10:15:00").unwrap();
    verify(&token("a", "10:15:00"), "10:15:00").unwrap();
    verify(&token("a", "10:19:59"), "10:30:00").unwrap();
    *secret.keys.borrow_mut() = signing_keys("b");
    assert!(matches!(verify(&token("a", "10:34:00"), "10:36:00"), Err(Refused::Token(TokenFault::UnknownKey))));
    verify(&token("b", "10:34:00"), "10:36:00").unwrap();
}
