//! What the operator types: `infra user`, `keys`, `status`, `dead`, `redrive` and `invoke`.

use anyhow::{Context, ensure};
use messages_tests::{
    Accepted, DEAD, LOGIN, Messages, PRODUCER, QUEUE, SOON, STATUS, Session, Tokens, Told, transaction,
};
use serde_json::{Value, json};

use crate::is_detail;

/// A command that has to end with this code.
fn ran(messages: &Messages, arguments: &[&str], line: &str, code: i32) -> anyhow::Result<Told> {
    let told = messages.told(arguments, line)?;
    ensure!(told.code == Some(code), "`infra {}`: {told:?}", arguments.join(" "));
    Ok(told)
}

pub(crate) fn users(messages: &mut Messages) -> anyhow::Result<()> {
    let (email, first, second) = ("Operated@Example.com", "the first one of it", "the second one of it");
    messages.add_user(email, first)?;
    ran(messages, &["user", "add", email], second, 64)?;
    for (email, password) in
        [("nobody", first), ("a@b.test", first), ("other-one@example.com", "short"), ("other-one@example.com", "")]
    {
        ran(messages, &["user", "add", email], password, 64)?;
    }
    let listed = |email: &str| {
        let told = ran(messages, &["user", "list", "--json"], "", 0)?.json()?;
        let users = told["users"].as_array().cloned().unwrap_or_default();
        ensure!(!told.to_string().contains("argon2"), "{told}");
        users.into_iter().find(|user| user["email"] == email).with_context(|| format!("no {email} in {told}"))
    };
    let stored = "Operated@example.com";
    let user = listed(stored)?;
    ensure!(user["disabled"] == false && user["last_login_at"].is_null() && user["created_at"].is_string(), "{user}");
    let tokens = messages.log_in(email, first)?;
    ensure!(listed(stored)?["last_login_at"].is_string(), "the last login");
    ensure!(ran(messages, &["user", "list"], "", 0)?.data.contains(stored), "a table");

    ran(messages, &["user", "disable", email], "", 0)?;
    let answer = messages.wait(messages.api.log_in(email, first))?;
    is_detail(&answer, 401, "Incorrect email or password")?;
    is_detail(&messages.wait(messages.api.refresh(&tokens.refresh))?, 401, "Invalid refresh token")?;
    ensure!(listed(stored)?["disabled"] == true, "disabled");
    messages.forget_failed_logins()?;

    messages.is_secret(second);
    ran(messages, &["user", "reset", email], second, 0)?;
    is_detail(&messages.wait(messages.api.log_in(email, first))?, 401, "Incorrect email or password")?;
    messages.forget_failed_logins()?;
    messages.log_in(email, second)?;
    let told = ran(messages, &["user", "reset", email, "--generate", "--json"], "", 0)?.json()?;
    let generated = told["password"].as_str().context("no password")?;
    messages.log_in(email, generated)?;
    ran(messages, &["user", "disable", "nobody@example.com"], "", 64)?;
    Ok(())
}

/// The texts of the keys in the secret, which are kept in mind.
fn texts(messages: &Messages) -> anyhow::Result<Value> {
    let arn = messages.output("Messages", "SigningKeysSecretArn")?;
    let answer = messages.secrets_manager("GetSecretValue", &json!({"SecretId": arn}))?;
    let keys: Value = serde_json::from_str(answer["SecretString"].as_str().context("no text")?)?;
    for name in ["current", "next", "previous"] {
        if let Some(text) = keys[name].as_str() {
            messages.is_secret(text);
        }
    }
    Ok(keys)
}

/// Those that have keys; new processes read them again, as the old ones do within five minutes.
const WITH_KEYS: [&str; 3] = [LOGIN, PRODUCER, STATUS];

fn rotate(messages: &Messages, arguments: &[&str]) -> anyhow::Result<Value> {
    let told = ran(messages, &[&["keys", "rotate", "messages", "--json"], arguments].concat(), "", 0)?.json();
    texts(messages)?;
    messages.start_anew(&WITH_KEYS)?;
    told
}

