//! Dead letters: why they are dead, which go back, and who said so.

use anyhow::{Context, ensure};
use messages_tests::{Accepted, DEAD, Messages, QUEUE, SOON, Session, USER, transaction};
use serde_json::{Value, json};

/// Messages of a payer, straight to the dead-letter queue.
fn dead(messages: &Messages, session: &Session, payer: &str, number: usize) -> anyhow::Result<Vec<String>> {
    let send = |number| messages.wait(session.post("/messages/send/dlq", &transaction(payer, number)))?.accepted();
    (0..number).map(send).collect()
}

fn in_currency(payer: &str, number: usize, currency: &str) -> Value {
    let mut message = transaction(payer, number);
    message["currency"] = currency.into();
    message
}

/// Poison is dead with its reason, and everything else of its payer goes on in order.
pub(crate) fn poison(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    messages.settle_currencies("BRL,USD")?;
    let (main, payer) = (messages.queue_url(QUEUE)?, "poisoned");
    let put = |body: &str, number: usize| {
        let call = messages.sqs.send_message().queue_url(&main).message_body(body).message_group_id(payer);
        messages.wait(call.message_deduplication_id(format!("{payer}-{number}")).send()).context("not sent").map(drop)
    };
    let mut good = Vec::new();
    let mut send = |number: usize, currency: &str| {
        let id = messages.wait(session.message(&in_currency(payer, number, currency)))?.accepted()?;
        if currency != "XTS" {
            good.push(id.clone());
        }
        anyhow::Ok(id)
    };
    send(1, "BRL")?;
    put("not JSON", 1)?;
    send(2, "BRL")?;
    put(r#"{"message_id": "7"}"#, 2)?;
    let unsettled = send(3, "XTS")?;
    send(4, "USD")?;
    let mut saved_at = Vec::new();
    for id in &good {
        let known = messages.wait(session.until(id, "SAVED", SOON))?;
        saved_at.push(known["since"].as_str().unwrap_or_default().parse::<jiff::Timestamp>()?);
    }
    ensure!(saved_at.is_sorted(), "{saved_at:?}");
    messages.until_dead(3)?;
    let listed = messages.wait(session.listed("reason=SETTLED&payer=poisoned"))?;
    ensure!(listed.len() == 1 && listed[0]["message_id"] == unsettled.as_str(), "{listed:?}");
    ensure!(listed[0]["error_kind"] == "currency_not_settled", "{listed:?}");
    ensure!(listed[0]["reason"].as_str().is_some_and(|reason| reason.contains("XTS")), "{listed:?}");
    let malformed = messages.wait(session.listed("reason=malformed"))?;
    let bodies: Vec<&str> = malformed.iter().filter_map(|message| message["body"].as_str()).collect();
    ensure!(bodies.contains(&"not JSON") && bodies.contains(&r#"{"message_id": "7"}"#), "{malformed:?}");
    let id = malformed.iter().find(|message| message["body"] == "not JSON").map(|message| &message["message_id"]);
    let id = id.and_then(Value::as_str).context("no id")?.to_owned();
    ensure!(id.starts_with("dead#"), "{id}");
    let known = messages.wait(session.known(&id.replace('#', "%23")))?;
    ensure!(
        known["status"] == "DEAD" && known["timeline"].as_array().is_some_and(|events| !events.is_empty()),
        "{known}"
    );

    // No message is parked at once; the others go back as often as is allowed.
    messages.settle_currencies("*")?;
    let done = messages.wait(session.reprocess(&json!({})))?;
    ensure!(done["total_reprocessed"] == 1 && done["parked"] == 2 && done["remaining"] == 0, "{done}");
    let cured = messages.wait(session.until(&unsettled, "SAVED", SOON))?;
    let events = cured["timeline"].as_array().cloned().unwrap_or_default();
    let events: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    ensure!(events == ["accepted", "queued", "received", "dead", "replayed", "received", "saved"], "{cured}");
    ensure!(cured["timeline"][4]["detail"] == format!("for the 1st time, by {USER}"), "{cured}");
    let parked = messages.wait(session.known(&id.replace('#', "%23")))?;
    ensure!(parked["status"] == "PARKED" && parked["body"] == "not JSON", "{parked}");
    let job = messages.wait(session.get(&format!("/messages/jobs/{}", done["job_id"].as_str().unwrap_or_default())))?;
    let audited = job.json()?;
    ensure!(audited["by"] == USER && audited["state"] == "DONE" && audited["parked"] == 2, "{audited}");

    // What lies in the queue says as much as the table.
    messages.settle_currencies("BRL")?;
    let id = messages.wait(session.message(&in_currency(payer, 5, "XTS")))?.accepted()?;
    messages.until_dead(1)?;
    messages.settle_currencies("*")?;
    let shown = messages.told(&["dead", "messages", "--json"], "")?.json()?;
    let letter = &shown["dead_letters"][0];
    ensure!(letter["body"].as_str().is_some_and(|body| body.contains(&id)), "{shown}");
    ensure!(letter["kind"] == "currency_not_settled" && letter["trace_id"] == id.as_str(), "{shown}");
    ensure!(letter["function"] == "WorkerConsumerSqs", "{shown}");
    ensure!(letter["reason"].as_str().is_some_and(|reason| reason.contains("XTS")), "{shown}");
    messages.wait(session.reprocess(&json!({})))?;
    messages.wait(session.until(&id, "SAVED", SOON))?;
    letters_are_gone(messages)
}

pub(crate) fn plans(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let (first, second) = (dead(messages, &session, "plan-1", 3)?, dead(messages, &session, "plan-2", 2)?);
    messages.until_dead(5)?;
    let plan = |wanted: Value| messages.wait(session.reprocess(&wanted));
    let planned = plan(json!({"filter": {"payer": "plan-1"}, "dry_run": true}))?;
    ensure!(planned["dry_run"] == true && planned["would_reprocess"] == 3 && planned["would_park"] == 0, "{planned}");
    ensure!(planned["ids"] == json!(first) && planned["by_kind"] == json!({"sent_by_user": 3}), "{planned}");
    ensure!(planned["oldest"].is_string() && planned["is_complete"] == true, "{planned}");
    let planned = plan(json!({"ids": [second[1], "7"], "dry_run": true}))?;
    ensure!(planned["would_reprocess"] == 1 && planned["ids"] == json!([second[1]]), "{planned}");
    let planned = plan(json!({"filter": {"reason": "nothing like it"}, "dry_run": true}))?;
    ensure!(planned["would_reprocess"] == 0 && planned["ids"] == json!([]), "{planned}");
    ensure!(messages.depth(DEAD)? == 5, "a plan has moved something");

    let listed = messages.wait(session.listed("payer=plan-1&limit=1"))?;
    let ids: Vec<&str> = listed.iter().filter_map(|message| message["message_id"].as_str()).collect();
    ensure!(ids == first, "{ids:?} and not {first:?}");
    let since = listed[1]["since"].as_str().unwrap_or_default();
    let before = messages.wait(session.listed(&format!("payer=plan-1&before={since}")))?;
    ensure!(before.len() == 1 && before[0]["message_id"] == first[0].as_str(), "{before:?}");
    ensure!(messages.wait(session.listed("payer=plan-1&reason=other"))?.is_empty(), "another reason");

    let done = plan(json!({"filter": {"payer": "plan-1"}, "limit": 1}))?;
    ensure!(done["total_reprocessed"] == 1, "{done}");
    messages.wait(session.until(&first[0], "SAVED", SOON))?;
    let done = plan(json!({"ids": [second[0]]}))?;
    ensure!(done["total_reprocessed"] == 1, "{done}");
    messages.wait(session.until(&second[0], "SAVED", SOON))?;
    for id in [&first[1], &first[2], &second[1]] {
        ensure!(messages.wait(session.known(id))?["status"] == "DEAD", "{id} was not meant");
    }
    let done = plan(json!({"rate": 1000}))?;
    ensure!(done["total_reprocessed"] == 3, "{done}");
    for id in first.iter().chain(&second) {
        messages.wait(session.until(id, "SAVED", SOON))?;
    }
    letters_are_gone(messages)
}

/// Letters of messages that went back by the table are deleted by the next walk or sweep.
fn letters_are_gone(messages: &Messages) -> anyhow::Result<()> {
    messages.until("the letters to be deleted", SOON, || {
        messages.sweep()?;
        Ok(messages.depth(DEAD)? == 0)
    })
}

pub(crate) fn jobs(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let ids = dead(messages, &session, "jobs", 3)?;
    messages.until_dead(3)?;
    let begin = || {
        let answer = messages
            .wait(session.post("/messages/dlq/reprocess", &json!({"job": true, "filter": {"payer": "jobs"}})))?;
        let job = answer.json()?;
        let path = answer.header("location").to_owned();
        ensure!(answer.status == 202 && job["state"] == "RUNNING" && job["by"] == USER, "{answer:?}");
        ensure!(path == format!("/messages/jobs/{}", job["job_id"].as_str().unwrap_or_default()), "{answer:?}");
        anyhow::Ok(path)
    };
    let look = |path: &str| {
        let answer = messages.wait(session.get(path))?;
        ensure!(answer.status == 200, "{answer:?}");
        answer.json()
    };
    let stopped = begin()?;
    let answer = messages.wait(session.post(&format!("{stopped}/stop"), &json!({})))?;
    ensure!(answer.status == 200 && answer.json()?["state"] == "STOPPED", "{answer:?}");
    messages.sweep()?;
    ensure!(look(&stopped)?["state"] == "STOPPED" && look(&stopped)?["total_reprocessed"] == 0, "{}", look(&stopped)?);
    ensure!(messages.depth(DEAD)? == 3, "a job that was stopped has gone on");

    let job = begin()?;
    messages.sweep()?;
    messages.until("the job to be done", SOON, || Ok(look(&job)?["state"] == "DONE"))?;
    let done = look(&job)?;
    ensure!(done["total_reprocessed"] == 3 && done["wanted"]["filter"]["payer"] == "jobs", "{done}");
    for id in &ids {
        let saved = messages.wait(session.until(id, "SAVED", SOON))?;
        let events = saved["timeline"].as_array().cloned().unwrap_or_default();
        let replayed = events.iter().find(|event| event["event"] == "replayed").map(|event| event["detail"].clone());
        ensure!(replayed == Some(format!("for the 1st time, by {USER}").into()), "{saved}");
    }
    letters_are_gone(messages)
}
