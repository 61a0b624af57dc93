//! Looking after a stage on a local cloud of its own: outputs, status, logs, redrive, drift and the doctor, as a user runs them.
//!
//! The scenarios share one cloud and do not depend on each other; the one that deletes resources gets its own. Every cloud is stopped at
//! the end, also after a failure.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use fipe_tests::Chain;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use test_harness::permissions::Permissions;
use test_harness::scenarios::{Scenario, Suite};
use test_harness::{Cloud, repository};

const MONTH: &str = "2026-08";
const QUEUE: &str = "fipe-model-queue-local";
const DEAD: &str = "fipe-model-dlq-local";

const SCENARIOS: [(&str, Scenario<Chain>); 8] = [
    ("outputs_are_read_by_people_programs_and_shells", outputs),
    ("status_knows_every_resource_of_the_stacks", status),
    ("logs_of_a_crawl_are_one_stream_by_its_trace_id", logs_of_a_crawl),
    ("logs_that_are_followed_come_while_they_are_written", logs_followed),
    ("what_was_changed_or_deleted_behind_the_stacks_back_is_told", drift),
    ("dead_letters_go_back_with_all_that_belongs_to_them", redrive),
    ("a_redrive_that_is_interrupted_or_killed_loses_nothing", redrive_interrupted),
    ("the_doctor_answers_soon_without_an_account", doctor),
];

const ALONE: [(&str, Scenario<Chain>); 1] = [("what_is_gone_is_told_and_stops_nothing", gone)];

fn main() -> ExitCode {
    Suite { name: "operate", shared: &SCENARIOS, alone: &ALONE, permissions: Permissions::default() }.run()
}

fn outputs(cloud: &mut Chain) -> anyhow::Result<()> {
    let table = cloud.infra(&["outputs"])?;
    ensure!(
        table.lines().any(|line| line.split_whitespace().take(2).eq(["FipeApi", "ModelQueueUrl"])),
        "no row of ModelQueueUrl in:\n{table}"
    );
    let all = json(&cloud.infra(&["outputs", "FipeApi", "--json"])?)?;
    ensure!(all["FipeData"].is_null(), "stacks that were not asked for: {all}");
    let url = all["FipeApi"]["ModelQueueUrl"].as_str().unwrap_or_default();
    ensure!(url.ends_with(QUEUE), "{url}");

    let lines = cloud.infra(&["outputs", "--env"])?;
    let script =
        format!("set -eu; eval \"$LINES\"; test \"$ModelQueueUrl\" = '{url}'; test -n \"$FipeData_DBEndpoint\"");
    let told = Command::new("sh").args(["-c", &script]).env("LINES", lines).output()?;
    ensure!(told.status.success(), "a shell does not read them: {told:?}");

    let (code, _, said) = run(cloud, &["outputs", "FipeAPI"])?;
    ensure!(code == 64 && said.contains("FipeData"), "{code}: {said}");
    Ok(())
}

