//! What the operator asks about users, and what is answered.

use super::*;
use crate::fakes::{Failure, World, alone, at};
use serde_json::json;

fn asked(world: &World, request: Request) -> Result<Value, String> {
    alone(operate(world, request, &[7; 16], at("09:00:00"))).map_err(|error| error.to_string())
}

fn add(email: &str, password: &str) -> Request {
    Request::AddUser { email: email.to_owned(), password: password.to_owned() }
}

fn user(email: &str, disabled: bool) -> Value {
    json!({"email": email, "disabled": disabled, "created_at": "2026-11-02T09:00:00Z", "last_login_at": null})
}

#[test]
fn users_are_added_listed_disabled_and_reset() {
    let world = World::default();
    assert_eq!(asked(&world, add("b@EXAMPLE.com", "secret")), Ok(user("b@example.com", false)));
    assert_eq!(asked(&world, add("a@example.com", "secret")), Ok(user("a@example.com", false)));
    let disable = Request::DisableUser { email: " b@example.com".to_owned() };
    assert_eq!(asked(&world, disable), Ok(user("b@example.com", true)));
    let listed = json!([user("a@example.com", false), user("b@example.com", true)]);
    assert_eq!(asked(&world, Request::ListUsers), Ok(listed));
    let reset = Request::ResetUser { email: "b@example.com".to_owned(), password: "another".to_owned() };
    assert_eq!(asked(&world, reset), Ok(user("b@example.com", false)));
    let users = world.users.borrow();
    let hash = &users[&Email::parse("b@example.com").unwrap()].password_hash;
    assert!(Password::new("another").unwrap().is_of(Some(hash)).unwrap());
}

#[test]
fn a_request_that_cannot_be_met_says_why() {
    let world = World::default();
    asked(&world, add("a@example.com", "secret")).unwrap();
    let before = world.users.borrow().clone();
    for (request, expected) in [
        (add("a@example.com", "another"), "there is a user a@example.com already; reset gives another password"),
        (add("b@example.com", "short"), "the password is not taken: it has 5 characters; at least 6 are needed"),
        (
            add("a@b.test", "secret"),
            "\"a@b.test\" is not an e-mail address that is taken here: its domain is reserved and reaches nobody",
        ),
        (Request::DisableUser { email: "b@example.com".to_owned() }, "there is no user b@example.com"),
        (
            Request::ResetUser { email: "b@example.com".to_owned(), password: "secret".to_owned() },
            "there is no user b@example.com",
        ),
    ] {
        assert_eq!(asked(&world, request), Err(expected.to_owned()));
    }
    assert_eq!(*world.users.borrow(), before);
}

#[test]
fn only_what_can_pass_is_retryable() {
    let world = World::default();
    for (failure, expected) in [(Failure::Away, true), (Failure::Throttled, true), (Failure::Bug, false)] {
        world.failure.set(Some(failure));
        let error = alone(operate(&world, Request::ListUsers, &[7; 16], at("09:00:00"))).unwrap_err();
        assert_eq!(error.is_retryable(), expected);
    }
}
