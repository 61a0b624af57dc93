//! What is not saved: how many messages of the table are in each status, and since when the oldest is. Reads the sparse index alone.

use std::collections::HashMap;

use aws_access::{Answer, CallError, call_error};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use messages_contract::table::{OPEN_INDEX, OPEN_SINCE, OPEN_STATUS};
use serde::Serialize;

/// The statuses of messages that are in the index, in the order of a message's life, with what they mean.
pub(super) const STATUSES: [(&str, &str); 4] = [
    ("ACCEPTED", "not yet on the queue; the sweeper sends them after a minute"),
    ("QUEUED", "on the queue"),
    ("DEAD", "in the dead-letter queue, with a reason"),
    ("PARKED", "given up after five replays, or no messages at all"),
];

/// The messages of a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Open {
    pub(super) status: &'static str,
    pub(super) count: u64,
    /// Since when the oldest is in it.
    pub(super) oldest_since: Option<Timestamp>,
}

/// Counts the messages of each status.
pub(super) async fn open(config: &SdkConfig, table: &str) -> Result<Vec<Open>, CallError> {
    let client = Client::new(config);
    let client = &client;
    try_join_all(STATUSES.map(|(status, _)| async move {
        let (count, oldest_since) = tokio::try_join!(count(client, table, status), oldest(client, table, status))?;
        Ok(Open { status, count, oldest_since })
    }))
    .await
}

async fn count(client: &Client, table: &str, status: &str) -> Result<u64, CallError> {
    let (mut count, mut after) = (0, None);
    loop {
        let call = query(client, table, status).select(Select::Count).set_exclusive_start_key(after);
        let answer = call.send().await.map_err(|error| call_error("Query", error))?;
        count += u64::try_from(answer.count()).unwrap_or_default();
        match answer.last_evaluated_key {
            Some(key) => after = Some(key),
            None => return Ok(count),
        }
    }
}

async fn oldest(client: &Client, table: &str, status: &str) -> Result<Option<Timestamp>, CallError> {
    let call = query(client, table, status).limit(1).scan_index_forward(true);
    let answer = call.send().await.map_err(|error| call_error("Query", error))?;
    answer.items().first().map(since).transpose()
}

fn query(
    client: &Client,
    table: &str,
    status: &str,
) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
    (client.query().table_name(table).index_name(OPEN_INDEX))
        .key_condition_expression("#status = :status")
        .expression_attribute_names("#status", OPEN_STATUS)
        .expression_attribute_values(":status", AttributeValue::S(status.to_owned()))
}

/// The moment of the sort key, which has the id behind a `#`.
fn since(item: &HashMap<String, AttributeValue>) -> Result<Timestamp, CallError> {
    let key = item.get(OPEN_SINCE).and_then(|value| value.as_s().ok());
    let key = Answer("Query").text(OPEN_SINCE, key.map(String::as_str))?;
    let moment = key.split('#').next().unwrap_or_default();
    moment.parse().map_err(|_| CallError::unreadable("Query", OPEN_SINCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_when_is_the_first_part_of_the_sort_key() {
        let item = |text: &str| HashMap::from([(OPEN_SINCE.to_owned(), AttributeValue::S(text.to_owned()))]);
        let read = since(&item("2026-11-02T13:43:38.862912Z#742652f8-0b46-400c-ae8e-c9ecaecc9bc7")).unwrap();
        assert_eq!(read.to_string(), "2026-11-02T13:43:38.862912Z");
        assert!(since(&item("yesterday")).unwrap_err().to_string().contains(OPEN_SINCE));
        assert!(since(&HashMap::new()).is_err());
    }
}
