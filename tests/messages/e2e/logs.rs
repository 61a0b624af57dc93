//! What functions write and are given.

use anyhow::ensure;
use messages_tests::{LOGIN, Messages, PASSWORD, PRODUCER, STATUS, SWEEPER, Tokens, USER, WORKER, transaction};
use serde_json::{Value, json};

/// Everything that the suite has used is looked for in every line, and in the settings of the functions.
pub(crate) fn no_secrets(messages: &mut Messages) -> anyhow::Result<()> {
    // So that there is something to find when this runs alone.
    let wrong = "a wrong one, for the log";
    messages.is_secret(wrong);
    let tokens = messages.log_in(USER, PASSWORD)?;
    messages.wait(messages.api.log_in(USER, wrong))?;
    for body in [format!(r#"{{"pwd": "{wrong}""#), json!({"email": wrong, "pwd": [wrong]}).to_string()] {
        messages.wait(messages.api.send("POST", "/users/login", &[("content-type", "application/json")], body))?;
    }
    messages.tokens(&Tokens::of(&messages.wait(messages.api.refresh(&tokens.refresh))?)?)?;
    messages.wait(messages.api.refresh(&tokens.refresh))?;
    let session = messages.session()?;
    for (token, status) in [(session.token.clone(), 200), (format!("{}x", session.token), 401)] {
        let answer = messages.wait(messages.api.session(token).message(&transaction("logs", 1)))?;
        ensure!(answer.status == status, "{answer:?}");
    }
    messages.sweep()?;
    messages.forget_failed_logins()?;
    let arn = messages.output("Messages", "SigningKeysSecretArn")?;
    let value = messages.secrets_manager("GetSecretValue", &json!({"SecretId": arn}))?;
    let keys: Value = serde_json::from_str(value["SecretString"].as_str().unwrap_or_default())?;
    messages.is_secret(keys["current"].as_str().unwrap_or_default());

    let text = messages.infra(&["logs", "messages", "--all", "--json", "--since", "1h"])?;
    for function in ["MessagesLogin", "ApiProducerSqs", "MessagesSweeper"] {
        ensure!(text.contains(function), "no line of {function}");
    }
    for action in ["user_login", "user_refresh", "send_message", "sweep"] {
        ensure!(text.contains(&format!(r#""action":"{action}""#)), "no line about {action}");
    }
    let secrets = messages.secrets();
    ensure!(secrets.len() >= 7 && secrets.iter().all(|secret| secret.len() >= 16), "{} secrets", secrets.len());
    let settings = [LOGIN, PRODUCER, STATUS, WORKER, SWEEPER].map(|function| {
        let url = format!("{}/2015-03-31/functions/{function}", messages.endpoint);
        messages.wait(async { anyhow::Ok(messages.http.get(url).send().await?.text().await?) })
    });
    for place in settings.into_iter().chain([Ok(text)]) {
        let place = place?;
        for secret in &secrets {
            // As it is, and as JSON has it.
            let escaped = Value::from(secret.as_str()).to_string();
            let is_there = place.contains(secret.as_str()) || place.contains(escaped.trim_matches('"'));
            let line = place.lines().find(|line| line.contains(secret.as_str())).unwrap_or_default();
            ensure!(!is_there, "a secret is in {line}");
        }
    }
    Ok(())
}
