//! From the bucket to the numbers, however a file gets there and whatever the queue holds.

use std::collections::BTreeMap;

use analytics_tests::{Analytics, DEAD, Object, SOON, files};
use anyhow::ensure;
use serde_json::{Value, json};

/// Text that no log may hold.
const SECRET: &str = "Topsecret";

/// One slot of a program of its own.
fn slot(program: &str, time: u32) -> String {
    format!("{}\r\nRJ;{program};05/04/2021;{time}", files::AVAILABILITY)
}

fn time(analytics: &Analytics, program: &str) -> anyhow::Result<Value> {
    Ok(analytics.program(program)?["body"][0]["available_time"].clone())
}

/// Put at once, in parts, by a form's headers, or copied; keys with blanks, pluses, accents and what else is encoded.
pub(crate) fn every_way_in(analytics: &mut Analytics) -> anyhow::Result<()> {
    let bucket = analytics.bucket.clone();
    let keys = [
        "ways/plain.csv",
        "ways/with blanks  and+plus.csv",
        "ways/março/rádio & tv%2B.csv",
        "ways/日本=?#[]'\"<>~!.csv",
        "ways/no-suffix",
    ];
    let mut sent = Vec::new();
    for (number, key) in (1..).zip(keys) {
        let program = format!("WAY{number}");
        sent.push((program.clone(), number, analytics.wait(bucket.put(key, slot(&program, number)))?));
    }
    // Every part but the last has at least 5 MiB on AWS.
    let mut large = slot("WAY6", 6) + "\r\n";
    large += &"\r\n".repeat(5 * 512 * 1024);
    let parts = vec![large.into_bytes(), b"RJ;WAY6;06/04/2021;60\r\n".to_vec()];
    sent.push(("WAY6".to_owned(), 6, analytics.wait(bucket.put_in_parts("ways/in parts.csv", parts))?));
    for (program, number, object) in &sent {
        let found = analytics.applied(object)?;
        ensure!(found.rejected == 0 && found.taken == 1 + i64::from(*number == 6), "{object:?}: {found:?}");
        ensure!(time(analytics, program)? == *number, "{}", analytics.program(program)?);
    }
    // Under the other key it is the same row.
    let copied = analytics.wait(bucket.copy(keys[2], "ways/a copy+.csv"))?;
    analytics.applied(&copied)?;
    ensure!(time(analytics, "WAY3")? == 3 && analytics.rows("WAY3")? == (0, 1), "a copy is not the same rows");
    analytics.no_dead_letters()
}

/// S3's event as it is and in SNS's envelope, several records in one, a test event, removals, and what nobody knows.
pub(crate) fn every_message(analytics: &mut Analytics) -> anyhow::Result<()> {
    let (bucket, objects) = analytics.wait(async {
        let bucket = analytics.bucket.create_beside("by-hand").await?;
        let mut objects = Vec::new();
        for number in 1..=6 {
            let key = format!("by hand/á+{number}.csv");
            objects.push(bucket.put(&key, slot(&format!("HAND{number}"), number)).await?);
        }
        anyhow::Ok((bucket, objects))
    })?;
    let event = |objects: &[&Object]| Analytics::event(&bucket.name, objects);
    let envelope = |message: &Value| {
        json!({
            "Type": "Notification", "MessageId": "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", "Subject": "Amazon S3 Notification",
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:csv-upload-topic-local", "Message": message.to_string(),
        })
    };
    let mut removal = event(&[&objects[0]]);
    removal["Records"][0]["eventName"] = json!("ObjectRemoved:DeleteMarkerCreated");
    let mut several = event(&[&objects[2], &objects[3], &objects[4]]);
    several["Records"][1]["eventName"] = json!("ObjectRemoved:Delete");
    several["Records"][1]["s3"]["object"]["unheard"] = json!({"of": [1]});
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-02T09:15:00.120Z", "Bucket": bucket.name});
    for body in [
        event(&[&objects[0]]),
        envelope(&event(&[&objects[1]])),
        several,
        envelope(&event(&[&objects[5]])),
        removal.clone(),
        envelope(&removal),
        test.clone(),
        envelope(&test),
        json!({"Records": []}),
    ] {
        analytics.deliver(&body)?;
    }
    for index in [0, 1, 2, 4, 5] {
        analytics.applied(&objects[index])?;
        let program = format!("HAND{}", index + 1);
        ensure!(time(analytics, &program)? == index + 1, "{}", analytics.program(&program)?);
    }
    analytics.until_taken()?;
    ensure!(analytics.find(&objects[3])?.is_none(), "an object that was removed has been read");
    let logs = analytics.logs()?;
    ensure!(logs.contains("the message names no new object"), "nobody has said that there was nothing to do");

    // Removing a file takes nothing back, and says nothing.
    let object = analytics.wait(analytics.bucket.put("removed.csv", slot("REMOVED", 7)))?;
    analytics.applied(&object)?;
    analytics.wait(analytics.bucket.remove(&object.key))?;
    analytics.until_taken()?;
    ensure!(time(analytics, "REMOVED")? == 7, "{}", analytics.program("REMOVED")?);
    analytics.no_dead_letters()
}

