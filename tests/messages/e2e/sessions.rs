//! Logging in and staying so.

use anyhow::ensure;
use messages_contract::{Operation, ROUTES};
use messages_tests::{Messages, PASSWORD, Tokens, USER, transaction};
use serde_json::{Value, json};
use test_harness::http::Answer;

use crate::{detail, is_detail};

/// A wrong password and an unknown user are the same to whoever asks.
pub(crate) fn logins(messages: &mut Messages) -> anyhow::Result<()> {
    let tokens = messages.log_in(USER, PASSWORD)?;
    let other = messages.log_in(" Suite <suite@EXAMPLE.com> ", PASSWORD)?;
    ensure!(tokens != other, "two logins have the same tokens");
    let wrong = messages.wait(messages.api.log_in(USER, "Grün-ist die Hoffnung 8"))?;
    let unknown = messages.wait(messages.api.log_in("nobody@example.com", "Grün-ist die Hoffnung 8"))?;
    for answer in [&wrong, &unknown] {
        is_detail(answer, 401, "Incorrect email or password")?;
        ensure!(answer.header("www-authenticate") == "Bearer", "{answer:?}");
    }
    ensure!(wrong.text == unknown.text, "{wrong:?} and {unknown:?}");
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    ensure!(names(&wrong) == names(&unknown), "{wrong:?} and {unknown:?}");
    messages.forget_failed_logins()?;

    let faults = |body: &str| {
        let answer = messages.wait(messages.api.send(
            "POST",
            "/users/login",
            &[("content-type", "application/json")],
            body.to_owned(),
        ))?;
        ensure!(answer.status == 422 && !answer.text.contains("hunter"), "{body}: {answer:?}");
        let kinds = detail(&answer)?.into_iter().map(|fault| (fault["type"].clone(), fault["loc"].clone()));
        anyhow::Ok(kinds.collect::<Vec<_>>())
    };
    let body = |kind: &str, loc: Value| (Value::from(kind), loc);
    let (email, pwd) = (json!(["body", "email"]), json!(["body", "pwd"]));
    ensure!(faults("{}")? == [body("missing", email.clone()), body("missing", pwd.clone())]);
    ensure!(faults("")? == [body("missing", json!(["body"]))]);
    ensure!(faults("[]")? == [body("model_attributes_type", json!(["body"]))]);
    ensure!(faults(r#"{"pwd": "hunter2""#)?[0].0 == "json_invalid");
    ensure!(
        faults(r#"{"email": "a@b", "pwd": "hunt"}"#)?
            == [body("value_error", email.clone()), body("value_error", pwd.clone())]
    );
    ensure!(
        faults(r#"{"email": 7, "pwd": ["hunter22"]}"#)?
            == [body("string_type", email.clone()), body("string_type", pwd)]
    );
    for address in ["a@localhost", "a@x.test", "\\\"a b\\\"@example.com", "a@[127.0.0.1]", "a@under_score.com", ""] {
        let text = format!(r#"{{"email": "{address}", "pwd": "hunter22"}}"#);
        ensure!(faults(&text)? == [body("value_error", email.clone())], "{address}");
    }
    Ok(())
}

/// Five failures, and a quarter of an hour.
pub(crate) fn lockout(messages: &mut Messages) -> anyhow::Result<()> {
    messages.forget_failed_logins()?;
    for _ in 0..5 {
        let answer = messages.wait(messages.api.log_in("guessed@example.com", "not this one"))?;
        is_detail(&answer, 401, "Incorrect email or password")?;
    }
    for email in ["guessed@example.com", USER] {
        let answer = messages.wait(messages.api.log_in(email, PASSWORD))?;
        ensure!(answer.status == 429, "{answer:?}");
        let seconds: u32 = answer.header("retry-after").parse()?;
        ensure!((800..=900).contains(&seconds), "{answer:?}");
    }
    messages.forget_failed_logins()?;
    messages.log_in(USER, PASSWORD).map(drop)
}

/// A refresh token is used once; who uses it twice loses all of them.
pub(crate) fn refreshing(messages: &mut Messages) -> anyhow::Result<()> {
    let refresh = |token: &str| messages.wait(messages.api.refresh(token));
    let refused = |token: &str| {
        let answer = refresh(token)?;
        is_detail(&answer, 401, "Invalid refresh token")
    };
    let first = messages.log_in(USER, PASSWORD)?;
    let second = messages.tokens(&Tokens::of(&refresh(&first.refresh)?)?)?;
    let third = messages.tokens(&Tokens::of(&refresh(&second.refresh)?)?)?;
    ensure!(first != second && second != third, "the same tokens");
    let session = messages.api.session(third.access.clone());
    ensure!(messages.wait(session.get("/messages/status"))?.status == 200, "a refreshed token is good");
    // Somebody uses the second again: neither has a session any more.
    refused(&second.refresh)?;
    refused(&third.refresh)?;
    refused("rt_nothing")?;
    let other = messages.log_in(USER, PASSWORD)?;
    let log_out = |token: &str| messages.wait(messages.api.post("/users/logout", &json!({"refresh_token": token})));
    for token in [other.refresh.as_str(), other.refresh.as_str(), "rt_nothing"] {
        let answer = log_out(token)?;
        ensure!(answer.status == 200 && answer.json()? == json!({"message": "Logged out."}), "{answer:?}");
    }
    refused(&other.refresh)?;
    for path in ["/users/refresh", "/users/logout"] {
        let answer = messages.wait(messages.api.post(path, &json!({})))?;
        ensure!(detail(&answer)?[0]["loc"] == json!(["body", "refresh_token"]) && answer.status == 422, "{answer:?}");
    }
    Ok(())
}

/// Every route but a few needs a token, and all wrong ones are the same.
pub(crate) fn tokens_needed(messages: &mut Messages) -> anyhow::Result<()> {
    let session = messages.session()?;
    let good = session.token.clone();
    let (head, signature) = good.rsplit_once('.').unwrap_or_default();
    let other_signature: String = signature.chars().rev().collect();
    let mut needing = 0;
    for route in ROUTES {
        let contract::Matches::Operation { method, path, operation } = route.matches else { continue };
        let path = path.replace("{queue_name}", "main_queue.fifo").replace("{id}", "7").replace("{file}", "7");
        let send = |headers: &[(&str, &str)]| messages.wait(messages.api.send(method.name(), &path, headers, "{}"));
        let answer = send(&[])?;
        if !operation.needs_token() {
            ensure!(answer.status != 401, "{path}: {answer:?}");
            continue;
        }
        needing += 1;
        is_detail(&answer, 401, "Not authenticated")?;
        ensure!(answer.header("www-authenticate").starts_with("Bearer"), "{path}: {answer:?}");
        ensure!(!answer.header("www-authenticate").contains("error="), "{path}: {answer:?}");
        for wrong in [
            format!("Bearer {head}.{other_signature}"),
            format!("Bearer {head}."),
            format!("Bearer {good}x"),
            format!("Bearer {good} {good}"),
            "Bearer 7".to_owned(),
        ] {
            let answer = send(&[("authorization", &wrong)])?;
            is_detail(&answer, 401, "Invalid token")?;
            ensure!(answer.header("www-authenticate").contains(r#"error="invalid_token""#), "{path}: {answer:?}");
        }
        let answer = send(&[("authorization", &format!("Basic {good}"))])?;
        is_detail(&answer, 401, "Not authenticated")?;
    }
    ensure!(needing == ROUTES.iter().filter(|route| needs_token(route)).count() && needing >= 9, "{needing} routes");
    for scheme in ["Bearer", "bearer", "BEARER  "] {
        let header = format!("{scheme} {good}");
        let answer = messages.wait(messages.api.send("GET", "/messages/status", &[("authorization", &header)], ""))?;
        ensure!(answer.status == 200, "{scheme}: {answer:?}");
    }
    // The token comes first, whatever the body is.
    let answer = messages.wait(messages.api.send("POST", "/messages/send", &[], "{"))?;
    is_detail(&answer, 401, "Not authenticated")?;
    let answer = messages.wait(messages.api.post("/messages/send", &transaction("nobody", 1)))?;
    is_detail(&answer, 401, "Not authenticated")
}

fn needs_token(route: &contract::Route<Operation>) -> bool {
    matches!(route.matches, contract::Matches::Operation { operation, .. } if operation.needs_token())
}
