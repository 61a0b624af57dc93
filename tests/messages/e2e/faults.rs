//! What breaks: queues out of reach, functions that are killed, messages that SQS gives up.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use messages_tests::load::Load;
use messages_tests::{Accepted, DEAD, Messages, PRODUCER, QUEUE, SOON, transaction};
use serde_json::{Value, json};

/// A queue that does not exist.
pub(crate) const NO_QUEUE: &str = "no_queue-local.fifo";

/// Does something while the producer knows queues that do not exist.
fn without_queues<T>(messages: &Messages, act: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let (main, dead) = (messages.queue_url(QUEUE)?, messages.queue_url(DEAD)?);
    let none = main.replace(QUEUE, NO_QUEUE);
    messages.set(PRODUCER, &[("SQS_MAIN_URL", &none), ("SQS_DEAD_LETTER_URL", &none)])?;
    let done = act();
    messages.set(PRODUCER, &[("SQS_MAIN_URL", &main), ("SQS_DEAD_LETTER_URL", &dead)])?;
    done
}

fn events(known: &Value) -> Vec<String> {
    let events = known["timeline"].as_array().cloned().unwrap_or_default();
    events.iter().map(|event| event["event"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A producer that dies between accepting and sending: the sweeper sends it, to whichever queue it was for.
pub(crate) fn swept(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let answers = without_queues(messages, || {
        let letter = transaction("swept", 2);
        let letter = messages.wait(session.post("/messages/send/dlq", &letter))?;
        Ok([messages.wait(session.message(&transaction("swept", 1)))?, letter])
    })?;
    for answer in answers {
        ensure!(answer.status == 503 && answer.header("retry-after") == "1", "{answer:?}");
        ensure!(
            !answer.text.contains("queue_") && !answer.text.contains("Queue"),
            "what failed is nobody's business: {answer:?}"
        );
    }
    let accepted = messages.wait(session.listed("status=ACCEPTED&payer=swept"))?;
    let id = |transaction: &str| {
        let one = accepted.iter().find(|one| one["payload"]["transaction_id"] == transaction);
        one.and_then(|one| one["message_id"].as_str()).map(str::to_owned).context("not accepted")
    };
    let (message, letter) = (id("swept-1")?, id("swept-2")?);
    ensure!(accepted.len() == 2 && accepted.iter().all(|one| events(one) == ["accepted"]), "{accepted:?}");
    messages.sweep()?;
    for id in [&message, &letter] {
        let known = messages.wait(session.known(id))?;
        ensure!(known["status"] == "ACCEPTED", "its client may still be at it: {known}");
        messages.wait(messages.table.age(id))?;
    }
    messages.sweep()?;
    let saved = messages.wait(session.until(&message, "SAVED", SOON))?;
    ensure!(events(&saved) == ["accepted", "queued", "received", "saved"], "{saved}");
    messages.until_dead(1)?;
    let done = messages.wait(session.reprocess(&json!({"ids": [letter]})))?;
    ensure!(done["total_reprocessed"] == 1, "{done}");
    messages.wait(session.until(&letter, "SAVED", SOON)).map(drop)
}

/// The same with a client that repeats its request under its key.
pub(crate) fn repeated(messages: &mut Messages) -> anyhow::Result<()> {
    let (session, message) = (messages.session()?, transaction("repeated", 1));
    let before = messages.wait(messages.table.records())?.len();
    let send = || messages.wait(session.message_with_key(&message, "repeated-1"));
    for answer in [without_queues(messages, send)?, without_queues(messages, send)?] {
        ensure!(answer.status == 503, "{answer:?}");
    }
    let answer = send()?;
    let saved = messages.wait(session.until(&answer.accepted()?, "SAVED", SOON))?;
    ensure!(events(&saved) == ["accepted", "queued", "received", "saved"], "{saved}");
    ensure!(send()?.text == answer.text, "another answer");
    let after = messages.wait(messages.table.records())?.len();
    ensure!(after == before + 1, "{after} messages, {before} before");
    Ok(())
}

/// A worker that never comes to an end: SQS moves the message, and the sweeper notes it.
pub(crate) fn moved_by_sqs(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    messages.let_worker_have_messages(false)?;
    let id = messages.wait(session.message(&transaction("moved", 1)))?.accepted()?;
    let most = messages.receives()?;
    for receive in 0..=most {
        let received = messages.receive()?;
        ensure!(received == usize::from(receive < most), "{received} messages at the receive {receive}");
    }
    ensure!(messages.depth(DEAD)? == 1 && messages.depth(QUEUE)? == 0, "not moved after {most} receives");
    messages.sweep()?;
    let known = messages.wait(session.until(&id, "DEAD", SOON))?;
    ensure!(known["error_kind"] == "received_too_often" && events(&known) == ["accepted", "queued", "dead"], "{known}");
    let told = messages.told(&["dead", "messages", "--kind", "none", "--json"], "")?;
    ensure!(told.code == Some(2) && told.json()?["dead_letters"].as_array().map(Vec::len) == Some(1), "{told:?}");
    messages.let_worker_have_messages(true)?;
    let told = messages.told(&["redrive", QUEUE, "--kind", "none", "--json"], "")?;
    ensure!(told.code == Some(0) && told.json()?["moved"] == 1, "{told:?}");
    let saved = messages.wait(session.until(&id, "SAVED", SOON))?;
    ensure!(saved["error_kind"].is_null(), "{saved}");
    messages.no_dead_letters()
}

/// Many clients, worker and producer killed, requests repeated, poison, and the cure.
pub(crate) fn killed(messages: &mut Messages) -> anyhow::Result<()> {
    messages.come_back_after(3)?;
    let load = Load { name: "killed", messages: 600, payers: 12, clients: 6, kills: 2 };
    let measured = load.run(messages)?;
    ensure!(measured.repeated == 60 && measured.killed.len() == 2, "{measured:?}");
    ensure!((measured.curable.len(), measured.incurable.len()) == (9, 9), "{measured:?}");
    measured.cure(messages)?;
    messages.come_back_after(30)?;
    // Nobody has saved one twice.
    let mut saves: BTreeMap<String, usize> = BTreeMap::new();
    for line in messages.logs(Some("WorkerConsumerSqs"))? {
        if line["action"] == "dynamodb_save" && line["status"] == "success" {
            *saves.entry(line["trace_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let twice: Vec<_> = saves.iter().filter(|(_, count)| **count > 1).collect();
    ensure!(saves.len() >= 580 && twice.is_empty(), "of {} saved twice: {twice:?}", saves.len());
    Ok(())
}

/// The schedule invokes the sweeper, besides this suite.
pub(crate) fn scheduled(messages: &mut Messages) -> anyhow::Result<()> {
    messages.until("a sweep of the schedule", Duration::from_secs(75), || {
        let lines = messages.logs(Some("MessagesSweeper"))?;
        let swept = lines.iter().filter(|line| line["action"] == "sweep").count();
        Ok(swept > messages.sweeps())
    })
}
