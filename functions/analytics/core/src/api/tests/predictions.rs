//! Predictions, programs, and what is behind the numbers.

use super::*;
use crate::fakes::{Failure, Row, example};
use jiff::civil::date;

const ALL: &str = concat!(
    r#"{"message":"Predictions from all exhibitions","status":"SUCCESS","body":["#,
    r#"{"signal":"DF","program_code":"NOVA","weekday":"Tuesday","available_time":45,"predicted_audience":null},"#,
    r#"{"signal":"RJ","program_code":"NOVA","weekday":"Monday","available_time":50,"predicted_audience":220.0}]}"#,
);

/// Signal, weekday, time and audience of each row. From CSV, since `serde_json` reads some numbers as their neighbours.
fn rows(address: &str) -> Vec<String> {
    let answer = got_as(&example(), address, "text/csv");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let row = |line: &str| {
        let [signal, _, weekday, time, audience] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        format!("{signal} {weekday} {time} {audience}").trim_end().to_owned()
    };
    answer.body.lines().skip(1).map(row).collect()
}

#[test]
fn a_program_is_answered_to_the_letter() {
    let answer = got(&example(), "/analytics/program?program_code=NOVA");
    assert_eq!((answer.status, answer.body.as_str()), (200, ALL));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!((answer.headers["cache-control"].as_str(), answer.headers["vary"].as_str()), ("no-cache", "accept"));
}

#[test]
fn a_day_lists_groups_with_an_exhibition_then_and_slots() {
    let on = |day: &str| rows(&format!("/analytics/program?program_code=NOVA&exhibition_date={day}"));
    assert_eq!(on("2021-03-22"), ["RJ Monday 50 250.0"]);
    assert_eq!(on("2021-03-01"), ["RJ Monday 50 100.0"]);
    assert_eq!(on("2021-03-22T00:00:00Z"), ["RJ Monday 50 250.0"]);
    assert!(on("2021-03-22T10:00:00").is_empty());
    assert!(on("2021-03-23").is_empty());
}

#[test]
fn a_period_lists_the_means_of_its_exhibitions() {
    let between = |start: &str, end: &str| {
        rows(&format!("/analytics/period?program_code=NOVA&start_date={start}&end_date={end}"))
    };
    assert_eq!(between("2021-03-08", "2021-03-22"), ["RJ Monday 50 216.66666666666666"]);
    assert_eq!(between("2021-03-08T00:00:00", "2021-03-21T23:59:59"), ["RJ Monday 50 200.0"]);
    assert_eq!(between("2021-03-08T00:00:01", "2021-03-22"), ["RJ Monday 50 225.0"]);
    assert_eq!(between("2021-03-29", "2021-03-29"), ["RJ Monday 50 350.0"]);
    assert!(between("2021-04-01", "2021-04-30").is_empty());
}

#[test]
fn a_mean_is_written_with_all_its_digits() {
    let answer = got(&example(), "/analytics/period?program_code=NOVA&start_date=2021-03-08&end_date=2021-03-22");
    assert!(
        answer.body.ends_with(r#""available_time":50,"predicted_audience":216.66666666666666}]}"#),
        "{}",
        answer.body
    );
}

#[test]
fn a_program_without_exhibitions_is_listed_without_predictions() {
    assert_eq!(rows("/analytics/program?program_code=OLD"), ["DF Sunday 9", "RJ Friday 8", "RJ Saturday 7"]);
    for nothing in
        ["program_code=nova", "program_code=", "program_code=x%00", "program_code=OLD&exhibition_date=2021-04-09"]
    {
        assert!(rows(&format!("/analytics/program?{nothing}")).is_empty(), "{nothing}");
    }
}

#[test]
fn errors_are_those_that_clients_know_or_problems_for_whoever_asks() {
    let world = example();
    let address = "/analytics/period?program_code=NOVA";
    let answer = got(&world, address);
    assert_eq!(answer.status, 422);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(
        answer.body,
        concat!(
            r#"{"detail":[{"type":"missing","loc":["query","start_date"],"msg":"Field required","input":null},"#,
            r#"{"type":"missing","loc":["query","end_date"],"msg":"Field required","input":null}]}"#,
        )
    );
    let answer = got_as(&world, address, "application/json, application/problem+json");
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (422, "application/problem+json"));
    assert_eq!(json(&answer)["errors"][1], json!({"pointer": "/query/end_date", "detail": "Field required"}));
    let answer = got(&world, "/analytics/program?program_code=NOVA&exhibition_date=22/03/2021");
    assert_eq!(
        answer.body,
        concat!(
            r#"{"detail":[{"type":"datetime_from_date_parsing","loc":["query","exhibition_date"],"#,
            r#""msg":"Input should be a valid datetime or date, invalid character in year","input":"22/03/2021","#,
            r#""ctx":{"error":"invalid character in year"}}]}"#,
        )
    );
    let answer = got(&world, "/analytics/period?program_code=NOVA&start_date=2021-03-22&end_date=2021-03-08");
    assert_eq!((answer.status, &json(&answer)["message"]), (400, &json!("INCONSISTENT_DATES")));
    assert!(world.calls.borrow().is_empty(), "no question, no call");
}

