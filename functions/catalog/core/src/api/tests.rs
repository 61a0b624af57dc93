//! What clients get, status by status.

use super::*;
use crate::fakes::{Fate, World, alone, draft, now};
use crate::product::{Product, Record, Status};
use contract::{Authorization, Authorizations};
use function_http::{BODY_BYTES, Docs, TokenError};
use serde_json::{Value, json};

const CUP: &str = r#"{"name": "cup", "description": "d", "price": 19.9}"#;

fn post(body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", "/products").with_header("content-type", "application/json").with_body(body)
}

const TOKEN: &str = "s3cret";

impl Tokens for World {
    async fn token(&self) -> Result<String, TokenError> {
        Ok(TOKEN.to_owned())
    }
}

fn access(world: &World, authorization: Authorization) -> Access<'_, World> {
    Access { authorizations: Authorizations::all(authorization), realm: REALM, tokens: world }
}

fn created(world: &World, request: &Request, id: u128) -> Answer {
    created_as(Authorization::None, world, request, id)
}

fn created_as(authorization: Authorization, world: &World, request: &Request, id: u128) -> Answer {
    alone(create_product(request, &access(world, authorization), world, world, Uuid::from_u128(id), now()))
}

fn got(world: &World, path: &str) -> Answer {
    asked(world, &Request::new("GET", path))
}

/// There is no Swagger UI in the folder of a test.
fn asked(world: &World, request: &Request) -> Answer {
    asked_as(Authorization::None, world, request)
}