fn status(cloud: &mut Chain) -> anyhow::Result<()> {
    let status = json(&cloud.infra(&["status", "--json"])?)?;
    let ids = |key: &str| -> Vec<String> {
        let rows = status[key].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["logical_id"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let files = systems::read(&repository()?, "local")?;
    let stacks = systems::ConfiguredStage::parse("local", &files)?.synth()?;
    ensure!(status["stacks"].as_array().is_some_and(|found| found.len() == stacks.len()), "{status}");
    ensure!(status["stacks"][0]["found"]["status"] == "CREATE_COMPLETE", "{status}");
    let resources: Vec<_> = stacks.iter().flat_map(|stack| stack.template.resources()).collect();
    let declared = |kind: &str| -> BTreeSet<String> {
        let of_kind = resources.iter().filter(|entry| entry.parts.resource_type == kind);
        of_kind.map(|entry| entry.id.to_string()).collect()
    };
    let found = |key: &str| ids(key).into_iter().collect::<BTreeSet<_>>();
    ensure!(found("functions") == declared("AWS::Lambda::Function"), "{:?}", ids("functions"));
    let mappings = declared("AWS::Lambda::EventSourceMapping");
    ensure!(found("event_source_mappings") == mappings, "{:?}", ids("event_source_mappings"));
    let queue = |id: &str| status["queues"].as_array().and_then(|rows| rows.iter().find(|row| row["logical_id"] == id));
    for id in declared("AWS::SQS::Queue") {
        let of_another = id.strip_suffix("DeadLetters").and_then(queue);
        match of_another {
            Some(queue) => ensure!(queue["dead_letters"]["logical_id"] == *id, "{queue}"),
            None => ensure!(queue(&id).is_some(), "{id} is missing: {status}"),
        }
    }
    let unsent = queue("MonthlyCrawlDeadLetters").map(|queue| &queue["failures_of"]);
    ensure!(unsent == Some(&serde_json::json!(["MonthlyCrawl"])), "{unsent:?}");
    let schedule = &status["schedules"][0]["found"];
    ensure!(schedule["expression"] == "cron(0 3 5 * ? *)" && schedule["enabled"] == false, "{schedule}");
    let mapping = &status["event_source_mappings"][0]["found"];
    ensure!(
        mapping["state"] == "Enabled" && mapping["source_arn"].as_str().is_some_and(|arn| arn.contains(":fipe-")),
        "{mapping}"
    );
    let function = &status["functions"][0]["found"];
    ensure!(function["memory_mb"] == 256 && function["last_modified"].is_string(), "{function}");

    let table = cloud.infra(&["status"])?;
    ensure!(!table.contains("infra redrive"), "no dead letters are there:\n{table}");
    Ok(())
}

fn logs_of_a_crawl(cloud: &mut Chain) -> anyhow::Result<()> {
    let crawl = cloud.crawl(MONTH)?;
    let lines = documents(&cloud.infra(&["logs", "fipe", "--trace", &crawl, "--json"])?)?;
    ensure!(lines.iter().all(|line| line["trace_id"] == crawl.as_str()), "a line of another trace: {lines:?}");
    ensure!(functions(&lines).len() >= 4, "only {:?} have written", functions(&lines));
    let times: Vec<&str> = lines.iter().filter_map(|line| line["timestamp"].as_str()).collect();
    let parsed: Vec<Vec<u64>> = times.iter().map(|time| digits(time)).collect();
    ensure!(parsed.is_sorted(), "not in the order of time: {times:?}");

    let text = cloud.infra(&["logs", "fipe", "--trace", &crawl, "--function", "price"])?;
    ensure!(text.lines().count() > 0, "no line of the price loader");
    ensure!(text.lines().all(|line| line.contains("  FipePriceLoader  INFO   ")), "{text}");
    let none = cloud.infra(&["logs", "fipe", "--trace", "00000000-0000-0000-0000-000000000000"])?;
    ensure!(none.is_empty(), "{none}");

    let (code, _, said) = run(cloud, &["logs", "fipi"])?;
    ensure!(code == 64 && said.contains("fipe"), "{code}: {said}");
    Ok(())
}

fn logs_followed(cloud: &mut Chain) -> anyhow::Result<()> {
    let mut follow = cloud
        .infra_command(&["logs", "fipe", "--follow", "--json", "--since", "1s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let reader = BufReader::new(follow.stdout.take().ok_or_else(|| anyhow::anyhow!("no stdout"))?);
    let sink = Arc::clone(&lines);
    let reading = std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            sink.lock().map(|mut lines| lines.push(line)).ok();
        }
    });
    let crawl = cloud.invoke(MONTH)?;
    let of_crawl = || -> anyhow::Result<Vec<Value>> {
        let text = lines.lock().map_err(|_| anyhow::anyhow!("the reader panicked"))?.join("\n");
        Ok(documents(&text)?.into_iter().filter(|line| line["trace_id"] == crawl.as_str()).collect())
    };
    let came =
        cloud.until("lines of four functions", Duration::from_secs(30), || Ok(functions(&of_crawl()?).len() >= 4));
    cloud.wait_for_crawl(&crawl, Duration::from_secs(60))?;
    // Its last lines are written after the database has it.
    std::thread::sleep(Duration::from_secs(1));
    kill(Pid::from_raw(i32::try_from(follow.id())?), Signal::SIGINT)?;
    let ended = follow.wait()?;
    reading.join().map_err(|_| anyhow::anyhow!("the reader panicked"))?;
    came?;
    ensure!(ended.code() == Some(0), "an interrupt ends it well, and not with {ended}");

    // Nothing twice, nothing lost.
    let count = |lines: &[Value]| {
        let mut texts: Vec<String> = lines.iter().map(|line| line["line"].to_string()).collect();
        texts.sort();
        texts
    };
    let all = documents(&cloud.infra(&["logs", "fipe", "--trace", &crawl, "--json"])?)?;
    let (followed, all) = (count(&of_crawl()?), count(&all));
    ensure!(followed == all, "{} lines were followed, {} are there", followed.len(), all.len());
    Ok(())
}

fn drift(cloud: &mut Chain) -> anyhow::Result<()> {
    let (code, said, notes) = run(cloud, &["drift"])?;
    ensure!(code == 0 && said.contains("FipeApi-local  no drift"), "{code}: {said}{notes}");

    let url = cloud.queue_url(QUEUE)?;
    let set = |value: &str| {
        let call =
            cloud.sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::VisibilityTimeout, value);
        cloud.wait(call.send())?;
        anyhow::Ok(())
    };
    set("61")?;
    let (code, said, _) = run(cloud, &["drift", "FipeApi", "--json"])?;
    let (text_code, text, _) = run(cloud, &["drift"])?;
    set("60")?;
    let drifted = &json(&said)?["stacks"][0]["drifted"];
    let difference = &drifted[0]["differences"][0];
    ensure!(code == 2 && drifted.as_array().is_some_and(|all| all.len() == 1), "{code}: {said}");
    ensure!(drifted[0]["logical_id"] == "ModelQueue" && difference["path"] == "/VisibilityTimeout", "{said}");
    ensure!(difference["expected"] == "60" && difference["actual"] == "61", "{said}");
    ensure!(text_code == 2 && text.contains("MODIFIED  ModelQueue") && text.contains("expected  60"), "{text}");
    let (code, said, _) = run(cloud, &["drift"])?;
    ensure!(code == 0 && said.contains("that AWS cannot compare"), "{code}: {said}");
    Ok(())
}