#[test]
fn a_list_comes_as_csv_and_as_lines_for_whoever_asks() {
    let address = "/analytics/program?program_code=NOVA";
    let answer = got_as(&example(), address, "text/csv");
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(
        answer.body,
        "signal,program_code,weekday,available_time,predicted_audience\r\nDF,NOVA,Tuesday,45,\r\nRJ,NOVA,Monday,50,220.0\r\n"
    );
    let answer = got_as(&example(), address, "application/x-ndjson");
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    assert_eq!(
        answer.body,
        concat!(
            r#"{"signal":"DF","program_code":"NOVA","weekday":"Tuesday","available_time":45,"predicted_audience":null}"#,
            "\n",
            r#"{"signal":"RJ","program_code":"NOVA","weekday":"Monday","available_time":50,"predicted_audience":220.0}"#,
            "\n",
        )
    );
    assert_eq!(got_as(&example(), address, "image/png").body, ALL);
}

#[test]
fn a_client_that_has_the_version_gets_304_before_any_row_is_read() {
    let world = example();
    let address = "/analytics/program?program_code=NOVA";
    let tag = got(&world, address).headers["etag"].clone();
    world.calls.borrow_mut().clear();
    for known in [tag.clone(), format!("W/{tag}"), "*".to_owned()] {
        let answer = answered(&world, OPEN, &request("GET", address).with_header("if-none-match", known));
        assert_eq!((answer.status, answer.body.as_str()), (304, ""));
        assert_eq!((answer.headers["etag"].as_str(), answer.headers["vary"].as_str()), (tag.as_str(), "accept"));
    }
    assert_eq!(*world.calls.borrow(), ["version"; 3]);
    let status = |address: &str, accept: &str| {
        let request = request("GET", address).with_header("accept", accept).with_header("if-none-match", tag.clone());
        answered(&world, OPEN, &request).status
    };
    assert_eq!(status(address, "application/problem+json"), 304);
    assert_eq!(status(address, "text/csv"), 200);
    assert_eq!(status("/analytics/program?program_code=OLD", "*/*"), 200);
    assert_eq!(status("/analytics/accuracy?program_code=NOVA", "*/*"), 200);
    world.version.set(1);
    assert_eq!(status(address, "*/*"), 200);
}

#[test]
fn the_programs_are_listed_page_by_page() {
    let world = example();
    let answer = got(&world, "/analytics/programs?limit=1");
    assert_eq!(
        json(&answer),
        json!({
            "programs": [{
                "program_code": "NOVA", "signals": ["DF", "RJ", "SP"], "first_day": "2021-03-01", "last_day": "2021-03-29",
                "first_slot_day": "2021-04-05", "last_slot_day": "2021-04-12",
            }],
            "next_cursor": "NOVA",
        })
    );
    assert_eq!(answer.headers["link"], "<?limit=1&cursor=NOVA>; rel=\"next\"");
    let answer = got_as(&world, "/analytics/programs?limit=1&cursor=NOVA", "text/csv");
    assert_eq!(
        answer.body,
        "program_code,signals,first_day,last_day,first_slot_day,last_slot_day\r\nOLD,DF RJ,,,2021-04-09,2021-04-11\r\n"
    );
    assert!(!answer.headers.contains_key("link"));
    for wrong in ["limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=%00"] {
        assert_eq!(got(&world, &format!("/analytics/programs?{wrong}")).status, 422, "{wrong}");
    }
}

#[test]
fn a_number_is_explained_by_its_values_and_slots_and_their_lines() {
    let answer = got(&example(), "/analytics/explain?program_code=NOVA&exhibition_date=2021-03-22");
    let body = json(&answer);
    let group = &body["groups"][0];
    assert_eq!(
        (&group["signal"], &group["weekday"], &group["predicted_audience"]),
        (&json!("RJ"), &json!("Monday"), &json!(250.0))
    );
    let exhibition = &group["exhibitions"][0];
    assert_eq!(exhibition["program_start_time"], "2021-03-22T23:05:00Z");
    let values = exhibition["values"].as_array().unwrap();
    let of = |name: &str| values.iter().map(|value| value[name].clone()).collect::<Vec<_>>();
    assert_eq!(json!(of("average_audience")), json!([100.0, 300.0, 200.0, 400.0]));
    assert_eq!(json!(of("line")), json!([3, 5, 2, 6]));
    assert_eq!(
        group["slots"][1],
        json!({"date": "2021-04-12", "available_time": 20, "upload": "00000000-0000-0000-0000-000000000001", "key": "march.csv", "line": 3})
    );
    let groups = |query: &str| {
        json(&got(&example(), &format!("/analytics/explain?program_code={query}")))["groups"].as_array().unwrap().len()
    };
    assert_eq!(
        (groups("OLD"), groups("OLD&signal=RJ"), groups("OLD&weekday=Sunday"), groups("OLD&signal=%00")),
        (3, 2, 1, 0)
    );
}

