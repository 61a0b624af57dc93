//! `POST /messages/send`, to the letter.

use std::collections::BTreeSet;

use anyhow::ensure;
use messages_tests::{Accepted, Messages, SOON, transaction};
use serde_json::{Value, json};
use test_harness::http::Answer;

use crate::{detail, is_detail};

const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) fn envelope(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let message =
        json!({"transaction_id": "txn-7", "payer_id": "p1", "receiver_id": "r1", "amount": 12.5, "currency": "BRL"});
    let answer = messages.wait(session.message(&message))?;
    let id = answer.accepted()?;
    let timestamp = answer.json()?["timestamp"].as_str().unwrap_or_default().to_owned();
    let fraction = timestamp.strip_suffix('Z').and_then(|time| Some(time.split_once('.')?.1)).unwrap_or_default();
    ensure!(
        timestamp.ends_with('Z') && fraction.len() <= 6 && timestamp.parse::<jiff::Timestamp>().is_ok(),
        "{timestamp}"
    );
    // The members in the original's order.
    let expected = format!(
        r#"{{"message_id":"{id}","timestamp":"{timestamp}","source":"transactions_api","type":"transaction_created","dlq_retry":0,"payload":{{"transaction_id":"txn-7","payer_id":"p1","receiver_id":"r1","amount":12.5,"currency":"BRL","description":null}}}}"#
    );
    ensure!(answer.text == expected, "{}\nand not\n{expected}", answer.text);
    ensure!(answer.header("content-type") == "application/json", "{answer:?}");
    ensure!(answer.header("ratelimit-policy") == r#""user";q=100000;w=60"#, "{answer:?}");
    ensure!(answer.header("ratelimit").starts_with(r#""user";r="#), "{answer:?}");
    ensure!(answer.header("idempotent-replayed").is_empty(), "{answer:?}");
    messages.wait(session.until(&id, "SAVED", SOON))?;
    let records = messages.wait(messages.table.records())?;
    let record = &records[&id];
    ensure!(record.transaction_id == "txn-7" && record.amount == "12.5" && record.status == "SAVED", "{record:?}");
    ensure!(record.saved_at().is_some() && record.count("accepted") == 1, "{record:?}");
    // Ids of any characters, and what is not known is ignored.
    let strange = json!({
        "transaction_id": "é☕".repeat(64), "payer_id": "a b/ü\u{0}\u{FFFF}", "receiver_id": "\n", "amount": "0.0001",
        "currency": "USD", "description": "x".repeat(500), "colour": "red",
    });
    let answer = messages.wait(session.message(&strange))?;
    let saved = messages.wait(session.until(&answer.accepted()?, "SAVED", SOON))?;
    for name in ["transaction_id", "payer_id", "receiver_id", "currency", "description"] {
        ensure!(saved["payload"][name] == strange[name], "{name}: {saved}");
    }
    Ok(())
}

pub(crate) fn amounts(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let body = |amount: &str| {
        format!(r#"{{"transaction_id":"t","payer_id":"amounts","receiver_id":"r","amount":{amount},"currency":"BRL"}}"#)
    };
    for (given, expected) in [
        ("12", "12"),
        ("12.50", "12.50"),
        ("\"12.50\"", "12.50"),
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("999999999999999.9999", "999999999999999.9999"),
        ("123456789012345.6789", "123456789012345.6789"),
        ("\" 7 \"", "7"),
    ] {
        let answer = messages.wait(session.send("POST", "/messages/send", &[JSON], body(given)))?;
        ensure!(answer.text.contains(&format!(r#""amount":{expected},"currency""#)), "{given}: {answer:?}");
        let id = answer.accepted()?;
        messages.wait(session.until(&id, "SAVED", SOON))?;
        let known = messages.wait(session.get(&format!("/messages/{id}")))?;
        ensure!(known.text.contains(&format!(r#""amount":{expected},"currency""#)), "{given}: {known:?}");
    }
    for (given, kind) in [
        ("0", "greater_than"),
        ("-1", "greater_than"),
        ("\"x\"", "float_parsing"),
        ("null", "float_type"),
        ("true", "float_type"),
        ("[1]", "float_type"),
        ("\"NaN\"", "finite_number"),
        ("\"Infinity\"", "finite_number"),
        ("1e15", "decimal_whole_digits"),
        ("1e400", "decimal_whole_digits"),
        ("0.00001", "decimal_max_places"),
    ] {
        let answer = messages.wait(session.send("POST", "/messages/send", &[JSON], body(given)))?;
        // The value goes back as it came, which may be no number of a JSON parser.
        let expected = format!(r#"{{"detail":[{{"type":"{kind}","loc":["body","amount"],"msg":"#);
        ensure!(answer.status == 422 && answer.text.starts_with(&expected), "{given}: {answer:?}");
        ensure!(answer.text.contains(&format!(r#","input":{given}"#)), "{given}: {answer:?}");
    }
    Ok(())
}

pub(crate) fn faults(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let before = messages.wait(messages.table.records())?.len();
    let send = |headers: &[(&str, &str)], body: &str| {
        messages.wait(session.send("POST", "/messages/send", headers, body.to_owned()))
    };
    let faults = |body: &str| {
        let answer = send(&[JSON], body)?;
        ensure!(answer.status == 422, "{body}: {answer:?}");
        detail(&answer)
    };
    let kinds = |body: &str| {
        let kinds = faults(body)?.into_iter().map(|fault| {
            let name = fault["loc"].as_array().and_then(|loc| loc.last()).and_then(Value::as_str).unwrap_or_default();
            format!("{name} {}", fault["type"].as_str().unwrap_or_default())
        });
        anyhow::Ok(kinds.collect::<Vec<_>>())
    };
    let required = ["transaction_id", "payer_id", "receiver_id", "amount", "currency"];
    ensure!(kinds("{}")? == required.map(|name| format!("{name} missing")), "{:?}", kinds("{}")?);
    let wrong = r#"{"currency": "brl", "amount": 0, "receiver_id": "", "payer_id": 7, "transaction_id": null, "description": 1}"#;
    let expected = [
        "transaction_id string_type",
        "payer_id string_type",
        "receiver_id string_too_short",
        "amount greater_than",
        "currency string_pattern_mismatch",
        "description string_type",
    ];
    ensure!(kinds(wrong)? == expected, "{:?}", kinds(wrong)?);
    let first = faults("{}")?;
    ensure!(
        first[3] == json!({"type": "missing", "loc": ["body", "amount"], "msg": "Field required", "input": {}}),
        "{first:?}"
    );
    let zero = faults(r#"{"transaction_id":"t","payer_id":"p","receiver_id":"r","amount":0,"currency":"BRL"}"#)?;
    let told =
        json!({"type": "greater_than", "loc": ["body", "amount"], "msg": zero[0]["msg"], "input": 0, "ctx": {"gt": 0}});
    ensure!(zero == [told], "{zero:?}");
    let long = |name: &str, length: usize| {
        let mut message = transaction("faults", 1);
        message[name] = "é".repeat(length).into();
        message.to_string()
    };
    for (name, most) in [("transaction_id", 128), ("payer_id", 128), ("receiver_id", 128), ("description", 500)] {
        ensure!(kinds(&long(name, most + 1))? == [format!("{name} string_too_long")]);
    }
    let whole = |body: &str| anyhow::Ok((faults(body)?[0]["type"].clone(), faults(body)?[0]["loc"].clone()));
    ensure!(whole("")? == (json!("missing"), json!(["body"])), "{:?}", whole("")?);
    ensure!(whole("7")? == (json!("model_attributes_type"), json!(["body"])), "{:?}", whole("7")?);
    ensure!(whole("[]")? == (json!("too_short"), json!(["body"])), "{:?}", whole("[]")?);
    for (text, at) in [("{", 1), (r#"{"a": 1,}"#, 8)] {
        let fault = &faults(text)?[0];
        ensure!(
            fault["type"] == "json_invalid" && fault["loc"][0] == "body" && fault["msg"] == "JSON decode error",
            "{fault}"
        );
        ensure!(fault["loc"][1].as_u64().is_some_and(|offset| offset.abs_diff(at) <= 1), "{fault}");
        ensure!(fault["input"] == json!({}) && fault["ctx"]["error"].is_string(), "{fault}");
    }
    let message = transaction("faults", 1).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let answer = send(&[("content-type", media_type)], &message)?;
        ensure!(answer.status == 422 && detail(&answer)?[0]["type"] == "model_attributes_type", "{answer:?}");
    }
    let long = "k".repeat(256);
    for key in ["a b", long.as_str()] {
        let answer = send(&[JSON, ("idempotency-key", key)], &message)?;
        ensure!(answer.status == 400 && answer.json()?["detail"].is_string(), "{answer:?}");
    }
    let answer = send(&[JSON], &" ".repeat(256 * 1024 + 1))?;
    ensure!(answer.status == 413, "{}", answer.status);
    let asked = send(&[JSON, ("accept", "application/problem+json")], wrong)?;
    let problem = asked.json()?;
    ensure!(asked.status == 422 && asked.header("content-type") == "application/problem+json", "{asked:?}");
    ensure!(
        problem["errors"][3]["pointer"] == "/amount" || problem["errors"][3]["pointer"] == "/body/amount",
        "{problem}"
    );
    let after = messages.wait(messages.table.records())?.len();
    ensure!(after == before, "something was accepted: {before} before, {after} now");
    Ok(())
}

pub(crate) fn arrays(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let mut items: Vec<Value> = (0..9).map(|number| transaction("arrays", number)).collect();
    items[4]["amount"] = json!(-1);
    items[4]["currency"] = json!("?");
    items.push(json!(7));
    let answer = messages.wait(session.message(&json!(items)))?;
    let views = answer.json()?;
    let views = views.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(answer.status == 200 && views.len() == 10, "{answer:?}");
    for (index, view) in views.iter().enumerate() {
        match index {
            4 => {
                ensure!(view["status"] == 422 && view["message"].is_null(), "{view}");
                ensure!(view["detail"][0]["loc"] == json!(["body", 4, "amount"]), "{view}");
                ensure!(view["detail"][1]["loc"] == json!(["body", 4, "currency"]), "{view}");
            }
            9 => ensure!(view["status"] == 422 && view["detail"][0]["type"] == "model_attributes_type", "{view}"),
            _ => {
                ensure!(view["status"] == 200 && view["detail"].is_null(), "{view}");
                ensure!(view["message"]["payload"]["transaction_id"] == format!("arrays-{index}"), "{view}");
            }
        }
    }
    let ids = ids_of(&answer)?;
    let mut saved = Vec::new();
    for id in &ids {
        let known = messages.wait(session.until(id, "SAVED", SOON))?;
        let at = known["timeline"].as_array().and_then(|events| events.last()).map(|event| event["at"].clone());
        saved.push(at.unwrap_or_default().as_str().unwrap_or_default().parse::<jiff::Timestamp>()?);
    }
    ensure!(saved.is_sorted() && ids.len() == 8, "of one payer in another order: {saved:?}");
    for number in [0, 11] {
        let items: Vec<Value> = (0..number).map(|number| transaction("arrays", number)).collect();
        let answer = messages.wait(session.message(&json!(items)))?;
        ensure!(answer.status == 422, "{answer:?}");
    }
    // Under a key all of them are sent once.
    let items: Vec<Value> = (10..13).map(|number| transaction("arrays", number)).collect();
    let first = messages.wait(session.message_with_key(&json!(items), "array-1"))?;
    let again = messages.wait(session.message_with_key(&json!(items), "array-1"))?;
    ensure!(first.text == again.text && again.header("idempotent-replayed") == "true", "{first:?} and {again:?}");
    for id in ids_of(&first)? {
        messages.wait(session.until(&id, "SAVED", SOON))?;
    }
    Ok(())
}

/// Ids in the order of the array.
fn ids_of(answer: &Answer) -> anyhow::Result<Vec<String>> {
    let views = answer.json()?;
    let ids = views.as_array().into_iter().flatten().filter_map(|view| view["message"]["message_id"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

pub(crate) fn idempotency(messages: &mut Messages) -> anyhow::Result<()> {
    let (session, message) = (messages.session()?, transaction("once", 1));
    let before = messages.wait(messages.table.records())?.len();
    let send = |message: &Value, key: &str| messages.wait(session.message_with_key(message, key));
    let first = send(&message, "key-1")?;
    let id = first.accepted()?;
    // The same in other words.
    let same = json!({"currency": "BRL", "amount": "12.5", "receiver_id": "r1", "payer_id": "once", "transaction_id": "once-1", "description": null});
    for body in [&message, &same] {
        let again = send(body, "key-1")?;
        ensure!(again.text == first.text && again.header("idempotent-replayed") == "true", "{first:?} and {again:?}");
    }
    messages.wait(session.until(&id, "SAVED", SOON))?;
    let again = send(&message, "key-1")?;
    ensure!(again.text == first.text && again.header("idempotent-replayed") == "true", "saved: {again:?}");
    let refused = send(&transaction("once", 2), "key-1")?;
    ensure!(refused.status == 422 && refused.json()?["detail"].is_string(), "{refused:?}");
    let elsewhere = messages.wait(session.send(
        "POST",
        "/messages/send/dlq",
        &[JSON, ("idempotency-key", "key-1")],
        message.to_string(),
    ))?;
    ensure!(elsewhere.status == 422, "to another queue is another request: {elsewhere:?}");
    ensure!(messages.wait(session.message(&message))?.accepted()? != id, "without a key it is another message");
    messages.add_user("other@example.com", "An0ther secret of the suite")?;
    let other = messages.session_of("other@example.com", "An0ther secret of the suite")?;
    ensure!(messages.wait(other.message_with_key(&message, "key-1"))?.accepted()? != id, "a key is its user's");

    let racing: Vec<Answer> = messages.wait(async {
        let mut racing = tokio::task::JoinSet::new();
        for racer in 0..12 {
            let session = session.clone();
            racing.spawn(async move { session.message_with_key(&transaction("racing", racer % 2), "key-2").await });
        }
        racing.join_all().await.into_iter().collect::<anyhow::Result<_>>()
    })?;
    let (won, lost): (Vec<_>, Vec<_>) = racing.iter().partition(|answer| answer.status == 200);
    let texts: BTreeSet<&str> = won.iter().map(|answer| answer.text.as_str()).collect();
    ensure!(texts.len() == 1 && won.len() == 6, "{racing:?}");
    ensure!(lost.iter().all(|answer| answer.status == 422), "{racing:?}");
    let ids: Vec<String> = won.iter().map(|answer| answer.accepted()).collect::<anyhow::Result<_>>()?;
    messages.wait(session.until(&ids[0], "SAVED", SOON))?;
    let after = messages.wait(messages.table.records())?.len();
    ensure!(after == before + 4, "{after} messages, {before} before");
    let refused = messages.wait(messages.api.post("/messages/send", &message))?;
    is_detail(&refused, 401, "Not authenticated")
}
