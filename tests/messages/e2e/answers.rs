//! What else the API answers: counts, timelines, errors, pages, and what a fuzzer makes of the document.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use messages_contract::{Operation, ROUTES};
use messages_tests::{Accepted, DEAD, Messages, QUEUE, SOON, USER, transaction};
use serde_json::{Value, json};
use test_harness::http::Answer;
use test_harness::{repository, schemathesis};

use crate::{detail, is_detail};

pub(crate) fn counts(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let status = |path: &str| {
        let answer = messages.wait(session.get(&format!("/messages/status{path}")))?;
        ensure!(answer.status == 200, "{answer:?}");
        answer.json()
    };
    messages.let_worker_have_messages(false)?;
    let mut ids = Vec::new();
    for (payer, number) in [("counts-1", 1), ("counts-1", 2), ("counts-2", 1)] {
        ids.push(messages.wait(session.message(&transaction(payer, number)))?.accepted()?);
    }
    let letter = messages.wait(session.post("/messages/send/dlq", &transaction("counts-3", 1)))?.accepted()?;
    for (path, name) in [
        ("", "main_queue.fifo"),
        ("/main_queue.fifo", "main_queue.fifo"),
        ("/main_queue-local.fifo", "main_queue-local.fifo"),
    ] {
        let mut counts = status(path)?;
        let (oldest, age) = (counts["oldest_since"].take(), counts["oldest_age_seconds"].take());
        ensure!(oldest.as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{path}: {oldest}");
        ensure!(age.as_u64().is_some_and(|age| age < 60), "{path}: {age}");
        let parked = counts["messages_parked"].take();
        let expected = json!({
            "queue_name": name, "messages_available": 3, "messages_in_flight": 0, "messages_delayed": 0, "messages_in_dlq": 1,
            "oldest_since": null, "oldest_age_seconds": null, "groups": 2, "messages_parked": null,
        });
        ensure!(counts == expected && parked.is_u64(), "{path}: {counts}");
    }
    let dead = status("/dlq_queue.fifo")?;
    ensure!(dead["messages_available"] == 1 && dead["messages_in_dlq"] == 0, "{dead}");
    for name in ["none.fifo", "main_queue", "main_queue-prd.fifo", "%3F"] {
        let answer = messages.wait(session.get(&format!("/messages/status/{name}")))?;
        ensure!(answer.status == 400 && answer.json()?["detail"].is_string(), "{name}: {answer:?}");
        let answer = messages.wait(session.post(&format!("/messages/reprocess/{name}"), &json!({})))?;
        ensure!(answer.status == 400, "{name}: {answer:?}");
    }
    let answer = messages.wait(session.post("/messages/reprocess/dlq_queue.fifo", &json!({})))?;
    ensure!(answer.status == 400, "it has no dead-letter queue: {answer:?}");

    messages.let_worker_have_messages(true)?;
    let done = messages.wait(session.send("POST", "/messages/reprocess/main_queue.fifo", &[], ""))?;
    let told = done.json()?;
    ensure!(done.status == 200 && told["message"] == "Reprocessing completed.", "{done:?}");
    ensure!(told["total_reprocessed"] == 1 && told["remaining"] == 0, "{told}");
    for id in ids.iter().chain([&letter]) {
        messages.wait(session.until(id, "SAVED", SOON))?;
    }
    messages.until("nothing to be open", SOON, || {
        let counts = status("")?;
        Ok(counts["messages_available"] == 0 && counts["groups"] == 0 && counts["oldest_since"].is_null())
    })
}

pub(crate) fn timeline(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    messages.let_worker_have_messages(false)?;
    let id = messages.wait(session.message(&transaction("timeline", 1)))?.accepted()?;
    let path = format!("/messages/{id}");
    let events = |known: &Value| {
        let events = known["timeline"].as_array().cloned().unwrap_or_default();
        events.iter().map(|event| event["event"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let known = messages.wait(session.known(&id))?;
    ensure!(known["status"] == "QUEUED" && events(&known) == ["accepted", "queued"], "{known}");
    ensure!(known["timeline"][0]["detail"] == format!("from {USER}"), "{known}");
    let begun = Instant::now();
    let early = messages.wait(session.get(&format!("{path}?wait=1")))?;
    ensure!(early.json()?["status"] == "QUEUED" && begun.elapsed() > Duration::from_millis(400), "{early:?}");

    let begun = Instant::now();
    let waiting = messages.spawn({
        let (session, path) = (session.clone(), format!("{path}?wait=20"));
        async move { session.get(&path).await }
    });
    messages.let_worker_have_messages(true)?;
    let answer = messages.wait(waiting)??;
    let known = answer.json()?;
    ensure!(known["status"] == "SAVED" && begun.elapsed() < Duration::from_secs(19), "{known}");
    ensure!(events(&known) == ["accepted", "queued", "received", "saved"], "{known}");
    ensure!(known["timeline"][2]["detail"] == "for the 1st time", "{known}");
    ensure!(known["message_id"] == id.as_str() && known["dlq_retry"] == 0, "{known}");
    ensure!(known["payload"]["transaction_id"] == "timeline-1" && known["error_kind"].is_null(), "{known}");
    let tag = answer.header("etag").to_owned();
    let again = messages.wait(session.send("GET", &path, &[("if-none-match", &tag)], ""))?;
    ensure!(again.status == 304 && again.text.is_empty() && again.header("etag") == tag, "{again:?}");

    for id in ["6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", "7", "%00", "%3F", "dead%23x"] {
        let answer = messages.wait(session.get(&format!("/messages/{id}")))?;
        is_detail(&answer, 404, "no message has this id")?;
    }
    // What else is in the table is no message.
    let login = messages.wait(session.get(&format!("/messages/user%23{}", USER.replace('@', "%40"))))?;
    is_detail(&login, 404, "no message has this id")?;
    for wait in ["21", "-1", "x", "1.5"] {
        let answer = messages.wait(session.get(&format!("{path}?wait={wait}")))?;
        ensure!(answer.status == 422 && detail(&answer)?[0]["loc"] == json!(["query", "wait"]), "{wait}: {answer:?}");
    }
    Ok(())
}

pub(crate) fn errors(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let both = |method: &str, path: &str, status: u16, text: &str| {
        let answer = messages.wait(session.send(method, path, &[], ""))?;
        is_detail(&answer, status, text).with_context(|| format!("{method} {path}"))?;
        let asked = messages.wait(session.send(method, path, &[("accept", "application/problem+json")], ""))?;
        let problem = asked.json()?;
        ensure!(asked.status == status && asked.header("content-type") == "application/problem+json", "{asked:?}");
        ensure!(problem["status"] == status && problem["type"] == "about:blank", "{problem}");
        ensure!(problem["title"].is_string(), "{problem}");
        for answer in [&answer, &asked] {
            ensure!(answer.header("vary").to_lowercase().contains("accept"), "{method} {path}: {answer:?}");
        }
        anyhow::Ok::<Answer>(answer)
    };
    for path in ["/elsewhere", "/", "/messages/send/", "/users/other", "/users", "/Messages/status"] {
        let answer = both("GET", path, 404, "Not Found")?;
        ensure!(answer.header("allow").is_empty(), "{answer:?}");
    }
    for (path, allowed) in [
        ("/messages/status", "GET"),
        ("/messages/status/main_queue.fifo", "GET"),
        ("/messages/send", "POST"),
        ("/messages/send/dlq", "POST"),
        ("/messages/dlq/reprocess", "POST"),
        ("/users/login", "POST"),
        ("/.well-known/jwks.json", "GET"),
        ("/openapi.json", "GET"),
    ] {
        for method in ["PUT", "DELETE", "PATCH", if allowed == "GET" { "POST" } else { "GET" }] {
            let answer = both(method, path, 405, "Method Not Allowed")?;
            ensure!(answer.header("allow") == allowed, "{method} {path}: {answer:?}");
        }
    }
    // HEAD is GET without the body.
    for path in ["/messages/status", "/openapi.json", "/docs", "/messages", "/.well-known/jwks.json", "/elsewhere"] {
        let [get, head] = ["GET", "HEAD"].map(|method| messages.wait(session.send(method, path, &[], "")));
        let (get, head) = (get?, head?);
        ensure!(head.status == get.status && head.text.is_empty(), "HEAD {path}: {head:?}");
        ensure!(head.header("content-type") == get.header("content-type"), "HEAD {path}: {head:?}");
    }
    for query in ["before=yesterday", "limit=0", "limit=101", "status=SAVED", "limit=x&before=7"] {
        let answer = messages.wait(session.get(&format!("/messages/dead?{query}")))?;
        let faults = detail(&answer)?;
        ensure!(answer.status == 422 && faults.len() == query.split('&').count(), "{query}: {answer:?}");
        ensure!(faults.iter().all(|fault| fault["loc"][0] == "query"), "{query}: {answer:?}");
    }
    for body in
        [json!({"limit": 0}), json!({"rate": 1001}), json!({"ids": vec!["7"; 101]}), json!({"other": 1}), json!([])]
    {
        let answer = messages.wait(session.post("/messages/dlq/reprocess", &body))?;
        ensure!(answer.status == 422 && detail(&answer)?[0]["loc"][0] == "body", "{body}: {answer:?}");
    }
    for path in ["/messages/jobs/7", "/messages/jobs/6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11"] {
        is_detail(&messages.wait(session.get(path))?, 404, "no job has this id")?;
        is_detail(&messages.wait(session.post(&format!("{path}/stop"), &json!({})))?, 404, "no job has this id")?;
    }
    Ok(())
}

pub(crate) fn pages_and_document(messages: &mut Messages) -> anyhow::Result<()> {
    let get = |path: &str| messages.wait(messages.api.get(path));
    for path in ["/messages", "/docs"] {
        let page = get(path)?;
        ensure!(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8", "{page:?}");
        ensure!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);
        for load in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http", "@import"] {
            ensure!(!page.text.contains(load), "{path} has {load}");
        }
    }
    let docs = get("/docs")?;
    let files: Vec<&str> = docs.text.split("\"./docs/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ensure!(files.len() == 3, "{}", docs.text);
    for name in files {
        let file = get(&format!("/docs/{name}"))?;
        ensure!(file.status == 200 && file.header("cache-control").contains("immutable"), "{name}: {}", file.status);
        ensure!(file.text.contains("SwaggerUI") || file.text.contains(".swagger-ui"), "{name} is another file");
    }
    let answer = get("/openapi.json")?;
    let document = answer.json()?;
    ensure!(answer.status == 200 && document["openapi"] == "3.1.0" && !answer.header("etag").is_empty(), "{document}");
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    let routed = ROUTES.iter().filter_map(|route| match route.matches {
        contract::Matches::Operation { method, path, operation } => {
            let is_page =
                matches!(operation, Operation::Page | Operation::Docs | Operation::DocsFile | Operation::OpenApi);
            (!is_page).then(|| format!("{} {path}", method.name().to_lowercase()))
        }
        _ => None,
    });
    ensure!(described == routed.collect(), "{described:?}");
    ensure!(document["components"]["securitySchemes"]["jwt"]["scheme"] == "bearer", "{document}");
    let reviewed = std::fs::read_to_string(repository()?.join("functions/messages/core/openapi.json"))?;
    ensure!(document == serde_json::from_str::<Value>(&reviewed)?, "the document is not the reviewed one");
    let keys = get("/.well-known/jwks.json")?;
    let key = &keys.json()?["keys"][0];
    ensure!(keys.status == 200 && key["kty"] == "OKP" && key["crv"] == "Ed25519", "{keys:?}");
    ensure!(key["d"].is_null() && key["x"].as_str().is_some_and(|x| x.len() == 43), "{keys:?}");
    ensure!(keys.header("cache-control").contains("max-age=300"), "{keys:?}");
    Ok(())
}

/// What a schema cannot say: that an address reaches somebody, that a key was used for another message, which queues there are, and which cursors. From
/// the sixth wrong password on a login is 429. An array is answered one by one, so that what is wrong in it does not make the whole wrong. Nor is it worth
/// waiting for messages.
const ALLOWED: &str = r#"
[phases.stateful]
generation.max-examples = 4

[[operations]]
include-path = "/users/login"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", 401, 422, 429]

[[operations]]
include-path = ["/messages/send", "/messages/send/dlq"]
[operations.checks]
positive_data_acceptance.expected-statuses = [200, 422]
negative_data_rejection.expected-statuses = [200, 400, 401, 413, 422]

[[operations]]
include-path = ["/messages/status/{queue_name}", "/messages/reprocess/{queue_name}"]
[operations.checks]
positive_data_acceptance.expected-statuses = [200, 202, 400, 409]

[[operations]]
include-path = "/messages/dead"
[operations.checks]
positive_data_acceptance.expected-statuses = [200, 422]

[[operations]]
include-path = "/messages/{id}"
[operations.parameters]
"query.wait" = 0
"#;

/// schemathesis makes requests from the document with a token, inside and outside of its limits, and compares every answer with it.
pub(crate) fn fuzzer(messages: &mut Messages) -> anyhow::Result<()> {
    let token = format!("Authorization: Bearer {}", messages.session()?.token);
    let tried = schemathesis::try_api(&messages.api.url, ALLOWED, &["--max-examples", "6", "--header", &token]);
    messages.forget_failed_logins()?;
    messages.until("the fuzzer's messages to be taken", SOON, || Ok(messages.depth(QUEUE)? == 0))?;
    messages.drain(DEAD)?;
    let said = tried?;
    ensure!(said.contains("Tested: 14") && said.contains("Stateful"), "not everything was tried:\n{said}");
    Ok(())
}