/// Lets functions take messages from the queue, or none so that they can be looked at.
fn let_functions_have_messages(cloud: &Cloud, enabled: bool) -> anyhow::Result<()> {
    let body = serde_json::json!({"Enabled": enabled}).to_string();
    let answer = cloud.wait(cloud.http.put(mapping(cloud)?).body(body).send())?.status();
    ensure!(answer.is_success(), "the mapping is not changed: {answer}");
    Ok(())
}

/// The address of the queue's event source mapping.
fn mapping(cloud: &Cloud) -> anyhow::Result<String> {
    let status = json(&cloud.infra(&["status", "--json"])?)?;
    let mappings = status["event_source_mappings"].as_array().cloned().unwrap_or_default();
    let mapping = mappings.iter().find(|mapping| mapping["logical_id"] == "FipePriceLoaderSource");
    let uuid = mapping.and_then(|mapping| mapping["physical_id"].as_str()).context("no mapping of the queue")?;
    Ok(format!("{}/2015-03-31/event-source-mappings/{uuid}", cloud.endpoint))
}

fn redrive(cloud: &mut Chain) -> anyhow::Result<()> {
    let_functions_have_messages(cloud, false)?;
    let outcome = redrive_all(cloud);
    let_functions_have_messages(cloud, true)?;
    outcome
}

