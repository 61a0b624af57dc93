//! Announcing files, and what became of them.

use super::*;
use crate::fakes::{Failure, example, now, rejected, upload};
use crate::ports::Reverted;
use analytics_contract::State;
use std::time::Duration;

const BODY: &str = r#"{"key": "in/march 2021.csv", "size": 4096, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;
const ID: &str = "00000000-0000-0000-0000-000000000001";

fn posted(world: &World, address: &str, body: &str) -> Answer {
    answered(world, OPEN, &request("POST", address).with_header("content-type", "application/json").with_body(body))
}

fn with_upload(state: State) -> World {
    let world = World::default();
    world.uploads.borrow_mut().push(upload(1, state));
    world
}

#[test]
fn an_announced_file_gets_an_address_and_is_remembered() {
    let world = World::default();
    let answer = posted(&world, "/analytics/uploads?dry_run=true", BODY);
    let id = "00000000-0000-0000-0000-000000000007";
    assert_eq!(
        (answer.status, answer.headers["location"].as_str()),
        (201, format!("/analytics/uploads/{id}").as_str())
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(
        answer.body,
        format!(
            r#"{{"id":"{id}","method":"PUT","url":"https://bucket.invalid/dry-run/{id}/in/march 2021.csv","headers":{{"content-length":"4096"}},"expires_at":"2026-11-02T09:30:00Z"}}"#
        )
    );
    let announced = world.announced.borrow();
    assert_eq!(
        (announced[0].id.to_string(), announced[0].dry_run, announced[0].requested_at),
        (id.to_owned(), true, now())
    );
    assert_eq!((announced[0].key.as_str(), announced[0].bytes), ("in/march 2021.csv", 4_096));
    drop(announced);
    let taken = posted(&world, "/analytics/uploads", BODY);
    assert_eq!(json(&taken)["url"], "https://bucket.invalid/in/march 2021.csv", "only a dry run has a key of its own");
}

#[test]
fn what_cannot_be_announced_is_neither_signed_nor_remembered() {
    let world = World::default();
    assert_eq!(posted(&world, "/analytics/uploads", "{}").status, 422);
    assert_eq!(answered(&world, OPEN, &request("POST", "/analytics/uploads").with_body(BODY)).status, 415);
    assert_eq!(posted(&world, "/analytics/uploads", &" ".repeat(262_145)).status, 413);
    assert!(world.calls.borrow().is_empty());
    world.failure.set(Some(Failure::Waking));
    assert_eq!(posted(&world, "/analytics/uploads", BODY).status, 503);
    assert!(world.announced.borrow().is_empty());
}

#[test]
fn uploads_are_listed_page_by_page() {
    let world = World::default();
    world.uploads.borrow_mut().extend((1..=3).map(|id| upload(id, State::Applied)));
    let first = got(&world, "/analytics/uploads?limit=2");
    let body = json(&first);
    assert_eq!(
        (body["uploads"].as_array().unwrap().len(), &body["next_cursor"]),
        (2, &json!("00000000-0000-0000-0000-000000000002"))
    );
    let second = got(
        &world,
        &format!("/analytics/uploads{}", &first.headers["link"][1..first.headers["link"].find('>').unwrap()]),
    );
    let body = json(&second);
    assert_eq!((body["uploads"].as_array().unwrap().len(), &body["next_cursor"]), (1, &Value::Null));
    assert_eq!(body["uploads"][0]["state"], "applied");
    assert_eq!(got(&world, "/analytics/uploads?cursor=x").status, 422);
}

#[test]
fn an_upload_is_shown_with_a_page_of_its_faults() {
    let mut world = with_upload(State::Applied);
    world.rejected.insert(Uuid::from_u128(1), rejected(3, "RJ;NOVA;30/02/2021;30"));
    let answer = got(&world, &format!("/analytics/uploads/{ID}?limit=2"));
    let body = json(&answer);
    assert_eq!((&body["id"], &body["state"], &body["next_cursor"]), (&json!(ID), &json!("applied"), &json!("2")));
    assert_eq!(
        body["faults"][1],
        json!({"record": 2, "line": 3, "faults": [
            {"column": "date", "code": "no_such_day", "value": "30/02/2021", "message": "February 2021 has 28 days"},
        ]})
    );
    assert!(!answer.headers.contains_key("retry-after"));
    let rest = json(&got(&world, &format!("/analytics/uploads/{ID}?limit=2&cursor=2")));
    assert_eq!((rest["faults"].as_array().unwrap().len(), &rest["faults"][0]["record"]), (1, &json!(3)));
    let again = request("GET", &format!("/analytics/uploads/{ID}?limit=2"))
        .with_header("if-none-match", answer.headers["etag"].clone());
    assert_eq!(answered(&world, OPEN, &again).status, 304);
}

#[test]
fn a_client_waits_until_the_upload_has_ended_or_the_time_is_over() {
    let waited = |applied_after: Option<u64>, wait: &str| {
        let world = with_upload(State::Reading);
        world.applied_after.set(applied_after.map(Duration::from_secs));
        let answer = got(&world, &format!("/analytics/uploads/{ID}?wait={wait}"));
        (
            answer.status,
            json(&answer)["state"].clone(),
            world.slept.get().as_secs(),
            answer.headers.get("retry-after").cloned(),
        )
    };
    let retry = Some("1".to_owned());
    assert_eq!(waited(Some(3), "20"), (200, json!("applied"), 3, None));
    assert_eq!(waited(None, "20"), (200, json!("reading"), 20, retry.clone()));
    assert_eq!(waited(Some(3), "0"), (200, json!("reading"), 0, retry));
    assert_eq!(waited(Some(0), "20"), (200, json!("applied"), 0, None));
    assert_eq!(waited(None, "21").0, 422);
}

#[test]
fn nobody_waits_for_a_file_whose_address_has_expired() {
    let world = with_upload(State::Expired);
    let answer = got(&world, &format!("/analytics/uploads/{ID}?wait=20"));
    assert_eq!((answer.status, &json(&answer)["state"]), (200, &json!("expired")));
    assert_eq!((world.slept.get(), answer.headers.contains_key("retry-after")), (Duration::ZERO, false));
}

#[test]
fn rejected_rows_come_as_a_file_to_mend() {
    let mut world = with_upload(State::Applied);
    world.rejected.insert(Uuid::from_u128(1), rejected(120, "RJ;NOVA;30/02/2021;30"));
    let answer = got(&world, &format!("/analytics/uploads/{ID}/rejected.csv"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename*=UTF-8''mar%C3%A7o.rejected.csv");
    let lines: Vec<&str> = answer.body.split("\r\n").collect();
    assert_eq!(lines[0], "\u{FEFF}signal;program_code;date;available_time;error");
    assert_eq!(lines[1], "RJ;NOVA;30/02/2021;30;date: February 2021 has 28 days");
    assert_eq!((lines.len(), lines[121]), (122, ""));
    assert!(!answer.headers.contains_key("link"));
}

#[test]
fn rejected_rows_that_are_not_all_or_not_whole_are_told_in_a_header() {
    let mut world = with_upload(State::Applied);
    world.uploads.borrow_mut()[0].rows_rejected = 1_202;
    let mut text = rejected(3, "RJ;NOVA;30/02/2021;30");
    // Two are longer than what is kept of a row; of these one is whole to the end of its line.
    for row in &mut text.rows[..2] {
        row.faults[0].code = "record_too_long".to_owned();
    }
    text.rows[0].text = "x".repeat(65_535);
    world.rejected.insert(Uuid::from_u128(1), text);
    let answer = got(&world, &format!("/analytics/uploads/{ID}/rejected.csv"));
    assert_eq!(answer.headers["rejected-rows"], "total=1202, kept=1000, cut=1");
}

#[test]
fn large_rejected_rows_come_in_pages_that_are_files_each() {
    let mut world = with_upload(State::Applied);
    world.rejected.insert(Uuid::from_u128(1), rejected(60, &"x".repeat(60_000)));
    let address = format!("/analytics/uploads/{ID}/rejected.csv");
    let first = got(&world, &address);
    assert_eq!(first.headers["link"], "<?cursor=50>; rel=\"next\"");
    let second = got(&world, &format!("{address}?cursor=50"));
    assert!(second.body.starts_with("\u{FEFF}signal;") && !second.headers.contains_key("link"));
    assert_eq!((first.body.lines().count(), second.body.lines().count()), (51, 11));
}

#[test]
fn what_is_no_uploads_id_is_unknown() {
    let world = with_upload(State::Waiting);
    for id in ["00000000-0000-0000-0000-000000000002", "00000000000000000000000000000001", "1", "%00"] {
        for (method, rest) in [("GET", ""), ("GET", "/rejected.csv"), ("POST", "/revert")] {
            let answer = answered(&world, OPEN, &request(method, &format!("/analytics/uploads/{id}{rest}")));
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (404, r#"{"detail":"no upload has this id"}"#),
                "{id}{rest}"
            );
        }
    }
    let answer = got(&world, &format!("/analytics/uploads/{ID}/rejected.csv"));
    assert_eq!(
        (answer.status, json(&answer)["detail"].as_str()),
        (404, Some("the file of this upload has not been read"))
    );
    let answer = got(&with_upload(State::Rejected), &format!("/analytics/uploads/{ID}/rejected.csv"));
    let told = "the columns of this file are not known, so it was rejected before any of its rows";
    assert_eq!((answer.status, json(&answer)["detail"].as_str()), (404, Some(told)));
}

#[test]
fn an_upload_is_taken_back_or_the_client_is_told_why_not() {
    let reverted = |reverted: Reverted| {
        let world = with_upload(State::Applied);
        *world.reverting.borrow_mut() = Some(reverted);
        let answer = answered(&world, OPEN, &request("POST", &format!("/analytics/uploads/{ID}/revert")));
        (answer.status, json(&answer))
    };
    let (status, body) = reverted(Reverted::Done(upload(1, State::Reverted)));
    assert_eq!((status, &body["state"]), (200, &json!("reverted")));
    let (status, body) = reverted(Reverted::NotApplied(State::Superseded));
    assert_eq!(
        (status, &body["detail"]),
        (409, &json!("only an applied upload can be reverted, this one is superseded"))
    );
    let (status, body) = reverted(Reverted::TooLate);
    assert_eq!((status, &body["detail"]), (409, &json!("an upload can be reverted for 30 days")));
    assert_eq!(reverted(Reverted::Unknown).0, 404);
    assert_eq!(got(&example(), &format!("/analytics/uploads/{ID}/revert")).status, 405);
}
