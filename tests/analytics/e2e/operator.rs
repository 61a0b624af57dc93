//! What the operator types: `infra upload`, `status`, `revert` and `invoke`.

use std::process::Output;

use analytics_tests::{Analytics, files};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// Files are named below the cloud's folder.
fn ran(analytics: &Analytics, arguments: &[&str], code: i32) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = analytics.infra_command(arguments).output()?;
    let (data, notes) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    ensure!(status.code() == Some(code), "`infra {}` ended with {status}:\n{data}{notes}", arguments.join(" "));
    Ok(if code == 64 { notes.into_owned() } else { data.into_owned() })
}

fn json_of(text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text).with_context(|| format!("no JSON: {text}"))
}

/// Good, half-good and bad files with their reports and exit codes; the state; and taking back.
pub(crate) fn commands(analytics: &mut Analytics) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| std::fs::write(analytics.root().join(name), text);
    write("good.csv", &format!("{}\nRJ;OPER;05/04/2021;30\nSP;OPER;06/04/2021;1\n", files::AVAILABILITY))?;
    write("half.csv", &format!("{}\nRJ;OPER;12/04/2021;20\nRJ;OPER;31/04/2021;20\n", files::AVAILABILITY))?;
    write("bad.csv", "signal;program_cod\nRJ;OPER\n")?;
    let long = files::long(70, "OPERLONG", 3, 260_000);
    write("long.csv", &long)?;
    ensure!(long.len() > 16 * 1024 * 1024, "{} bytes go as a whole", long.len());

    let checked =
        json_of(&ran(analytics, &["upload", "analytics", "good.csv", "--dry-run", "--prefix", "oper/", "--json"], 0)?)?;
    let report = &checked["files"][0]["report"]["upload"];
    ensure!(
        report["state"] == "checked" && report["effect"]["new"] == 2 && report["key"] == "oper/good.csv",
        "{checked}"
    );
    ensure!(analytics.rows("OPER")? == (0, 0), "a dry run has changed something");
    let sent =
        json_of(&ran(analytics, &["upload", "analytics", "good.csv", "long.csv", "--prefix", "oper/", "--json"], 0)?)?;
    ensure!(sent["files"][0]["report"]["upload"]["rows_taken"] == 2, "{sent}");
    ensure!(sent["files"][1]["report"]["upload"]["rows_taken"] == 260_000, "{sent}");
    ensure!(analytics.rows("OPER")? == (260_000, 2), "{:?}", analytics.rows("OPER")?);

    let text = ran(analytics, &["upload", "analytics", "half.csv", "--key", "oper/half.csv"], 5)?;
    for part in ["oper/half.csv", "1 taken", "1 rejected", "31/04/2021", "date", "rejected.csv"] {
        ensure!(text.contains(part), "no {part} in:\n{text}");
    }
    let text = ran(analytics, &["upload", "analytics", "bad.csv", "--dry-run"], 1)?;
    ensure!(text.contains("unknown_header"), "{text}");
    analytics.no_dead_letters()?;
    let text = ran(analytics, &["upload", "analytics", "bad.csv"], 1)?;
    ensure!(text.contains("unknown_header") && text.contains("did you mean program_code?"), "{text}");
    let text = ran(analytics, &["upload", "analytics", "god.csv"], 64)?;
    ensure!(text.contains("did you mean \"good.csv\"?"), "{text}");
    analytics.until("the dead letter", analytics_tests::SOON, || Ok(analytics.depth(analytics_tests::DEAD)? == 1))?;
    analytics.drain(analytics_tests::DEAD)?;

    let status = json_of(&ran(analytics, &["status", "analytics", "--json"], 0)?)?;
    let uploads = status["uploads"].as_array().cloned().unwrap_or_default();
    let of =
        |key: &str| uploads.iter().find(|upload| upload["key"] == key).with_context(|| format!("no {key}: {status}"));
    ensure!(of("bad.csv")?["state"] == "rejected" && of("oper/half.csv")?["rows_rejected"] == 1, "{status}");
    let table = ran(analytics, &["status", "analytics"], 0)?;
    ensure!(table.contains("oper/half.csv") && table.contains("unknown_header"), "{table}");

    let id = sent["files"][0]["report"]["upload"]["id"].as_str().unwrap_or_default().to_owned();
    for _ in 0..2 {
        let reverted = json_of(&ran(analytics, &["revert", "analytics", &id, "--json"], 0)?)?;
        ensure!(reverted["reverted"]["state"] == "reverted", "{reverted}");
        ensure!(analytics.rows("OPER")? == (260_000, 1), "{:?}", analytics.rows("OPER")?);
    }
    for id in ["7", "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", of("bad.csv")?["id"].as_str().unwrap_or_default()] {
        let text = ran(analytics, &["revert", "analytics", id], 64)?;
        ensure!(text.contains(id), "{text}");
    }
    let shown = json_of(&ran(analytics, &["invoke", "analytics", "--json"], 0)?)?;
    ensure!(shown["answer"]["body"]["status"] == "SUCCESS" && shown["answer"]["body"]["body"] != json!([]), "{shown}");
    analytics.no_dead_letters()
}