fn redrive_all(cloud: &Cloud) -> anyhow::Result<()> {
    let sent = dead_letters(cloud, 25)?;
    let table = cloud.infra(&["status"])?;
    ensure!(table.contains("25 dead letters") && table.contains("`infra redrive ModelQueue --stage local`"), "{table}");

    let told = json(&cloud.infra(&["redrive", DEAD, "--max", "7", "--json"])?)?;
    ensure!(told["moved"] == 7 && told["ended"] == "completed", "{told}");
    ensure!((cloud.depth(QUEUE)?, cloud.depth(DEAD)?) == (7, 18), "{} and {}", cloud.depth(QUEUE)?, cloud.depth(DEAD)?);
    let told = cloud.infra(&["redrive", "ModelQueue"])?;
    ensure!(told.contains("18 messages moved from fipe-model-dlq-local to fipe-model-queue-local"), "{told}");
    let again = cloud.infra(&["redrive", "modelqueue"])?;
    ensure!(again.contains("has no message to move"), "{again}");

    let arrived = cloud.drain(QUEUE)?;
    let bodies: BTreeSet<String> = arrived.iter().map(|(body, _)| body.clone()).collect();
    ensure!(arrived.len() == 25 && bodies == sent, "{} messages arrived: {bodies:?}", arrived.len());
    ensure!(arrived.iter().all(|(_, attributes)| attributes["reason"] == "not \"there\""), "{arrived:?}");

    let (code, _, said) = run(cloud, &["redrive", "NoQueue"])?;
    ensure!(code == 64 && said.contains("ManufacturerQueue, ModelQueue, PriceQueue"), "{code}: {said}");
    Ok(())
}

fn redrive_interrupted(cloud: &mut Chain) -> anyhow::Result<()> {
    let_functions_have_messages(cloud, false)?;
    let outcome = interrupted(cloud);
    let_functions_have_messages(cloud, true)?;
    outcome
}