pub(crate) fn keys(messages: &mut Messages) -> anyhow::Result<()> {
    let original = texts(messages)?;
    ensure!(original["current"].as_str().is_some_and(|text| text.len() >= 32), "no key");
    let published = || {
        let keys = messages.wait(messages.api.get("/.well-known/jwks.json"))?.json()?;
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        anyhow::Ok(keys.iter().map(|key| key["kid"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>())
    };
    let is_good = |session: &Session| {
        let mut status = 0;
        // A request may meet a process that has just been ended.
        messages.until("an answer", SOON, || {
            status = messages.wait(session.get("/messages/status"))?.status;
            Ok(status < 500)
        })?;
        anyhow::Ok(status == 200)
    };
    let before = messages.session()?;
    let kids = published()?;
    ensure!(kids.len() == 1 && is_good(&before)?, "{kids:?}");

    let told = rotate(messages, &[])?;
    ensure!(told["step"] == "publish" && told["next_step"] == "sign" && told["due_at"].is_string(), "{told}");
    ensure!(published()?.len() == 2 && published()?.contains(&kids[0]), "{:?}", published()?);
    let between = messages.session()?;
    ensure!(is_good(&before)? && is_good(&between)?, "a token is refused");
    // Nothing is due for a quarter of an hour.
    let told = rotate(messages, &[])?;
    ensure!(told["step"].is_null() && told["next_step"] == "sign", "{told}");
    ensure!(is_good(&before)? && is_good(&between)?, "a token is refused");

    let told = rotate(messages, &["--now"])?;
    ensure!(told["step"] == "sign" && told["next_step"] == "drop", "{told}");
    let after = messages.session()?;
    let signed_with = |session: &Session| session.token.split('.').next().unwrap_or_default().to_owned();
    ensure!(signed_with(&before) == signed_with(&between) && signed_with(&before) != signed_with(&after), "one key");
    for session in [&before, &between, &after] {
        ensure!(is_good(session)?, "a token is refused");
        let sent = messages.wait(session.message(&transaction("keys", 1)))?;
        messages.wait(session.until(&sent.accepted()?, "SAVED", SOON))?;
    }
    let told = rotate(messages, &["--now"])?;
    ensure!(told["step"] == "drop" && published()?.len() == 1, "{told}");
    ensure!(!is_good(&before)? && is_good(&after)?, "the key of before is accepted, or the new one is not");

    let tokens = messages.log_in(messages_tests::USER, messages_tests::PASSWORD)?;
    let told = rotate(messages, &["--emergency"])?;
    ensure!(told["step"] == "replace" && published()?.len() == 1, "{told}");
    ensure!(!is_good(&after)? && !is_good(&messages.api.session(tokens.access.clone()))?, "a token is accepted");
    // Who is logged in stays so.
    let refreshed = messages.tokens(&Tokens::of(&messages.wait(messages.api.refresh(&tokens.refresh))?)?)?;
    ensure!(is_good(&messages.api.session(refreshed.access))?, "a refreshed token is refused");
    ensure!(texts(messages)? != original, "the keys are the same");
    Ok(())
}

pub(crate) fn queues(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let told = ran(messages, &["dead", "messages"], "", 0)?;
    ensure!(told.data.contains("no dead letters"), "{told:?}");
    messages.settle_currencies("BRL")?;
    let mut ids = Vec::new();
    for payer in ["redriven-1", "redriven-2"] {
        let mut message = transaction(payer, 1);
        message["currency"] = "XTS".into();
        ids.push(messages.wait(session.message(&message))?.accepted()?);
    }
    let left = messages.wait(session.post("/messages/send/dlq", &transaction("redriven-3", 1)))?.accepted()?;
    messages.until_dead(3)?;
    let status = ran(messages, &["status", "messages", "--json"], "", 0)?.json()?;
    let open = status["open"].as_array().cloned().unwrap_or_default();
    let dead = open.iter().find(|open| open["status"] == "DEAD").context("no DEAD")?;
    ensure!(dead["count"].as_u64().is_some_and(|count| count >= 3) && dead["oldest_since"].is_string(), "{status}");
    ensure!(ran(messages, &["status", "messages"], "", 0)?.data.contains("DEAD"), "a table");

    let letters = |arguments: &[&str]| {
        let told = ran(messages, &[&["dead", "messages", "--json"], arguments].concat(), "", 2)?.json()?;
        anyhow::Ok(told["dead_letters"].as_array().cloned().unwrap_or_default())
    };
    ensure!(letters(&[])?.len() == 3, "{:?}", letters(&[])?);
    let unsettled = letters(&["--kind", "currency_not_settled"])?;
    let traces: Vec<&str> = unsettled.iter().filter_map(|letter| letter["trace_id"].as_str()).collect();
    ensure!(traces.len() == 2 && ids.iter().all(|id| traces.contains(&id.as_str())), "{unsettled:?}");
    ensure!(unsettled.iter().all(|letter| letter["function"] == "WorkerConsumerSqs"), "{unsettled:?}");
    ran(messages, &["dead", "messages", "--kind", "no_such_kind"], "", 0)?;

    let redrive = ["redrive", QUEUE, "--kind", "currency_not_settled", "--json"];
    let planned = ran(messages, &[&redrive[..], &["--dry-run"]].concat(), "", 0)?.json()?;
    ensure!(planned["plan"][0]["count"] == 2 && messages.depth(DEAD)? == 3, "{planned}");
    messages.settle_currencies("*")?;
    let moved = ran(messages, &redrive, "", 0)?.json()?;
    ensure!(moved["moved"] == 2, "{moved}");
    for id in &ids {
        messages.wait(session.until(id, "SAVED", SOON))?;
    }
    ensure!(messages.wait(session.known(&left))?["status"] == "DEAD" && messages.depth(DEAD)? == 1, "not meant");
    ran(messages, &["redrive", "no_queue.fifo"], "", 64)?;
    ensure!(ran(messages, &["redrive", QUEUE, "--json"], "", 0)?.json()?["moved"] == 1, "the rest");
    messages.wait(session.until(&left, "SAVED", SOON)).map(drop)
}

pub(crate) fn invoke(messages: &mut Messages) -> anyhow::Result<()> {
    let told = ran(messages, &["invoke", "messages", "--json"], "", 0)?.json()?;
    let sent = told["messages"].as_array().cloned().unwrap_or_default();
    ensure!(sent.len() == 3 && sent.iter().all(|sent| sent["message"]["status"] == "SAVED"), "{told}");
    let lines = told["trace"].as_array().cloned().unwrap_or_default();
    let functions: Vec<&str> = lines.iter().filter_map(|line| line["function"].as_str()).collect();
    ensure!(functions.contains(&"ApiProducerSqs") && functions.contains(&"WorkerConsumerSqs"), "{told}");
    ensure!(lines.iter().all(|line| line["line"]["trace_id"] == told["trace_id"]), "{told}");
    let told = ran(messages, &["invoke", "messages"], "", 0)?;
    ensure!(told.data.contains("accepted, queued, received, saved") && told.notes.contains("curl "), "{told:?}");
    Ok(())
}
