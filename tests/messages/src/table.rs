//! The table, as DynamoDB has it.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use messages_contract::table::{KEY, OPEN_SINCE};
use serde_json::{Value, json};
use test_harness::http::authorization;

/// Before the names of a message's events.
const EVENT: &str = "event#";

/// The table of messages and all else.
#[derive(Debug, Clone)]
pub struct Table {
    http: reqwest::Client,
    endpoint: String,
    name: String,
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub status: String,
    pub dlq_retry: u32,
    pub transaction_id: String,
    pub payer_id: String,
    /// As its digits.
    pub amount: String,
    /// Names of events, such as `received#0#1`, with their times, in the order of time.
    pub events: Vec<(Timestamp, String)>,
}

impl Record {
    /// When it was saved.
    pub fn saved_at(&self) -> Option<Timestamp> {
        self.events.iter().find(|(_, name)| name == "saved").map(|(at, _)| *at)
    }

    /// How many events have names that begin so.
    pub fn count(&self, prefix: &str) -> usize {
        self.events.iter().filter(|(_, name)| name.starts_with(prefix)).count()
    }
}

impl Table {
    pub(crate) fn new(http: reqwest::Client, endpoint: String, name: String) -> Self {
        Self { http, endpoint, name }
    }

    /// Every message that was accepted, by its id.
    ///
    /// # Errors
    /// The table cannot be read, or a message is not complete.
    pub async fn records(&self) -> anyhow::Result<BTreeMap<String, Record>> {
        let mut found = BTreeMap::new();
        for item in self.items().await? {
            let id = item[KEY]["S"].as_str().unwrap_or_default();
            if !id.contains('#') && item["payload"].is_object() {
                found.insert(id.to_owned(), read_record(&item).with_context(|| format!("no message: {item}"))?);
            }
        }
        Ok(found)
    }

    /// Lets a message be accepted for two minutes longer than it is.
    ///
    /// # Errors
    /// It is not accepted, or known to be sent.
    pub async fn age(&self, id: &str) -> anyhow::Result<()> {
        let key = json!({KEY: {"S": id}});
        let get = json!({"TableName": self.name, "ConsistentRead": true, "Key": key});
        let item = self.call("GetItem", &get).await?;
        let since = item["Item"][OPEN_SINCE]["S"].as_str().context("not open")?;
        let (since, rest) = since.split_once('#').context("no time")?;
        let earlier = since.parse::<Timestamp>()? - jiff::SignedDuration::from_mins(2);
        let update = json!({
            "TableName": self.name, "Key": key, "UpdateExpression": "SET #since = :since",
            "ConditionExpression": "#status = :accepted",
            "ExpressionAttributeNames": {"#since": OPEN_SINCE, "#status": "status"},
            "ExpressionAttributeValues": {":since": {"S": format!("{earlier:.6}#{rest}")}, ":accepted": {"S": "ACCEPTED"}},
        });
        self.call("UpdateItem", &update).await.map(drop)
    }

    /// Deletes the items whose keys begin so.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn delete_with_prefix(&self, prefix: &str) -> anyhow::Result<()> {
        for item in self.items().await? {
            if item[KEY]["S"].as_str().is_some_and(|id| id.starts_with(prefix)) {
                let delete = json!({"TableName": self.name, "Key": {KEY: item[KEY]}});
                self.call("DeleteItem", &delete).await?;
            }
        }
        Ok(())
    }

    /// Everything.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn items(&self) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut scan = json!({"TableName": self.name, "ConsistentRead": true});
        loop {
            let mut page = self.call("Scan", &scan).await?;
            if let Value::Array(items) = page["Items"].take() {
                found.extend(items);
            }
            match &page["LastEvaluatedKey"] {
                Value::Null => return Ok(found),
                last => scan["ExclusiveStartKey"] = last.clone(),
            }
        }
    }

    async fn call(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(&self.endpoint).header("X-Amz-Target", format!("DynamoDB_20120810.{action}"));
        let request = request.header("Content-Type", "application/x-amz-json-1.0");
        let answer = request.header("Authorization", authorization("dynamodb")).body(body.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{action} ended with {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// Where an event belongs among those of the same instant.
fn rank(name: &str) -> usize {
    let order = ["accepted", "queued", "replayed", "received", "saved", "dead", "parked"];
    order.iter().position(|kind| name.starts_with(kind)).unwrap_or(order.len())
}

fn read_record(item: &Value) -> anyhow::Result<Record> {
    let text = |value: &Value| value["S"].as_str().map(str::to_owned).context("a text is missing");
    let payload = &item["payload"]["M"];
    let mut events = Vec::new();
    for (name, value) in item.as_object().context("no item")? {
        if let Some(name) = name.strip_prefix(EVENT) {
            let event: Value = serde_json::from_str(&text(value)?)?;
            events.push((event["at"].as_str().context("no time")?.parse()?, name.to_owned()));
        }
    }
    events.sort_by_key(|(at, name)| (*at, rank(name)));
    Ok(Record {
        status: text(&item["status"])?,
        dlq_retry: item["dlq_retry"]["N"].as_str().context("no dlq_retry")?.parse()?,
        transaction_id: text(&payload["transaction_id"])?,
        payer_id: text(&payload["payer_id"])?,
        amount: payload["amount"]["N"].as_str().context("no amount")?.to_owned(),
        events,
    })
}
