//! What the API answers: to the letter, in every form, and as plain sorting says.

use std::time::Duration;

use analytics_tests::{Analytics, files};
use anyhow::ensure;
use serde_json::{Value, json};
use test_harness::clients::from_clients;
use test_harness::http::Answer;
use test_harness::{repository, schemathesis};

const PROBLEM: (&str, &str) = ("accept", "application/problem+json");

/// The example of the contract; `NOVA` belongs to this scenario.
pub(crate) fn example(analytics: &mut Analytics) -> anyhow::Result<()> {
    let rows = ["01,100", "08,300", "15,200", "22,400", "29,500"].map(|row| row.split_once(',').unwrap_or_default());
    let rows = rows.map(|(day, audience)| format!("RJ,NOVA,2021-03-{day},2021-03-{day}T23:05:00.000Z,{audience}\r\n"));
    analytics.apply("example/audience.csv", format!("\u{FEFF}{}\r\n{}", files::AUDIENCE, rows.concat()))?;
    let slots = "RJ;NOVA;05/04/2021;30\r\nDF;NOVA;06/04/2021;45\r\nRJ;NOVA;12/04/2021;20";
    analytics.apply("example/slots.csv", format!("\u{FEFF}{}\r\n{slots}", files::AVAILABILITY))?;

    let is = |path: &str, status: u16, text: &str| {
        let answer = analytics.get(path)?;
        ensure!(answer.status == status && answer.text == text, "{path} is answered with {answer:?}");
        ensure!(answer.header("content-type") == "application/json", "{answer:?}");
        // HEAD is the same without the body.
        let head = analytics.send_with("HEAD", path, &[])?;
        ensure!(head.status == status && head.text.is_empty(), "HEAD {path} is answered with {head:?}");
        ensure!(head.header("etag") == answer.header("etag"), "{head:?} and {answer:?}");
        anyhow::Ok(answer)
    };
    let success =
        |message: &str, body: &str| format!(r#"{{"message":"{message}","status":"SUCCESS","body":[{body}]}}"#);
    let group = |signal: &str, weekday: &str, time: u32, audience: &str| {
        format!(
            r#"{{"signal":"{signal}","program_code":"NOVA","weekday":"{weekday}","available_time":{time},"predicted_audience":{audience}}}"#
        )
    };
    let (all, day, period) = (
        "Predictions from all exhibitions",
        "Predictions from the exhibitions of one day",
        "Predictions from the exhibitions of a period",
    );
    let both = [group("DF", "Tuesday", 45, "null"), group("RJ", "Monday", 50, "220.0")].join(",");
    is("/analytics/program?program_code=NOVA", 200, &success(all, &both))?;
    let one = group("RJ", "Monday", 50, "250.0");
    for date in ["2021-03-22", "2021-03-22T00:00:00", "2021-03-22T00:00:00Z", "1616371200"] {
        is(&format!("/analytics/program?program_code=NOVA&exhibition_date={date}"), 200, &success(day, &one))?;
    }
    for date in ["2021-03-22T10:00:00", "2021-03-23", "1999-01-01"] {
        is(&format!("/analytics/program?program_code=NOVA&exhibition_date={date}"), 200, &success(day, ""))?;
    }
    let some = group("RJ", "Monday", 50, "216.66666666666666");
    for (start, end) in [
        ("2021-03-08", "2021-03-22"),
        ("2021-03-08T00:00:00", "2021-03-28T23:59:59"),
        ("2021-03-02", "2021-03-22T00:00:00Z"),
        ("2021-03-08T00:00:00-03:00", "2021-03-22"),
    ] {
        let path = format!("/analytics/period?program_code=NOVA&start_date={start}&end_date={end}");
        is(&path, 200, &success(period, &some))?;
    }
    let monday = "/analytics/period?program_code=NOVA&start_date=2021-03-22&end_date=2021-03-22";
    is(monday, 200, &success(period, &one))?;
    for unknown in ["nova", "NOVA%20", "", "%00", "NOV"] {
        is(&format!("/analytics/program?program_code={unknown}"), 200, &success(all, ""))?;
    }
    errors(analytics)
}

fn errors(analytics: &Analytics) -> anyhow::Result<()> {
    let refused = |method: &str, path: &str, status: u16, text: &str| {
        let answer = analytics.send_with(method, path, &[])?;
        let expected: Value = serde_json::from_str(text)?;
        ensure!(answer.status == status && answer.json()? == expected, "{method} {path} is answered with {answer:?}");
        ensure!(answer.header("content-type") == "application/json", "{answer:?}");
        let asked = analytics.send_with(method, path, &[PROBLEM])?;
        ensure!(asked.header("content-type") == "application/problem+json", "{asked:?}");
        let problem = asked.json()?;
        ensure!(asked.status == status && problem["status"] == status && problem["type"] == "about:blank", "{problem}");
        ensure!(problem["title"].is_string() && asked.header("vary").to_lowercase().contains("accept"), "{asked:?}");
        anyhow::Ok::<Answer>(answer)
    };
    let inconsistent = "/analytics/period?program_code=NOVA&start_date=2021-03-22&end_date=2021-03-08";
    let text = r#"{"status":"ERROR","message":"INCONSISTENT_DATES","detail":"start_date 2021-03-22T00:00:00 is after end_date 2021-03-08T00:00:00"}"#;
    refused("GET", inconsistent, 400, text)?;
    let missing =
        |name: &str| json!({"type": "missing", "loc": ["query", name], "msg": "Field required", "input": null});
    let of = |faults: &[Value]| json!({"detail": faults}).to_string();
    refused("GET", "/analytics/period?program_code=NOVA", 422, &of(&[missing("start_date"), missing("end_date")]))?;
    refused("GET", "/analytics/program", 422, &of(&[missing("program_code")]))?;
    let day = analytics.get("/analytics/program?program_code=NOVA&exhibition_date=22/03/2021")?;
    let fault = &day.json()?["detail"][0];
    ensure!(day.status == 422 && fault["type"] == "datetime_from_date_parsing", "{day:?}");
    ensure!(fault["loc"] == json!(["query", "exhibition_date"]) && fault["input"] == "22/03/2021", "{day:?}");
    let why = fault["ctx"]["error"].as_str().unwrap_or_default();
    ensure!(!why.is_empty() && fault["msg"] == format!("Input should be a valid datetime or date, {why}"), "{day:?}");

    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = refused(method, "/analytics/program", 405, r#"{"detail":"Method Not Allowed"}"#)?;
        ensure!(answer.header("allow") == "GET", "{answer:?}");
    }
    for path in ["/elsewhere", "/", "/analytics//", "/analytics/program/", "/Analytics/program"] {
        let answer = refused("GET", path, 404, r#"{"detail":"Not Found"}"#)?;
        ensure!(answer.header("allow").is_empty(), "{answer:?}");
    }
    Ok(())
}

/// The same numbers as CSV and as lines of JSON, for whoever asks for them.
pub(crate) fn other_forms(analytics: &mut Analytics) -> anyhow::Result<()> {
    let rows = "RJ,\"A,\"\"B\",2021-03-01,2021-03-01T23:05:00.000Z,1E2\nRJ,\"A,\"\"B\",2021-03-08,2021-03-08T23:05:00.000Z,101.5\n";
    analytics.apply("forms/audience.csv", format!("{}\n{rows}", files::AUDIENCE))?;
    analytics.apply(
        "forms/slots.csv",
        format!("{}\nRJ;\"A,\"\"B\";01/03/2021;7\nDF;\"A,\"\"B\";01/03/2021;0\n", files::AVAILABILITY),
    )?;
    let path = "/analytics/program?program_code=A%2C%22B";
    let as_form = |accept: &str| analytics.send_with("GET", path, &[("accept", accept)]);
    let csv = as_form("text/csv")?;
    let text = "signal,program_code,weekday,available_time,predicted_audience\r\nDF,\"A,\"\"B\",Monday,0,\r\nRJ,\"A,\"\"B\",Monday,7,100.375\r\n";
    ensure!(csv.status == 200 && csv.text == text && csv.header("content-type").starts_with("text/csv"), "{csv:?}");
    let lines = as_form("application/x-ndjson")?;
    let text = [("DF", "0", "null"), ("RJ", "7", "100.375")].map(|(signal, time, audience)| {
        format!(
            "{{\"signal\":\"{signal}\",\"program_code\":\"A,\\\"B\",\"weekday\":\"Monday\",\"available_time\":{time},\"predicted_audience\":{audience}}}\n"
        )
    });
    ensure!(lines.status == 200 && lines.text == text.concat(), "{lines:?}");
    ensure!(lines.header("content-type") == "application/x-ndjson", "{lines:?}");
    for accept in ["*/*", "application/json", "text/html, */*;q=0.1", "image/png"] {
        let json = as_form(accept)?;
        ensure!(json.status == 200 && json.header("content-type") == "application/json", "{accept}: {json:?}");
    }
    for answer in [csv, lines] {
        ensure!(answer.header("vary").to_lowercase().contains("accept"), "{answer:?}");
    }
    Ok(())
}

/// The entity tag is the data's version: nothing is sent again until something counts anew.
pub(crate) fn entity_tags(analytics: &mut Analytics) -> anyhow::Result<()> {
    analytics.apply("tags/slots.csv", format!("{}\nRJ;TAGS;01/03/2021;7\n", files::AVAILABILITY))?;
    let path = "/analytics/program?program_code=TAGS";
    let first = analytics.get(path)?;
    let tag = first.header("etag").to_owned();
    ensure!(!tag.is_empty() && first.header("cache-control") == "no-cache", "{first:?}");
    let ask = |method: &str, tags: &str| analytics.send_with(method, path, &[("if-none-match", tags)]);
    for tags in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        for method in ["GET", "HEAD"] {
            let answer = ask(method, &tags)?;
            ensure!(
                answer.status == 304 && answer.text.is_empty() && answer.header("etag") == tag,
                "{tags}: {answer:?}"
            );
        }
    }
    ensure!(ask("GET", "\"other\"")?.status == 200, "another tag");
    let csv = analytics.send_with("GET", path, &[("if-none-match", &tag), ("accept", "text/csv")])?;
    ensure!(csv.status == 200 && csv.header("etag") != tag, "the same tag for another form: {csv:?}");
    let other = analytics.send_with("GET", "/analytics/program?program_code=OTHER", &[("if-none-match", &tag)])?;
    ensure!(other.status == 200 && other.header("etag") != tag, "the same tag for another question: {other:?}");

    analytics.apply("tags/slots.csv", format!("{}\nRJ;TAGS;01/03/2021;8\n", files::AVAILABILITY))?;
    let second = ask("GET", &tag)?;
    ensure!(second.status == 200 && second.header("etag") != tag, "{second:?}");
    ensure!(second.json()?["body"][0]["available_time"] == 8, "{second:?}");
    Ok(())
}

/// What an instance of the API keeps is of one version of the data: right after an upload none answers from before.
pub(crate) fn every_instance(analytics: &mut Analytics) -> anyhow::Result<()> {
    let ask = |expected: u32| {
        let api = analytics.api.clone();
        let call = move |_| {
            let api = api.clone();
            async move {
                let answer = api.get("/analytics/program?program_code=INSTANCE").await?;
                ensure!(answer.json()?["body"][0]["available_time"] == expected, "not {expected}: {answer:?}");
                Ok((Duration::ZERO, ()))
            }
        };
        analytics.wait(from_clients(8, 40, call)).map(drop)
    };
    for time in 1..=3 {
        analytics.apply("instances/slots.csv", format!("{}\nRJ;INSTANCE;01/03/2021;{time}\n", files::AVAILABILITY))?;
        ask(time)?;
    }
    let processes = analytics.processes_of("AnalyticsApi-local")?.len();
    ensure!(processes > 1, "there is one instance, which says nothing about others");
    Ok(())
}

/// The page, the documentation and the document need nobody else.
pub(crate) fn page_and_document(analytics: &mut Analytics) -> anyhow::Result<()> {
    for path in ["/analytics/", "/analytics", "/docs"] {
        let page = analytics.get(path)?;
        ensure!(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8", "{page:?}");
        ensure!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);
        for load in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http", "@import"] {
            ensure!(!page.text.contains(load), "{path} has {load}");
        }
    }
    let document = analytics.get("/openapi.json")?;
    ensure!(document.status == 200 && document.json()?["openapi"] == "3.1.0", "{document:?}");
    let reviewed = std::fs::read_to_string(repository()?.join("functions/analytics/core/openapi.json"))?;
    ensure!(document.json()? == serde_json::from_str::<Value>(&reviewed)?, "the document is not the reviewed one");
    Ok(())
}

/// A schema says nothing about two parameters together: a start after the end, or a day beside a period. Nor is it worth waiting for uploads
/// that nobody sends.
const ALLOWED: &str = r#"
[[operations]]
include-path = ["/analytics/period", "/analytics/explain", "/analytics/accuracy"]
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", 304, 400, 422]

[[operations]]
include-path = "/analytics/uploads/{id}"
[operations.parameters]
"query.wait" = 0
"#;

/// schemathesis makes requests from the document, inside and outside of its limits, and compares every answer with it.
pub(crate) fn fuzzer(analytics: &mut Analytics) -> anyhow::Result<()> {
    schemathesis::try_api(&analytics.api.url, ALLOWED, &["--max-examples", "10"])?;
    Ok(())
}
