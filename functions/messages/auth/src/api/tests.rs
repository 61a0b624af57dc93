//! What clients of the login function get.

mod credentials;
mod lockout;
mod sessions;

use jiff::SignedDuration;
use messages_contract::Request as Asked;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::fakes::{Failure, Secret, World, alone, at};
use crate::operator::operate;
use crate::verifier::Verifier;

const ISSUER: &str = "messages-dev";
const USER: &str = "user@example.com";
const PASSWORD: &str = "correct horse";

/// A table with one user, and the secret.
struct Login {
    world: World,
    secret: Secret,
}

impl Login {
    fn new() -> Self {
        let login = Self { world: World::default(), secret: Secret::of("a") };
        login.operate(Asked::AddUser { email: USER.to_owned(), password: PASSWORD.to_owned() });
        login
    }

    fn operate(&self, request: Asked) -> Value {
        alone(operate(&self.world, request, &[7; 16], at("09:00:00"))).unwrap()
    }

    fn asked(&self, request: &Request, number: u8, now: Timestamp) -> (Answer, Option<Report>) {
        let keys = Keys::new(&self.secret);
        let api = Api { store: &self.world, keys: &keys, issuer: ISSUER };
        alone(api.respond(request, &randomness(number), now))
    }

    fn answered(&self, request: &Request, number: u8, now: Timestamp) -> Answer {
        self.asked(request, number, now).0
    }

    fn login(&self, email: &str, password: &str, now: Timestamp) -> Answer {
        self.answered(&login_request(email, password), 1, now)
    }

    fn refresh(&self, token: &str, number: u8, now: Timestamp) -> Answer {
        self.answered(&token_request("refresh", token), number, now)
    }

    /// The refresh token of a new login.
    fn logged_in(&self, number: u8, now: Timestamp) -> String {
        refresh_token(&self.answered(&login_request(USER, PASSWORD), number, now))
    }
}

/// Different for each number.
fn randomness(number: u8) -> Randomness {
    Randomness {
        token: [number; 32],
        token_id: Uuid::from_u128(number.into()),
        family: Uuid::from_u128(1_000 + u128::from(number)),
    }
}

fn post(path: &str, body: &Value) -> Request {
    Request::new("POST", path).with_header("content-type", "application/json").with_body(body.to_string())
}

fn login_request(email: &str, password: &str) -> Request {
    let request = post("/users/login", &json!({"email": email, "pwd": password}));
    Request { source_address: Some("192.0.2.1".parse().unwrap()), ..request }
}

fn token_request(action: &str, token: &str) -> Request {
    post(&format!("/users/{action}"), &json!({"refresh_token": token}))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn refresh_token(answer: &Answer) -> String {
    body(answer)["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[test]
fn what_is_not_there_is_told_by_its_status() {
    let login = Login::new();
    for (method, path, status, text) in [
        ("GET", "/users/login", 405, "Method Not Allowed"),
        ("PUT", "/users/refresh", 405, "Method Not Allowed"),
        ("POST", "/.well-known/jwks.json", 405, "Method Not Allowed"),
        ("POST", "/users/other", 404, "Not Found"),
        ("POST", "/users/login/", 404, "Not Found"),
        ("POST", "/messages/send", 404, "Not Found"),
    ] {
        let answer = login.answered(&Request::new(method, path), 1, at("10:00:00"));
        assert_eq!((answer.status, body(&answer)), (status, json!({"detail": text})), "{method} {path}");
    }
    let answer = login.answered(&Request::new("GET", "/users/login"), 1, at("10:00:00"));
    assert_eq!(answer.headers["allow"], "POST");
}

#[test]
fn the_public_keys_may_be_kept_for_five_minutes() {
    let login = Login::new();
    let answer = login.answered(&Request::new("GET", "/.well-known/jwks.json"), 1, at("10:00:00"));
    assert_eq!((answer.status, answer.headers["cache-control"].as_str()), (200, "public, max-age=300"));
    assert_eq!(body(&answer)["keys"][0]["kty"], "OKP");
    let again =
        Request::new("GET", "/.well-known/jwks.json").with_header("if-none-match", answer.headers["etag"].clone());
    assert_eq!(login.answered(&again, 1, at("10:00:01")).status, 304);
}

#[test]
fn errors_are_problems_for_whoever_asks() {
    let request = login_request(USER, "another one").with_header("accept", "application/problem+json");
    let answer = Login::new().answered(&request, 1, at("10:00:00"));
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (401, "application/problem+json"));
    assert_eq!((body(&answer)["title"].as_str(), answer.headers["vary"].as_str()), (Some("Unauthorized"), "accept"));
}

#[test]
fn what_fails_behind_the_api_is_in_the_log_only() {
    for (failure, status) in [(Failure::Throttled, 429), (Failure::Away, 503), (Failure::Bug, 500)] {
        let login = Login::new();
        let token = login.logged_in(1, at("10:00:00"));
        login.world.failure.set(Some(failure));
        for request in
            [login_request(USER, PASSWORD), token_request("refresh", &token), token_request("logout", &token)]
        {
            let (answer, report) = login.asked(&request, 2, at("10:01:00"));
            assert_eq!(answer.status, status, "{request:?}");
            assert_eq!(answer.headers.contains_key("retry-after"), failure != Failure::Bug);
            assert!(answer.reason.unwrap().ends_with("on purpose") && !answer.body.contains("on purpose"));
            assert!(format!("{report:?}").contains("on purpose"));
        }
        login.world.failure.set(None);
        login.secret.failure.set(Some(failure));
        for request in [
            login_request(USER, PASSWORD),
            token_request("refresh", &token),
            Request::new("GET", "/.well-known/jwks.json"),
        ] {
            assert_eq!(login.answered(&request, 2, at("10:01:00")).status, status, "{request:?}");
        }
        login.secret.failure.set(None);
        assert_eq!(login.refresh(&token, 2, at("10:01:00")).status, 200, "nothing was lost");
    }
}

#[test]
fn nothing_secret_is_reported() {
    let login = Login::new();
    let token = login.logged_in(1, at("10:00:00"));
    let requests = [
        login_request(USER, PASSWORD),
        login_request(USER, "another one"),
        login_request("other@example.com", "another one"),
        token_request("refresh", &token),
        token_request("refresh", &token),
        token_request("logout", &token),
    ];
    for (number, request) in (2..).zip(requests) {
        let (answer, report) = login.asked(&request, number, at("10:01:00"));
        let text = format!("{report:?} {:?}", answer.reason);
        for secret in [PASSWORD, "another one", "mrt_", "argon2", "eyJ"] {
            assert!(report.is_some() && !text.contains(secret), "{text}");
        }
    }
}
