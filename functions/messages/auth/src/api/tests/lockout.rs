//! Failed logins, by address and by e-mail, at virtual times.

use super::*;

/// The status of a login from an address, and when to come back.
fn tried(login: &Login, source: &str, email: &str, password: &str, time: &str) -> (u16, Option<String>) {
    let request = Request { source_address: Some(source.parse().unwrap()), ..login_request(email, password) };
    let answer = login.answered(&request, 1, at(time));
    (answer.status, answer.headers.get("retry-after").cloned())
}

fn locked(seconds: u32) -> (u16, Option<String>) {
    (429, Some(seconds.to_string()))
}

const WRONG: (u16, Option<String>) = (401, None);
const RIGHT: (u16, Option<String>) = (200, None);

#[test]
fn five_failures_lock_an_address_with_a_user_and_one_without() {
    for email in [USER, "other@example.com"] {
        let login = Login::new();
        for (number, time) in ["10:00:00", "10:01:00", "10:02:00", "10:03:00", "10:14:58"].into_iter().enumerate() {
            assert_eq!(tried(&login, &format!("192.0.2.{number}"), email, "another one", time), WRONG);
        }
        assert_eq!(tried(&login, "192.0.2.9", email, PASSWORD, "10:14:58"), locked(2), "also with the right password");
        let expected = if email == USER { RIGHT } else { WRONG };
        assert_eq!(tried(&login, "192.0.2.9", email, PASSWORD, "10:15:00"), expected);
    }
}

#[test]
fn the_two_kinds_of_lock_are_answered_alike() {
    let answers = [USER, "other@example.com"].map(|email| {
        let login = Login::new();
        for number in 1..=5 {
            let request = login_request(email, "another one");
            let request = Request { source_address: Some(format!("192.0.2.{number}").parse().unwrap()), ..request };
            login.answered(&request, 1, at("10:00:00"));
        }
        let request = Request { source_address: Some("192.0.2.9".parse().unwrap()), ..login_request(email, PASSWORD) };
        login.answered(&request, 1, at("10:01:00"))
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].headers["retry-after"], "840");
}

#[test]
fn five_failures_lock_a_source() {
    let login = Login::new();
    for number in 0..5 {
        assert_eq!(tried(&login, "192.0.2.1", &format!("u{number}@example.com"), "another one", "10:00:00"), WRONG);
    }
    assert_eq!(tried(&login, "192.0.2.1", USER, PASSWORD, "10:10:00"), locked(300));
    assert_eq!(tried(&login, "192.0.2.2", USER, PASSWORD, "10:10:00"), RIGHT);
    assert_eq!(tried(&login, "192.0.2.1", USER, PASSWORD, "10:15:00"), RIGHT);
}

#[test]
fn a_login_forgets_the_failures_of_its_address_and_not_those_of_its_source() {
    let login = Login::new();
    for _ in 0..4 {
        assert_eq!(tried(&login, "192.0.2.1", USER, "another one", "10:00:00"), WRONG);
    }
    for _ in 0..9 {
        assert_eq!(tried(&login, "192.0.2.1", USER, PASSWORD, "10:01:00"), RIGHT, "it counts no success");
    }
    assert_eq!(tried(&login, "192.0.2.2", USER, "another one", "10:02:00"), WRONG);
    assert_eq!(tried(&login, "192.0.2.1", USER, "another one", "10:03:00"), WRONG);
    assert_eq!(tried(&login, "192.0.2.1", USER, PASSWORD, "10:04:00"), locked(660));
    assert_eq!(tried(&login, "192.0.2.2", USER, PASSWORD, "10:04:00"), RIGHT);
}

#[test]
fn faults_of_the_form_are_no_failures() {
    let login = Login::new();
    for _ in 0..9 {
        assert_eq!(tried(&login, "192.0.2.1", USER, "short", "10:00:00").0, 422);
    }
    assert!(login.world.counters.borrow().is_empty());
}

#[test]
fn another_password_unlocks() {
    let login = Login::new();
    for number in 0..5 {
        tried(&login, &format!("192.0.2.{number}"), USER, "another one", "10:00:00");
    }
    login.operate(Asked::ResetUser { email: USER.to_owned(), password: "battery staple".to_owned() });
    assert_eq!(tried(&login, "192.0.2.9", USER, "battery staple", "10:01:00"), RIGHT);
}

/// All of them at once: the failures are counted before the passwords are verified.
#[test]
fn many_attempts_at_once_are_no_way_around() {
    let login = Login::new();
    let keys = Keys::new(&login.secret);
    let api = Api { store: &login.world, keys: &keys, issuer: ISSUER };
    let request = &login_request(USER, "another one");
    let random = &randomness(1);
    let attempts = (0..12).map(|_| api.respond(request, random, at("10:00:00")));
    let answers = alone(futures_util::future::join_all(attempts));
    let verified = answers.iter().filter(|(answer, _)| answer.status == 401).count();
    assert_eq!((verified, answers.len()), (5, 12));
}

#[test]
fn nobody_is_told_to_come_back_too_early() {
    let retry_after = |time: &str| crate::api::locked(at("10:00:02"), at(time)).retry_after;
    assert_eq!(["10:00:00", "10:00:00.5", "10:00:01", "10:00:01.999"].map(retry_after), [2, 2, 1, 1].map(Some));
}
