//! Paths, methods, and who may use them.

use super::*;
use crate::fakes::{Failure, TOKEN, example};

const PROGRAM: &str = "/analytics/program?program_code=NOVA";

fn of(writing: Authorization, reading: Authorization) -> Authorizations {
    Authorizations { writing, reading }
}

fn status(authorizations: Authorizations, request: &Request) -> u16 {
    answered(&example(), authorizations, request).status
}

#[test]
fn unknown_paths_and_methods_are_told_as_clients_know_it() {
    let world = example();
    for address in ["/elsewhere", "/", "/analytics//", "/analytics/program/", "/analytics/programs/x"] {
        let answer = got(&world, address);
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"detail":"Not Found"}"#), "{address}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = answered(&world, OPEN, &request(method, PROGRAM));
        assert_eq!((answer.status, answer.body.as_str()), (405, r#"{"detail":"Method Not Allowed"}"#));
        assert_eq!(answer.headers["allow"], "GET");
    }
    assert_eq!(answered(&world, OPEN, &request("PUT", "/analytics/uploads")).headers["allow"], "POST, GET");
    let problem = got_as(&world, "/elsewhere", "application/problem+json");
    assert_eq!(
        json(&problem),
        json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is nothing at /elsewhere"})
    );
}

#[test]
fn head_finds_what_get_finds_on_every_reading_route() {
    let world = example();
    for address in
        [PROGRAM, "/analytics/programs", "/analytics/uploads", "/analytics", "/analytics/", "/docs", "/openapi.json"]
    {
        let (get, head) = (got(&world, address), answered(&world, OPEN, &request("HEAD", address)));
        assert_eq!((head.status, head.headers), (get.status, get.headers), "{address}");
    }
    let revert = "/analytics/uploads/00000000-0000-0000-0000-000000000001/revert";
    assert_eq!(answered(&world, OPEN, &request("HEAD", revert)).status, 405);
}

#[test]
fn the_api_shows_its_page_and_describes_itself() {
    let page = got(&example(), "/analytics/");
    assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert_eq!(page.headers["content-security-policy"], "default-src 'none'");
    assert_eq!(json(&got(&example(), "/openapi.json"))["openapi"], "3.1.0");
    for address in ["/docs", "/docs/swagger-ui.css"] {
        let answer = got(&example(), address);
        assert_eq!((answer.status, answer.body.as_str()), (503, r#"{"detail":"the page is out of reach"}"#));
        assert!(answer.reason.is_some_and(|reason| reason.contains("/nowhere")), "{address}");
    }
}

#[test]
fn a_token_is_wanted_where_the_stage_says_so() {
    let reading = of(Authorization::None, Authorization::Token);
    let with = |header: &str| request("GET", PROGRAM).with_header("authorization", header);
    let answer = answered(&example(), reading, &request("GET", PROGRAM));
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"Not authenticated"}"#));
    assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"analytics\"");
    for other in ["Basic YTpi", "Bearer", "Bearer ", TOKEN] {
        assert_eq!(
            answered(&example(), reading, &with(other)).headers["www-authenticate"],
            "Bearer realm=\"analytics\"",
            "{other}"
        );
    }
    for wrong in ["Bearer x", "Bearer a tokens", "Bearer a token,", "bearer A TOKEN"] {
        let answer = answered(&example(), reading, &with(wrong));
        assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"Invalid token"}"#), "{wrong}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"analytics\", error=\"invalid_token\"");
    }
    assert_eq!(status(reading, &with(&format!("Bearer {TOKEN}"))), 200);
    assert_eq!(status(reading, &with(&format!("bearer  {TOKEN}"))), 200);
    assert_eq!(status(of(Authorization::Token, Authorization::None), &request("GET", PROGRAM)), 200);
}

#[test]
fn iam_is_what_the_api_says_and_no_header() {
    let both = of(Authorization::Iam, Authorization::Iam);
    for (method, address) in
        [("GET", PROGRAM), ("HEAD", PROGRAM), ("GET", "/analytics/uploads"), ("POST", "/analytics/uploads")]
    {
        let signed = request(method, address).with_header("authorization", "AWS4-HMAC-SHA256 Credential=a");
        let answer = answered(&example(), both, &signed);
        assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"detail":"Forbidden"}"#), "{method} {address}");
        let checked = Request { iam_caller: Some("AIDA".to_owned()), ..signed };
        assert_ne!(answered(&example(), both, &checked).status, 403, "{method} {address}");
    }
}

#[test]
fn reading_and_writing_are_authorised_apart_and_pages_are_for_anybody() {
    let writing = of(Authorization::Token, Authorization::None);
    let post = request("POST", "/analytics/uploads");
    let revert = request("POST", "/analytics/uploads/00000000-0000-0000-0000-000000000001/revert");
    assert_eq!(
        (status(writing, &post), status(writing, &revert), status(writing, &request("GET", PROGRAM))),
        (401, 401, 200)
    );
    let reading = of(Authorization::None, Authorization::Iam);
    assert_eq!(
        (status(reading, &post), status(reading, &revert), status(reading, &request("GET", PROGRAM))),
        (415, 404, 403)
    );
    for (address, expected) in [("/analytics/", 200), ("/openapi.json", 200), ("/docs", 503), ("/docs/x", 503)] {
        let closed = of(Authorization::Iam, Authorization::Token);
        assert_eq!(status(closed, &request("GET", address)), expected, "{address}");
    }
}

#[test]
fn nobody_is_let_in_while_the_token_is_unknown() {
    let world = example();
    world.failure.set(Some(Failure::Bug));
    let request = request("GET", PROGRAM).with_header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(answered(&world, of(Authorization::None, Authorization::Token), &request).status, 500);
    assert_eq!(*world.calls.borrow(), ["token"]);
}