#[test]
fn what_is_behind_many_numbers_comes_in_pages() {
    let mut world = example();
    for signal in ["A", "B", "C"] {
        world.slots.push(Row { signal, program: "BIG", day: date(2021, 3, 1), value: 1.0, line: 1 });
        let days = (0..150).map(|week| date(2021, 3, 1).checked_add(jiff::Span::new().weeks(week)).unwrap());
        world.exhibitions.extend(days.map(|day| Row { signal, program: "BIG", day, value: 1.0, line: 1 }));
    }
    let whole = got(&world, "/analytics/explain?program_code=BIG");
    assert_eq!(json(&whole)["next_cursor"], Value::Null);
    let rest = got(&world, "/analytics/explain?program_code=BIG&cursor=A.Monday");
    let signals: Vec<_> =
        json(&rest)["groups"].as_array().unwrap().iter().map(|group| group["signal"].clone()).collect();
    assert_eq!(signals, ["B", "C"]);
    // Above 3 MiB.
    for row in 0..9_000 {
        world.slots.push(Row { signal: "A", program: "BIG", day: date(2021, 3, 1), value: 1.0, line: row });
        world.slots.push(Row { signal: "A", program: "BIG", day: date(2021, 3, 8), value: 1.0, line: row });
        world.slots.push(Row { signal: "A", program: "BIG", day: date(2021, 3, 15), value: 1.0, line: row });
    }
    let first = got(&world, "/analytics/explain?program_code=BIG");
    assert_eq!(json(&first)["next_cursor"], "A.Monday");
    assert_eq!(first.headers["link"], "<?program_code=BIG&cursor=A.Monday>; rel=\"next\"");
}

#[test]
fn predictions_are_compared_with_the_next_exhibition() {
    let body = json(&got(&example(), "/analytics/accuracy?program_code=NOVA"));
    let group = &body["groups"][0];
    assert_eq!(
        (&group["signal"], &group["weekday"], &group["predictions"]),
        (&json!("RJ"), &json!("Monday"), &json!(4))
    );
    let near =
        |name: &str, expected: f64| assert!((group[name].as_f64().unwrap() - expected).abs() < 1e-9, "{name}: {group}");
    for (name, expected) in
        [("mape", 125.0 / 3.0), ("bias", -125.0 / 3.0), ("p10", -185.0 / 3.0), ("p50", -50.0), ("p90", -15.0)]
    {
        near(name, expected);
    }
    assert_eq!(body["groups"].as_array().unwrap().len(), 1, "SP has one exhibition");
    let day = json(&got(&example(), "/analytics/accuracy?program_code=NOVA&exhibition_date=2021-03-29"));
    assert_eq!((&day["groups"][0]["predictions"], &day["groups"][0]["bias"]), (&json!(1), &json!(-50.0)));
}

#[test]
fn a_sleeping_database_is_503_with_the_time_it_needs_and_nobody_is_told_why() {
    for (failure, status, retry_after) in
        [(Failure::Waking, 503, Some("10")), (Failure::Away, 503, Some("1")), (Failure::Bug, 500, None)]
    {
        let world = example();
        world.failure.set(Some(failure));
        for address in ["/analytics/program?program_code=NOVA", "/analytics/programs", "/analytics/uploads"] {
            let answer = got(&world, address);
            assert_eq!((answer.status, answer.headers.get("retry-after").map(String::as_str)), (status, retry_after));
            assert!(json(&answer)["detail"].is_string() && !answer.body.contains("on purpose"), "{}", answer.body);
            assert!(answer.reason.is_some_and(|reason| reason.contains("on purpose")));
        }
    }
}

#[test]
fn the_same_question_reads_rows_once_until_the_data_changes() {
    let world = example();
    let answers = Answers::default();
    let page = Page { html: "", policy: "" };
    let authorizations = OPEN;
    let (answers, docs) = (&answers, &Docs::in_folder("/nowhere"));
    let access = Access { authorizations, realm: REALM, tokens: &world };
    let api = Api { store: &world, signer: &world, access, clock: &world, answers, page, docs };
    let asked = |address: &str| alone(api.respond(&request("GET", address), Uuid::from_u128(7)));
    let program = "/analytics/program?program_code=NOVA";
    let first = asked(program);
    world.calls.borrow_mut().clear();
    assert_eq!(asked(program), first);
    assert_eq!(*world.calls.borrow(), ["version"]);
    asked("/analytics/program?program_code=OTHER");
    assert_eq!(*world.calls.borrow(), ["version", "version", "groups"]);
}