/// Everything that can never be done is a dead letter with its reason, and nothing else is. No row is in any log or reason.
pub(crate) fn poison(analytics: &mut Analytics) -> anyhow::Result<()> {
    analytics.no_dead_letters()?;
    // Gone before it is read.
    analytics.let_importer_have_messages(false)?;
    let (bucket, gone) = (analytics.bucket.clone(), slot("GONE", 1));
    let gone = analytics.wait(async {
        let gone = bucket.put("poison/gone.csv", gone).await?;
        bucket.remove_version(&gone).await?;
        anyhow::Ok(gone)
    })?;
    analytics.let_importer_have_messages(true)?;
    // No messages of S3.
    let malformed = [
        "not JSON",
        "[1]",
        "{}",
        r#"{"Message":"not JSON either"}"#,
        r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#,
    ];
    for body in malformed {
        analytics.send("csv-processing-queue-local", body)?;
    }
    // No files of ours.
    let row = format!("RJ;{SECRET};05/04/2021;1\n");
    let bad = format!("RJ;{SECRET};31/04/2021;1\nRJ;{SECRET};30/04/2021;{SECRET}\n");
    let half = format!("{}\n{row}{bad}", files::AVAILABILITY);
    let wrong = [
        ("unknown_header", format!("signal;program_cod;date;available_time\n{row}").into_bytes()),
        ("no_good_row", format!("{}\n{bad}", files::AVAILABILITY).into_bytes()),
        ("too_many_rejected_rows", half.into_bytes()),
        ("repeated_column", format!("{};Date\n{row}", files::AVAILABILITY).into_bytes()),
        ("empty_file", b"\n\r\n".to_vec()),
        ("not_csv", b"PK\x03\x04\x14\x00".to_vec()),
    ];
    let mut sent = Vec::new();
    for (kind, text) in wrong {
        sent.push((kind, analytics.wait(bucket.put(&format!("poison/{kind}.csv"), text))?));
    }
    for (kind, object) in &sent {
        let found = analytics.ended(object, SOON)?;
        let report = analytics.get(&format!("/analytics/uploads/{}", found.id))?.json()?;
        let is_told =
            report["error_kind"] == *kind && report["reason"].as_str().is_some_and(|reason| reason.len() > 10);
        ensure!(found.state == "rejected" && report["state"] == "rejected" && is_told, "{kind}: {report}");
    }
    let report = analytics.find(&sent[0].1)?.map(|found| analytics.get(&format!("/analytics/uploads/{}", found.id)));
    let reason = report.transpose()?.map(|report| report.text).unwrap_or_default();
    ensure!(reason.contains("did you mean program_code?") && reason.contains("line 1"), "{reason}");
    ensure!(analytics.rows(SECRET)? == (0, 0), "rows of rejected files count");

    let expected = malformed.len() + sent.len() + 1;
    analytics.until("the dead letters", SOON, || Ok(analytics.depth(DEAD)? as usize >= expected))?;
    analytics.until_taken()?;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (body, attributes) in analytics.drain(DEAD)? {
        let text = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let (kind, reason) = (text("error_kind"), text("reason"));
        ensure!(text("function") == "CsvImporter" && reason.len() > 10, "{body}: {attributes:?}");
        ensure!(!body.contains(SECRET) && !reason.contains(SECRET), "{body}: {attributes:?}");
        if kind == "object_gone" {
            ensure!(reason.contains(&gone.key) && reason.contains(&gone.version), "{attributes:?}");
        }
        if let Some((_, object)) = sent.iter().find(|(of, _)| *of == kind) {
            ensure!(text("trace_id") == object.key && reason.contains(&object.key), "{attributes:?}");
        }
        *kinds.entry(kind).or_default() += 1;
    }
    let wanted = sent.iter().map(|(kind, _)| ((*kind).to_owned(), 1));
    let wanted: BTreeMap<String, usize> =
        wanted.chain([("malformed".to_owned(), malformed.len()), ("object_gone".to_owned(), 1)]).collect();
    ensure!(kinds == wanted, "{kinds:?} and not {wanted:?}");
    let logs = analytics.logs()?;
    ensure!(logs.contains("poison/unknown_header.csv") && !logs.contains(SECRET), "rows are in the logs");
    Ok(())
}
