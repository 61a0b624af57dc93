//! Announced uploads: signed addresses, reports, rejected rows to mend, dry runs, and taking back.

use analytics_tests::truth::{Exhibition, Truth, compare};
use analytics_tests::{Analytics, files};
use anyhow::{Context, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::date;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use test_harness::http::{self, Answer};

const JSON: (&str, &str) = ("content-type", "application/json");

/// What `POST /analytics/uploads` answers.
struct Announced {
    id: String,
    url: String,
    headers: Vec<(String, String)>,
}

fn announce(analytics: &Analytics, key: &str, text: &str, is_dry: bool) -> anyhow::Result<Announced> {
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({"key": key, "size": text.len(), "sha256": digest, "dry_run": is_dry}).to_string();
    let answer = analytics.wait(analytics.api.send("POST", "/analytics/uploads", &[JSON], body))?;
    let announced = answer.json()?;
    ensure!(answer.status == 201 && announced["method"] == "PUT", "{answer:?}");
    let text =
        |name: &str| announced[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {announced}"));
    let expires: jiff::Timestamp = text("expires_at")?.parse()?;
    ensure!(expires > jiff::Timestamp::now(), "{announced}");
    let id = text("id")?;
    ensure!(answer.header("location") == format!("/analytics/uploads/{id}"), "{answer:?}");
    let headers = announced["headers"].as_object().context("no headers")?;
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Ok(Announced { id, url: text("url")?, headers: headers.collect() })
}

impl Announced {
    fn put(&self, analytics: &Analytics, text: &str) -> anyhow::Result<Answer> {
        self.put_to(analytics, &self.url, text, |_| true)
    }

    /// With those of the headers that are wanted; the length is always the text's own.
    fn put_to(
        &self,
        analytics: &Analytics,
        url: &str,
        text: &str,
        is_wanted: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Answer> {
        let headers = self.headers.iter().filter(|(name, _)| name != "content-length" && is_wanted(name));
        let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        analytics.wait(http::send(&analytics.http, "PUT", url, &headers, text.to_owned()))
    }
}

fn report(analytics: &Analytics, id: &str, query: &str) -> anyhow::Result<Value> {
    let answer = analytics.get(&format!("/analytics/uploads/{id}{query}"))?;
    ensure!(answer.status == 200, "{answer:?}");
    answer.json()
}

/// Announces, puts, and waits for the end.
fn send(analytics: &Analytics, key: &str, text: &str, is_dry: bool) -> anyhow::Result<Value> {
    let announced = announce(analytics, key, text, is_dry)?;
    let put = announced.put(analytics, text)?;
    ensure!(put.status == 200, "{put:?}");
    let ended = report(analytics, &announced.id, "?wait=20")?;
    ensure!(ended["id"] == announced.id.as_str() && ended["key"] == key, "{ended}");
    Ok(ended)
}

/// An announced file keeps the id of its announcement; nobody can put another file there, nor that one elsewhere or later.
pub(crate) fn announced(analytics: &mut Analytics) -> anyhow::Result<()> {
    let (key, text) = ("announced/março + 1.csv", format!("{}\nRJ;ANNO;05/04/2021;30\n", files::AVAILABILITY));
    let announced = announce(analytics, key, &text, false)?;
    let waiting = analytics.get(&format!("/analytics/uploads/{}", announced.id))?;
    let body = waiting.json()?;
    ensure!(
        waiting.header("retry-after") == "1" && body["state"] == "waiting" && body["bytes"] == text.len(),
        "{waiting:?}"
    );

    let refused = |what: &str, answer: Answer, statuses: &[u16]| {
        ensure!(statuses.contains(&answer.status), "{what} is answered with {answer:?}");
        anyhow::Ok(())
    };
    let other = text.replace(";30", ";31");
    refused("another file of the same size", announced.put(analytics, &other)?, &[400])?;
    refused("a longer file", announced.put(analytics, &format!("{text}\n"))?, &[403])?;
    refused("a shorter file", announced.put(analytics, &text[1..])?, &[403])?;
    let without = |header: &'static str| announced.put_to(analytics, &announced.url, &text, move |name| name != header);
    refused("no checksum", without("x-amz-checksum-sha256")?, &[403])?;
    refused("no id", without("x-amz-meta-upload-id")?, &[403])?;
    let of_other = BASE64_STANDARD.encode(Sha256::digest(&other));
    let mut forged = announce(analytics, key, &text, false)?;
    forged
        .headers
        .iter_mut()
        .filter(|(name, _)| name == "x-amz-checksum-sha256")
        .for_each(|(_, value)| *value = of_other.clone());
    refused("another file with its own checksum", forged.put(analytics, &other)?, &[403])?;
    for (what, url) in [
        ("an expired address", announced.url.replace("X-Amz-Date=20", "X-Amz-Date=19")),
        ("a longer life", announced.url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000")),
        ("another key", announced.url.replace("1.csv?", "2.csv?")),
        ("another signature", announced.url.replace("X-Amz-Signature=", "X-Amz-Signature=0")),
    ] {
        ensure!(url != announced.url, "{what}: {url}");
        refused(what, announced.put_to(analytics, &url, &text, |_| true)?, &[400, 403])?;
    }
    ensure!(report(analytics, &announced.id, "")?["state"] == "waiting", "something has arrived");
    ensure!(analytics.rows("ANNO")? == (0, 0), "something counts");

    let put = announced.put(analytics, &text)?;
    ensure!(put.status == 200, "{put:?}");
    let ended = report(analytics, &announced.id, "?wait=20")?;
    ensure!(ended["state"] == "applied" && ended["id"] == announced.id.as_str() && ended["key"] == key, "{ended}");
    ensure!(
        ended["rows_taken"] == 1 && ended["bytes_done"] == text.len() && ended["kind"] == "availability",
        "{ended}"
    );
    ensure!(ended["first_day"] == "2021-04-05" && ended["delimiter"] == ";" && ended["encoding"] == "utf-8", "{ended}");
    let times: Vec<jiff::Timestamp> = ["requested_at", "received_at", "finished_at"]
        .into_iter()
        .map(|name| ended[name].as_str().unwrap_or_default().parse())
        .collect::<Result<_, _>>()?;
    ensure!(times.is_sorted(), "{ended}");
    ensure!(analytics.count("upload WHERE object_key = $1 AND version IS NOT NULL", &[&key])? == 1, "uploads of {key}");

    // Put again, it is another version, of the same announcement: the same rows, once.
    ensure!(announced.put(analytics, &text)?.status == 200, "put again");
    analytics.until("the other version", analytics_tests::SOON, || {
        Ok(analytics.count("upload WHERE object_key = $1 AND version IS NOT NULL AND state <> 'reading'", &[&key])?
            == 2)
    })?;
    ensure!(analytics.rows("ANNO")? == (0, 1), "{:?}", analytics.rows("ANNO")?);
    let list = analytics.get("/analytics/uploads?limit=5")?.json()?;
    ensure!(
        list["uploads"].as_array().is_some_and(|uploads| uploads.iter().any(|upload| upload["key"] == key)),
        "{list}"
    );
    analytics.no_dead_letters()
}

/// All faults of all rows, in pages; and as a file that is good once its faults are mended.
pub(crate) fn rejected_rows(analytics: &mut Analytics) -> anyhow::Result<()> {
    let text = "\u{FEFF}Program_Code;\"signal\";date;available_time;note\r\n\
         MEND;RJ;05/04/2021;30;fine\r\n\
         MEND;RJ;31/04/2021;40;\"a; note\r\nof two lines\"\r\n\
         MEND;;30/04/2021;x;\"he said \"\"no\"\"\"\r\n\
         MEND;RJ;12/04/2021;20;fine\r\n\
         MEND;RJ;19/04/2021;21;fine\r\n\
         MEND;RJ;26/04/2021;22;fine";
    let ended = send(analytics, "mend/first.csv", text, false)?;
    ensure!(ended["state"] == "applied" && ended["rows_taken"] == 4 && ended["rows_rejected"] == 2, "{ended}");
    let faults = &ended["faults"];
    let brief: Vec<String> = faults
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|row| {
            let of = |fault: &Value| {
                format!("{} {} {} {} {}", row["record"], row["line"], fault["column"], fault["code"], fault["value"])
            };
            row["faults"].as_array().into_iter().flatten().map(of).collect::<Vec<_>>()
        })
        .collect();
    let expected = [
        r#"2 3 "date" "no_such_day" "31/04/2021""#,
        r#"3 5 "signal" "missing" """#,
        r#"3 5 "available_time" "not_a_number" "x""#,
    ];
    ensure!(brief == expected, "{brief:?}");
    let id = ended["id"].as_str().unwrap_or_default();
    let rows = analytics.get(&format!("/analytics/uploads/{id}/rejected.csv"))?;
    ensure!(rows.status == 200 && rows.header("content-disposition").contains("first.rejected.csv"), "{rows:?}");
    ensure!(
        rows.text.starts_with("\u{FEFF}Program_Code;\"signal\";date;available_time;note;error\r\n"),
        "{}",
        rows.text
    );
    ensure!(rows.text.contains("MEND;RJ;31/04/2021;40;\"a; note\r\nof two lines\";date: "), "{}", rows.text);

    // Mended, with the column of errors still there.
    let mended = rows.text.replace("31/04", "30/04").replace("MEND;;30/04/2021;x;", "MEND;SP;29/04/2021;50;");
    let again = send(analytics, "mend/second.csv", &mended, false)?;
    ensure!(again["state"] == "applied" && again["rows_taken"] == 2 && again["rows_rejected"] == 0, "{again}");
    let body = analytics.program("MEND")?["body"].clone();
    let brief: Vec<String> = body
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| format!("{} {} {}", row["signal"], row["weekday"], row["available_time"]))
        .collect();
    ensure!(brief == [r#""RJ" "Monday" 93"#, r#""RJ" "Friday" 40"#, r#""SP" "Thursday" 50"#], "{body}");
    pages(analytics)
}

/// 1,500 bad rows of 4,000: the first 1,000 are told, all are counted.
fn pages(analytics: &Analytics) -> anyhow::Result<()> {
    let row = |number: usize| match number % 8 {
        0 | 3 | 6 => format!("RJ;PAGES;05/04/2021;{number}x\n"),
        _ => format!("RJ;PAGES;05/04/2021;{number}\n"),
    };
    let text: String = (1..=4_000).map(row).collect();
    let ended = send(analytics, "pages.csv", &format!("{}\n{text}", files::AVAILABILITY), false)?;
    ensure!(ended["rows_taken"] == 2_500 && ended["rows_rejected"] == 1_500, "{}", ended["rows_rejected"]);
    let path = format!("/analytics/uploads/{}", ended["id"].as_str().unwrap_or_default());
    let (mut records, mut sizes, mut query) = (Vec::new(), Vec::new(), "?limit=300".to_owned());
    loop {
        let answer = analytics.get(&format!("{path}{query}"))?;
        let page = answer.json()?;
        let rows = page["faults"].as_array().cloned().unwrap_or_default();
        sizes.push(rows.len());
        for row in rows {
            ensure!(row["line"].as_u64() == row["record"].as_u64().map(|record| record + 1), "{row}");
            records.push(row["record"].as_u64().unwrap_or_default() as usize);
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=300&cursor={cursor}");
        ensure!(answer.header("link") == format!("<{query}>; rel=\"next\""), "{:?}", answer.headers);
    }
    let expected: Vec<usize> = (1..=4_000).filter(|number| [0, 3, 6].contains(&(number % 8))).take(1_000).collect();
    ensure!(sizes == [300, 300, 300, 100] && records == expected, "{sizes:?}");
    let rows = analytics.get(&format!("{path}/rejected.csv"))?;
    ensure!(rows.header("rejected-rows") == "total=1500, kept=1000, cut=0", "{:?}", rows.headers);
    let rows = rows.text;
    ensure!(rows.lines().count() == 1_001, "{} lines of rejected rows", rows.lines().count());
    Ok(())
}

fn shown(day: i8, audience: f64) -> Exhibition {
    let day = date(2021, 3, day);
    let start = format!("{day}T23:05:00Z").parse().unwrap_or_default();
    Exhibition { signal: "RJ".to_owned(), program: "UNDO".to_owned(), day, start, audience }
}

/// A dry run tells what would change and changes nothing; what an upload replaced counts again when it is taken back.
pub(crate) fn dry_run_and_revert(analytics: &mut Analytics) -> anyhow::Result<()> {
    let first = [shown(1, 100.0), shown(8, 300.0), shown(15, 200.0), shown(22, 400.0), shown(29, 500.0)];
    // 2021-03-08 is another, the 29th is gone, the 30th is new.
    let second = [shown(1, 100.0), shown(8, 150.0), shown(15, 200.0), shown(22, 400.0), shown(30, 7.0)];
    let slots = format!("{}\nRJ;UNDO;05/04/2021;30\n", files::AVAILABILITY);
    analytics.apply("undo/slots.csv", slots)?;
    let key = "undo/audience.csv";
    let of = |rows: &[Exhibition]| {
        let mut truth = Truth::default();
        let slot = analytics_tests::truth::Slot {
            signal: "RJ".into(),
            program: "UNDO".into(),
            day: date(2021, 4, 5),
            time: 30,
        };
        truth.exhibitions(rows).slots(&[slot]);
        truth
    };
    let answers = |what: &str, truth: &Truth| {
        compare(what, &analytics.program("UNDO")?, "UNDO", &truth.all("UNDO"))?;
        let day = date(2021, 3, 8);
        let path = format!("/analytics/program?program_code=UNDO&exhibition_date={day}");
        compare(what, &analytics.get(&path)?.json()?, "UNDO", &truth.of_days("UNDO", |shown| shown == day))
    };
    let (before, after, neither) = (of(&first), of(&second), of(&[]));
    let applied = send(analytics, key, &files::audience(&first), false)?;
    ensure!(applied["state"] == "applied", "{applied}");
    answers("the first", &before)?;
    let tag = analytics.get("/analytics/program?program_code=UNDO")?.header("etag").to_owned();

    let checked = send(analytics, key, &files::audience(&second), true)?;
    ensure!(checked["state"] == "checked" && checked["dry_run"] == true && checked["rows_taken"] == 5, "{checked}");
    // Predictions of the 8th (200 to 125), the 15th (200 to 150) and the 22nd (250 to 175).
    let effect = json!({
        "new": 1, "changed": 1, "unchanged": 3, "gone": 1, "predictions_moved": 3, "largest_move_percent": 37.5,
    });
    ensure!(checked["effect"] == effect, "{checked}");
    ensure!(checked["key"] == key, "{checked}");
    answers("a dry run", &before)?;
    let unchanged = analytics.get("/analytics/program?program_code=UNDO")?;
    ensure!(unchanged.header("etag") == tag && analytics.rows("UNDO")? == (5, 1), "a dry run has changed something");

    let replaced = send(analytics, key, &files::audience(&second), false)?;
    ensure!(replaced["state"] == "applied", "{replaced}");
    ensure!(replaced["replaced"] == json!({"id": applied["id"], "rows": 5}), "{replaced}");
    answers("the second", &after)?;
    let (first, second, dry) = (&applied["id"], &replaced["id"], &checked["id"]);
    ensure!(report(analytics, first.as_str().unwrap_or_default(), "")?["state"] == "superseded", "{applied}");
    let revert = |id: &Value| {
        analytics.send_with("POST", &format!("/analytics/uploads/{}/revert", id.as_str().unwrap_or_default()), &[])
    };
    for (id, status) in [(first, 409), (dry, 409), (&json!(uuid::Uuid::new_v4()), 404), (&json!("7"), 404)] {
        let answer = revert(id)?;
        ensure!(answer.status == status, "{id}: {answer:?}");
    }
    answers("what cannot be taken back", &after)?;
    for _ in 0..2 {
        let answer = revert(second)?;
        ensure!(answer.status == 200 && answer.json()?["state"] == "reverted", "{answer:?}");
        answers("taken back", &before)?;
    }
    ensure!(
        report(analytics, first.as_str().unwrap_or_default(), "")?["state"] == "applied",
        "the first does not count"
    );
    ensure!(revert(first)?.status == 200, "the first is not taken back");
    answers("both taken back", &neither)?;
    ensure!(analytics.rows("UNDO")? == (0, 1), "{:?}", analytics.rows("UNDO")?);

    // What was taken back can be uploaded again.
    let again = send(analytics, key, &files::audience(&[shown(1, 100.0)]), false)?;
    ensure!(again["state"] == "applied", "{again}");
    answers("uploaded again", &of(&[shown(1, 100.0)]))
}