fn asked_as(authorization: Authorization, world: &World, request: &Request) -> Answer {
    alone(get_product(request, &access(world, authorization), world, &Docs::in_folder("/nowhere"), now()))
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn a_product_is_accepted_with_its_id_and_its_address() {
    let world = World::default();
    let answer = created(&world, &post(CUP), 1);
    let id = "00000000-0000-0000-0000-000000000001";
    assert_eq!((answer.status, json(&answer)), (202, json!({"id": id, "status": "ACCEPTED"})));
    assert_eq!(answer.headers["location"], format!("/products/{id}"));
    assert_eq!(answer.trace_id.as_deref(), Some(id));
    assert_eq!(world.messages.borrow()[0].draft, draft("cup"));

    let looked = got(&world, &answer.headers["location"]);
    assert_eq!((looked.status, looked.headers["retry-after"].as_str()), (202, "1"));
    assert_eq!(looked.body, answer.body);
}

#[test]
fn every_fault_of_a_request_has_its_status() {
    let world = World::default();
    let status = |request: &Request| {
        let answer = created(&world, request, 1);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(json(&answer)["status"], answer.status);
        answer.status
    };
    assert_eq!(status(&post("{")), 400);
    assert_eq!(status(&post(CUP).with_header("idempotency-key", "a b")), 400);
    assert_eq!(status(&post(vec![b' '; BODY_BYTES + 1])), 413);
    assert_eq!(status(&post(CUP).with_header("content-type", "text/plain")), 415);
    assert_eq!(status(&post("{}")), 422);
    assert_eq!(status(&Request::new("DELETE", "/products")), 405);
    assert_eq!(status(&Request::new("POST", "/product")), 404);
    assert!(world.messages.borrow().is_empty() && world.records.borrow().is_empty());
}

#[test]
fn a_key_repeats_its_answer_and_refuses_another_product() {
    let world = World::default();
    let first = created(&world, &post(CUP).with_header("Idempotency-Key", "k"), 1);
    let written_otherwise = r#"{"price":"19.90","description":"d","name":"c\u0075p"}"#;
    let second = created(&world, &post(written_otherwise).with_header("Idempotency-Key", "k"), 2);
    assert_eq!((second.status, &second.body), (202, &first.body));
    assert_eq!((first.headers.get("idempotent-replayed"), &second.headers), (None, &first.clone().replayed().headers));
    let other = post(CUP.replace("19.9", "20")).with_header("Idempotency-Key", "k");
    let refused = created(&world, &other, 3);
    assert_eq!((refused.status, json(&refused)["errors"].clone()), (422, Value::Null), "it is not the body's fault");
}

#[test]
fn whoever_may_not_add_products_adds_none_and_is_told_how_to_be_let_in() {
    let world = World::default();
    let refused = created_as(Authorization::Token, &world, &post(CUP), 1);
    assert_eq!((refused.status, refused.headers["content-type"].as_str()), (401, "application/problem+json"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"catalog\"");
    // Nobody learns what is wrong with a body before that.
    assert_eq!(created_as(Authorization::Token, &world, &post("{"), 1).status, 401);
    assert_eq!(created_as(Authorization::Iam, &world, &post(CUP), 1).status, 403);
    assert!(world.records.borrow().is_empty());

    let with_token = post(CUP).with_header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(created_as(Authorization::Token, &world, &with_token, 1).status, 202);
    let signed = Request { iam_caller: Some("AIDA1".to_owned()), ..post(CUP) };
    assert_eq!(created_as(Authorization::Iam, &world, &signed, 2).status, 202);
    assert_eq!(world.records.borrow().len(), 2);
}

#[test]
fn an_idempotency_key_is_of_the_one_who_signed() {
    let world = World::default();
    let signed = |by: &str, id| {
        let request = post(CUP).with_header("idempotency-key", "k");
        created_as(Authorization::Iam, &world, &Request { iam_caller: Some(by.to_owned()), ..request }, id)
    };
    let [first, other, again] = [("AIDA1", 1), ("AIDA2", 2), ("AIDA1", 3)].map(|(by, id)| signed(by, id));
    assert_ne!(json(&first)["id"], json(&other)["id"]);
    assert_eq!(json(&first)["id"], json(&again)["id"]);
}

#[test]
fn reading_is_authorized_and_the_description_is_for_anyone() {
    let world = World::default();
    let product = Request::new("GET", "/products/00000000-0000-0000-0000-000000000001");
    let status = |authorization, request: &Request| asked_as(authorization, &world, request).status;
    assert_eq!(
        [Authorization::None, Authorization::Token, Authorization::Iam].map(|each| status(each, &product)),
        [404, 401, 403]
    );
    assert_eq!(status(Authorization::Token, &product.with_header("authorization", format!("Bearer {TOKEN}"))), 404);
    for (path, expected) in [("/openapi.json", 200), ("/docs", 503), ("/docs/x", 503), ("/nowhere", 404)] {
        assert_eq!(status(Authorization::Iam, &Request::new("GET", path)), expected, "{path}");
    }
}

#[test]
fn a_throttled_catalog_is_429_and_a_broken_one_503_and_neither_tells_why() {
    for (is_throttled, status) in [(true, 429), (false, 503)] {
        let world = World::with_fates(&[Fate::Refused, Fate::Refused]);
        world.is_throttled.set(is_throttled);
        for answer in [created(&world, &post(CUP), 1), got(&world, "/products/00000000-0000-0000-0000-000000000001")] {
            assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (status, "1"));
            assert!(!answer.body.contains("on purpose"), "{}", answer.body);
            assert!(answer.reason.is_some_and(|reason| reason.contains("on purpose")));
        }
    }
}

#[test]
fn a_saved_product_is_shown_with_a_price_of_two_places() {
    let world = World::default();
    let product = Product { id: Uuid::from_u128(0xAB), draft: draft("cup"), accepted_at: now() };
    world.records.borrow_mut().insert(product.id, (Record { product, status: Status::Saved }, None));
    let answer = got(&world, "/products/00000000-0000-0000-0000-0000000000ab");
    let expected = json!({
        "id": "00000000-0000-0000-0000-0000000000ab", "status": "SAVED", "name": "cup", "description": "d",
        "price": "19.90", "accepted_at": "2026-08-01T10:20:30Z",
    });
    assert_eq!((answer.status, json(&answer)), (200, expected));
    let again = Request::new("GET", "/products/00000000-0000-0000-0000-0000000000AB")
        .with_header("if-none-match", answer.headers["etag"].clone());
    assert_eq!(asked(&world, &again).status, 304);
}

#[test]
fn what_is_no_products_id_is_unknown() {
    let world = World::default();
    for id in [
        "00000000-0000-0000-0000-000000000001",
        "00000000000000000000000000000001",
        "{00000000-0000-0000-0000-000000000001}",
        "idempotency-key%23k",
        "idempotency-key#k",
        "1",
    ] {
        let answer = got(&world, &format!("/products/{id}"));
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (404, "application/problem+json"), "{id}");
    }
}

#[test]
fn the_api_describes_itself() {
    let world = World::default();
    assert_eq!(json(&got(&world, "/openapi.json"))["openapi"], "3.1.0");
    for path in ["/docs", "/docs/swagger-ui.css"] {
        let answer = got(&world, path);
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (503, "application/problem+json"));
        assert!(answer.reason.is_some_and(|reason| reason.contains("/nowhere")), "{path}");
    }
    assert_eq!(got(&world, "/").status, 404);
}