fn interrupted(cloud: &Cloud) -> anyhow::Result<()> {
    let sent = dead_letters(cloud, 800)?;
    let child = cloud.infra_command(&["redrive", "ModelQueue"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let begun = cloud.until("the first messages", Duration::from_secs(20), || Ok(cloud.depth(QUEUE)? > 20));
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGINT)?;
    let output = child.wait_with_output()?;
    begun?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(130) && told.starts_with("cancelled: "), "{}: {told}", output.status);
    let (arrived, left) = (cloud.depth(QUEUE)?, cloud.depth(DEAD)?);
    ensure!(left > 0 && arrived + left == 800, "{arrived} arrived and {left} are left, of 800");
    ensure!(told.contains(&format!("{arrived} messages moved")), "{arrived} arrived: {told}");

    let mut child =
        cloud.infra_command(&["redrive", "ModelQueue"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let begun = cloud.until("the first messages", Duration::from_secs(20), || Ok(cloud.depth(QUEUE)? > arrived + 20));
    child.kill()?;
    child.wait()?;
    begun?;
    let (arrived, left) = (cloud.depth(QUEUE)?, cloud.depth(DEAD)?);
    ensure!(left > 0, "it was done before it was killed: {arrived} arrived");
    ensure!(arrived + left >= 800, "{arrived} arrived and {left} are left, of 800");

    // What the killed one had received is visible again after 30 s: everything else goes back now.
    cloud.infra(&["redrive", "ModelQueue"])?;
    let url = cloud.queue_url(DEAD)?;
    let mut found: BTreeSet<String> = cloud.drain(QUEUE)?.into_iter().map(|(body, _)| body).collect();
    let missing = sent.len() - found.len();
    ensure!(missing <= 10, "{missing} messages are hidden, and a batch has ten");
    if missing > 0 {
        cloud.until("the hidden messages", Duration::from_secs(35), || {
            found.extend(cloud.drain(DEAD)?.into_iter().map(|(body, _)| body));
            Ok(found == sent)
        })?;
    }
    ensure!(found == sent, "lost: {:?}", sent.difference(&found).collect::<Vec<_>>());
    cloud.wait(cloud.sqs.purge_queue().queue_url(url).send())?;
    Ok(())
}

fn gone(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.crawl(MONTH)?;
    let deleted = cloud.wait(cloud.http.delete(mapping(cloud)?).send())?.status();
    ensure!(deleted.is_success(), "the mapping was not deleted: {deleted}");
    let table = cloud.infra(&["status"])?;
    ensure!(table.contains("GONE"), "the mapping is gone:\n{table}");

    let group = "/aws/lambda/FipeModelLoader-local";
    let request = cloud
        .http
        .post(&cloud.endpoint)
        .header("X-Amz-Target", "Logs_20140328.DeleteLogGroup")
        .header("Content-Type", "application/x-amz-json-1.1")
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(serde_json::json!({"logGroupName": group}).to_string());
    let answer = cloud.wait(request.send())?.status();
    ensure!(answer.is_success(), "the log group was not deleted: {answer}");

    let (code, lines, notes) = run(cloud, &["logs", "fipe"])?;
    ensure!(code == 0 && notes.contains(group), "{code}: {notes}");
    ensure!(lines.contains("FipePriceLoader") && !lines.contains("FipeModelLoader  "), "{lines}");
    let (code, said, _) = run(cloud, &["drift"])?;
    ensure!(code == 2 && said.contains("DELETED   FipeModelLoaderLogGroup"), "{code}: {said}");
    Ok(())
}

fn doctor(cloud: &mut Chain) -> anyhow::Result<()> {
    let (code, said, _) = run(cloud, &["doctor", "--json"])?;
    let told = json(&said)?;
    ensure!(code == 0 && told["failed"] == false, "{code}: {said}");
    let verdict = |told: &Value, id: &str| {
        let checks = told["checks"].as_array().cloned().unwrap_or_default();
        checks.iter().find(|check| check["id"] == id).map(|check| check["verdict"].clone()).unwrap_or_default()
    };
    ensure!(verdict(&told, "port.ministack") == "ok" && verdict(&told, "tool.cargo") == "ok", "{said}");
    let taken = cloud.port("MINISTACK_PORT")?.to_string();
    let (code, said, _) = run(cloud, &["doctor", "--postgres-port", &taken, "--json"])?;
    ensure!(code == 0, "our own port is none of others': {said}");

    let home = tempfile::tempdir()?;
    let without = |arguments: &[&str]| -> anyhow::Result<(i32, String, Duration)> {
        let mut command = cloud.infra_command(arguments);
        // The tools are found through the real home.
        command
            .env("AWS_CONFIG_FILE", home.path().join("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("credentials"));
        let started = Instant::now();
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ok((output.status.code().unwrap_or(-1), text, started.elapsed()))
    };
    for profile in [&["--profile", "nowhere"][..], &[]] {
        let (code, said, took) = without(&[&["doctor", "--stage", "dev", "--json"], profile].concat())?;
        let told = json(&said)?;
        ensure!(code == 1 && verdict(&told, "credentials") == "failed", "{code}: {said}");
        ensure!(verdict(&told, "tool.cargo") == "ok" && verdict(&told, "disk") != Value::Null, "{said}");
        ensure!(took < Duration::from_secs(3), "it took {took:?}");
        ensure!(profile.is_empty() || said.contains("nowhere"), "{said}");
    }
    let (code, said, took) = without(&["status", "--stage", "dev", "--profile", "nowhere", "--region", "sa-east-1"])?;
    ensure!(code == 64 && said.contains("there is no profile \"nowhere\""), "{code}: {said}");
    ensure!(took < Duration::from_secs(1), "it took {took:?}");
    Ok(())
}

/// Puts messages into the dead-letter queue; answers with their bodies.
fn dead_letters(cloud: &Cloud, number: usize) -> anyhow::Result<BTreeSet<String>> {
    let url = cloud.queue_url(DEAD)?;
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("not \"there\"").build()?;
    (0..number)
        .map(|number| {
            let body = format!("dead letter {number}");
            let call = cloud.sqs.send_message().queue_url(&url).message_body(&body);
            cloud.wait(call.message_attributes("reason", attribute.clone()).send())?;
            Ok(body)
        })
        .collect()
}

/// Exit code, data and notes.
fn run(cloud: &Cloud, arguments: &[&str]) -> anyhow::Result<(i32, String, String)> {
    let output = cloud.infra_command(arguments).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
}

fn json(text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text).map_err(|error| anyhow::anyhow!("{error} in {text}"))
}

fn documents(text: &str) -> anyhow::Result<Vec<Value>> {
    text.lines().map(json).collect()
}

fn functions(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().filter_map(|line| Some(line["function"].as_str()?.to_owned())).collect()
}

/// The numbers of a time, so that fractions of any length compare.
fn digits(time: &str) -> Vec<u64> {
    let (whole, fraction) = time.trim_end_matches('Z').split_once('.').unwrap_or((time.trim_end_matches('Z'), ""));
    let fraction = format!("{fraction:0<9}");
    let numbers = whole.split(|c: char| !c.is_ascii_digit()).chain([fraction.as_str()]);
    numbers.map(|number| number.parse().unwrap_or_default()).collect()
}
