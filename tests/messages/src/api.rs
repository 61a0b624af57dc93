//! The API as its clients see it, without and with a token.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use test_harness::http::{self, Answer};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The API without a token.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    /// Without a slash at its end.
    pub url: String,
}

/// The API with a token.
#[derive(Debug, Clone)]
pub struct Session {
    pub api: Api,
    pub token: String,
}

/// What a login answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    /// # Errors
    /// The answer is another.
    pub fn of(answer: &Answer) -> anyhow::Result<Self> {
        let body = answer.json()?;
        let keys: Vec<&str> = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        ensure!(answer.status == 200, "{answer:?}");
        ensure!(keys == ["access_token", "expires_in", "refresh_token", "token_type"], "{body}");
        ensure!(body["token_type"] == "Bearer" && body["expires_in"] == 900, "{body}");
        let text = |name: &str| body[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {body}"));
        Ok(Self { access: text("access_token")?, refresh: text("refresh_token")? })
    }
}

/// A message that was accepted.
pub trait Accepted {
    /// The id of an accepted message.
    ///
    /// # Errors
    /// Something else was answered.
    fn accepted(&self) -> anyhow::Result<String>;
}

impl Accepted for Answer {
    fn accepted(&self) -> anyhow::Result<String> {
        let body = self.json()?;
        ensure!(self.status == 200, "not accepted: {self:?}");
        Ok(body["message_id"].as_str().with_context(|| format!("no id: {self:?}"))?.to_owned())
    }
}

/// A transaction that the API takes.
pub fn transaction(payer: &str, number: usize) -> Value {
    json!({
        "transaction_id": format!("{payer}-{number}"), "payer_id": payer, "receiver_id": "r1", "amount": 12.5, "currency": "BRL",
    })
}

impl Api {
    pub(crate) fn new(http: reqwest::Client, url: String) -> Self {
        Self { http, url }
    }

    pub fn session(&self, token: String) -> Session {
        Session { api: self.clone(), token }
    }

    /// # Errors
    /// No answer came.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        http::send(&self.http, method, &format!("{}{path}", self.url), headers, body).await
    }

    /// # Errors
    /// No answer came.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], "").await
    }

    /// # Errors
    /// No answer came.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("POST", path, &[JSON], body.to_string()).await
    }

    /// # Errors
    /// No answer came.
    pub async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<Answer> {
        self.post("/users/login", &json!({"email": email, "pwd": password})).await
    }

    /// # Errors
    /// No answer came.
    pub async fn refresh(&self, token: &str) -> anyhow::Result<Answer> {
        self.post("/users/refresh", &json!({"refresh_token": token})).await
    }
}

impl Session {
    /// # Errors
    /// No answer came.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.api.send(method, path, &headers, body).await
    }

    /// # Errors
    /// No answer came.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], "").await
    }

    /// # Errors
    /// No answer came.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("POST", path, &[JSON], body.to_string()).await
    }

    /// Sends a message, or several.
    ///
    /// # Errors
    /// No answer came.
    pub async fn message(&self, message: &Value) -> anyhow::Result<Answer> {
        self.post("/messages/send", message).await
    }

    /// # Errors
    /// No answer came.
    pub async fn message_with_key(&self, message: &Value, key: &str) -> anyhow::Result<Answer> {
        self.send("POST", "/messages/send", &[JSON, ("idempotency-key", key)], message.to_string()).await
    }

    /// What is known of a message.
    ///
    /// # Errors
    /// There is none.
    pub async fn known(&self, id: &str) -> anyhow::Result<Value> {
        let answer = self.get(&format!("/messages/{id}")).await?;
        ensure!(answer.status == 200, "{id}: {answer:?}");
        answer.json()
    }

    /// Waits until a message has a status.
    ///
    /// # Errors
    /// It does not within `limit`.
    pub async fn until(&self, id: &str, status: &str, limit: Duration) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            let known = self.known(id).await?;
            if known["status"] == status {
                return Ok(known);
            }
            ensure!(begun.elapsed() < limit, "{id} is not {status} after {limit:?}: {known}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All pages of dead letters, or what else the query asks for.
    ///
    /// # Errors
    /// Something else was answered.
    pub async fn listed(&self, query: &str) -> anyhow::Result<Vec<Value>> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("/messages/dead?{query}{cursor}")).await?;
            ensure!(answer.status == 200, "{answer:?}");
            let page = answer.json()?;
            found.extend(page["messages"].as_array().with_context(|| format!("no messages: {page}"))?.iter().cloned());
            match page["next_cursor"].as_str() {
                None => return Ok(found),
                Some(next) => cursor = format!("&cursor={}", encoded(next)),
            }
        }
    }

    /// Sends dead letters again, and says what was done.
    ///
    /// # Errors
    /// Something else was answered.
    pub async fn reprocess(&self, wanted: &Value) -> anyhow::Result<Value> {
        let answer = self.post("/messages/dlq/reprocess", wanted).await?;
        ensure!(answer.status == 200, "{answer:?}");
        answer.json()
    }
}

/// As a part of a query string.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
