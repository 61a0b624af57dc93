//! Logging in: what is answered, to whom, and in which time.

use std::time::{Duration, Instant};

use super::*;

/// The faults of a body, each as its type, place and input.
fn faults(request: &Request) -> Vec<String> {
    let answer = Login::new().answered(request, 1, at("10:00:00"));
    assert_eq!(answer.status, 422, "{answer:?}");
    let body = body(&answer);
    let faults = body["detail"].as_array().unwrap().iter();
    faults.map(|fault| format!("{} {} {}", fault["type"].as_str().unwrap(), fault["loc"], fault["input"])).collect()
}

fn of_body(body: &str) -> Vec<String> {
    faults(&Request::new("POST", "/users/login").with_header("content-type", "application/json").with_body(body))
}

#[test]
fn a_login_is_a_pair_of_tokens() {
    let login = Login::new();
    let answer = login.login(" User <user@EXAMPLE.com>", PASSWORD, at("10:00:00"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = body(&answer);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body.as_object().unwrap().len(), 4);
    let token = body["access_token"].as_str().unwrap();
    let request = Request::new("GET", "/").with_header("authorization", format!("Bearer {token}"));
    let claims = alone(Verifier::new(&login.secret, ISSUER).verify(&request, at("10:00:00"))).unwrap();
    assert_eq!(claims.sub, USER);
    let user = login.operate(Asked::ListUsers);
    assert_eq!(user[0]["last_login_at"], "2026-11-02T10:00:00Z");
}

#[test]
fn every_fault_is_told_in_the_order_of_the_fields() {
    assert_eq!(of_body("{}"), [r#"missing ["body","email"] null"#, r#"missing ["body","pwd"] null"#]);
    let null = of_body(r#"{"pwd":null,"email":null}"#);
    assert_eq!(null, [r#"string_type ["body","email"] null"#, r#"string_type ["body","pwd"] null"#]);
    let both = of_body(r#"{"email":"nope","pwd":"short"}"#);
    assert_eq!(both, [r#"value_error ["body","email"] "nope""#, r#"value_error ["body","pwd"] null"#]);
    assert_eq!(of_body(r#"{"email":7,"pwd":"long enough"}"#), [r#"string_type ["body","email"] 7"#]);
    let long = json!({"email": USER, "pwd": "x".repeat(1_025)}).to_string();
    assert_eq!(of_body(&long), [r#"value_error ["body","pwd"] null"#]);
}

#[test]
fn a_body_that_is_no_object_is_told_what_it_is() {
    assert_eq!(of_body(""), [r#"missing ["body"] null"#]);
    assert_eq!(of_body("{"), [r#"json_invalid ["body",0] {}"#]);
    assert_eq!(of_body("[]"), [r#"model_attributes_type ["body"] null"#]);
    let request = login_request(USER, PASSWORD);
    assert_eq!(
        faults(&request.clone().with_header("content-type", "text/plain")),
        [r#"model_attributes_type ["body"] null"#]
    );
    let mut without = request.clone();
    without.headers.clear();
    for good in [without, request.with_header("content-type", "application/vnd.api+json; charset=utf-8")] {
        assert_eq!(Login::new().answered(&good, 1, at("10:00:00")).status, 200);
    }
    let large = Request::new("POST", "/users/login").with_body(vec![b' '; 262_145]);
    assert_eq!(Login::new().answered(&large, 1, at("10:00:00")).status, 413);
}

#[test]
fn no_password_goes_back() {
    for body in [
        r#"{"pwd":"hunter2"}"#,
        r#"{"email":"nope","pwd":["hunter2"]}"#,
        r#"{"email":"nope","pwd":"hunter2"}"#,
        r#"["hunter2"]"#,
        r#""hunter2""#,
        r#"{"email":"user@example.com","pwd":"hunter2""#,
        r#"{"email":"user@example.com","pwd":hunter2}"#,
    ] {
        let request = Request::new("POST", "/users/login").with_body(body);
        for request in [request.clone(), request.with_header("accept", "application/problem+json")] {
            let answer = Login::new().answered(&request, 1, at("10:00:00"));
            assert!(answer.status == 422 && !answer.body.contains("hunter2"), "{answer:?}");
        }
    }
}

#[test]
fn a_wrong_password_an_unknown_user_and_a_disabled_one_get_the_same_answer() {
    let login = Login::new();
    let wrong = login.login(USER, "another one", at("10:00:00"));
    assert_eq!((wrong.status, wrong.body.as_str()), (401, r#"{"detail":"Incorrect email or password"}"#));
    assert_eq!(wrong.headers["www-authenticate"], "Bearer");
    assert_eq!(login.login("other@example.com", PASSWORD, at("10:00:00")), wrong);
    assert_eq!(login.login("User@example.com", PASSWORD, at("10:00:00")), wrong, "the name has a case");
    login.operate(Asked::DisableUser { email: USER.to_owned() });
    assert_eq!(login.login(USER, PASSWORD, at("10:00:00")), wrong);
}

/// The hash takes tens of milliseconds and all else less than one, so without it a user that does not exist would be told apart by a factor of fifty.
#[test]
fn a_wrong_password_an_unknown_user_and_a_disabled_one_take_the_same_time() {
    const ROUNDS: u32 = 9;
    let login = Login::new();
    login.operate(Asked::AddUser { email: "disabled@example.com".to_owned(), password: PASSWORD.to_owned() });
    login.operate(Asked::DisableUser { email: "disabled@example.com".to_owned() });
    let users = [USER, "unknown@example.com", "disabled@example.com"];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let now = at("10:00:00") + days(round.into());
        for (email, times) in users.iter().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(login.login(email, "another one", now).status, 401);
            times.push(start.elapsed());
        }
    }
    let medians: Vec<Duration> = times
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect();
    let (fastest, slowest) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*slowest < *fastest * 5, "{users:?} take {medians:?}");
}
