//! The port's operations as conditional writes and consistent reads. Never reads before it writes: the condition decides.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Select};
use function_http::IdempotencyKey;
use jiff::Timestamp;
use messages_contract::table::{KEY, OPEN_INDEX, OPEN_SINCE, OPEN_STATUS, TIME_TO_LIVE};
use messages_core::{
    Change, Claim, Claiming, Envelope, Event, Fault, Identified, Job, JobState, OpenPage, Placed, Record, Status, Table,
};
use uuid::Uuid;

use crate::fault::{fault, unreadable};
use crate::item::{
    Item, LOCK, OPEN_JOB, attribute, envelope_attributes, event_attribute, has_expired, job_id, key_id, limit_id,
    number, open_since, read_claim, read_job, read_number, read_record, state_name, text,
};
use crate::update::{Update, Updated};

const WHAT: &str = "the messages table";
/// Jobs that the sweeper is told of.
const JOBS: i32 = 25;

/// A table with the keys, the index and the time-to-live attribute of [`messages_contract::table`].
#[derive(Debug, Clone)]
pub struct MessagesTable {
    client: Client,
    name: String,
}

/// The condition of a put: the expression with its names and values.
struct Condition {
    expression: &'static str,
    names: &'static [(&'static str, &'static str)],
    values: Vec<(&'static str, AttributeValue)>,
}

impl MessagesTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Puts an item if the condition holds, else returns the existing item.
    async fn put(&self, item: Item, condition: Condition) -> Result<Placed<Item>, Fault> {
        let mut call = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition.expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, name) in condition.names {
            call = call.expression_attribute_names(*placeholder, *name);
        }
        for (placeholder, value) in condition.values {
            call = call.expression_attribute_values(placeholder, value);
        }
        match call.send().await {
            Ok(_) => Ok(Placed::Now),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Placed::Before(failed.item().cloned().unwrap_or_default()))
                }
                _ => Err(fault(WHAT, error)),
            },
        }
    }

    async fn get(&self, id: impl ToString, now: Timestamp) -> Result<Option<Item>, Fault> {
        let call = self.client.get_item().table_name(&self.name).key(KEY, text(id)).consistent_read(true);
        let answer = call.send().await.map_err(|error| fault(WHAT, error))?;
        Ok(answer.item.filter(|item| !has_expired(item, now)))
    }

    async fn update(&self, id: &str, update: Update) -> Result<Updated, Fault> {
        update.run(&self.client, &self.name, id).await
    }
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

fn seconds(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}

impl Table for MessagesTable {
    async fn claim(
        &self,
        user: &str,
        key: &IdempotencyKey,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Claiming, Fault> {
        let condition = Condition {
            expression: "attribute_not_exists(#id) OR #expiration < :now",
            names: &[("#id", KEY), ("#expiration", TIME_TO_LIVE)],
            values: vec![(":now", seconds(now))],
        };
        let item = item([
            (KEY, text(key_id(user, key))),
            (attribute::CLAIMED, text(claim.id)),
            (attribute::FINGERPRINT, text(&claim.fingerprint)),
            (TIME_TO_LIVE, seconds(expires)),
        ]);
        match self.put(item, condition).await? {
            Placed::Now => Ok(Claiming::Ours),
            Placed::Before(item) => read_claim(&item).map(Claiming::Earlier).map_err(|error| unreadable(WHAT, error)),
        }
    }

    async fn count(&self, user: &str, window: i64, messages: u32, expires: Timestamp) -> Result<u32, Fault> {
        let update = Update::default().add(attribute::MESSAGES, number(messages)).set(TIME_TO_LIVE, seconds(expires));
        match self.update(&limit_id(user, window), update).await? {
            Updated::Now(item) => read_number(&item, attribute::MESSAGES).map_err(|error| unreadable(WHAT, error)),
            Updated::Refused => Ok(0),
        }
    }

    async fn accept(
        &self,
        envelope: &Envelope,
        group: &str,
        event: &Event,
        expires: Timestamp,
    ) -> Result<Placed<Record>, Fault> {
        let id = envelope.message_id.to_string();
        let mut accepted = item([
            (KEY, text(&id)),
            (attribute::STATUS, text(Status::Accepted)),
            (attribute::SINCE, text(event.at)),
            (attribute::DLQ_RETRY, number(envelope.dlq_retry)),
            (attribute::BODY, text(envelope.to_body())),
            (attribute::GROUP, text(group)),
            (OPEN_STATUS, text(Status::Accepted)),
            (OPEN_SINCE, text(open_since(event.at, &id))),
            (TIME_TO_LIVE, seconds(expires)),
        ]);
        accepted.extend(envelope_attributes(envelope).into_iter().map(|(name, value)| (name.to_owned(), value)));
        accepted.extend([event_attribute(event)]);
        let condition =
            Condition { expression: "attribute_not_exists(#id)", names: &[("#id", KEY)], values: Vec::new() };
        match self.put(accepted, condition).await? {
            Placed::Now => Ok(Placed::Now),
            Placed::Before(item) => match read_record(&item) {
                Ok(Some(record)) => Ok(Placed::Before(record)),
                Ok(None) => Err(unreadable(WHAT, format!("the item {id} is no message"))),
                Err(error) => Err(unreadable(WHAT, error)),
            },
        }
    }

    async fn save(&self, envelope: &Envelope, group: &str, events: &[Event]) -> Result<Placed<()>, Fault> {
        let saved_at = events.last().map_or(envelope.timestamp, |event| event.at);
        let mut update = Update::default()
            .set(attribute::STATUS, text(Status::Saved))
            .set(attribute::SINCE, text(saved_at))
            .set(attribute::DLQ_RETRY, number(envelope.dlq_retry))
            .set(attribute::BODY, text(envelope.to_body()))
            .set(attribute::GROUP, text(group));
        for (name, value) in envelope_attributes(envelope) {
            update = update.set(name, value);
        }
        update = events.iter().fold(update, Update::event);
        for name in [OPEN_STATUS, OPEN_SINCE, TIME_TO_LIVE, attribute::ERROR_KIND, attribute::REASON] {
            update = update.remove(name);
        }
        let update = update.only_if(|update| {
            let is_new = update.absent(attribute::STATUS);
            format!("{is_new} OR {}", update.compare(attribute::STATUS, "<>", text(Status::Saved)))
        });
        match self.update(&envelope.message_id.to_string(), update).await? {
            Updated::Now(_) => Ok(Placed::Now),
            Updated::Refused => Ok(Placed::Before(())),
        }
    }

    async fn change(
        &self,
        about: Identified<'_>,
        events: &[Event],
        change: Change,
        expires: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        let Identified { id, body, group } = about;
        let since = events.last().map_or(Timestamp::UNIX_EPOCH, |event| event.at);
        let mut update = Update::default()
            .set(attribute::STATUS, text(change.to))
            .set(attribute::SINCE, text(since))
            .set(attribute::DLQ_RETRY, number(change.dlq_retry))
            .set(attribute::BODY, text(body))
            .set(attribute::GROUP, text(group))
            .set(OPEN_STATUS, text(change.to))
            .set(OPEN_SINCE, text(open_since(since, id)));
        update = events.iter().fold(update, Update::event);
        update = match &change.fault {
            Some(fault) => {
                update.set(attribute::ERROR_KIND, text(&fault.kind)).set(attribute::REASON, text(&fault.reason))
            }
            None => update.remove(attribute::ERROR_KIND).remove(attribute::REASON),
        };
        update = match expires {
            Some(expires) => update.set(TIME_TO_LIVE, seconds(expires)),
            // What is parked is nowhere else.
            None if change.to == Status::Parked => update.remove(TIME_TO_LIVE),
            None => update,
        };
        let update = update.only_if(|update| condition_of(update, &change));
        match self.update(id, update).await? {
            Updated::Now(_) => Ok(true),
            // The record is ahead of it; it happened all the same.
            Updated::Refused => {
                self.update(id, events.iter().fold(Update::default(), Update::event)).await?;
                Ok(false)
            }
        }
    }

    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<Record>, Fault> {
        if id.is_empty() || id.len() > 256 {
            return Ok(None);
        }
        match self.get(id, now).await? {
            Some(item) => read_record(&item).map_err(|error| unreadable(WHAT, error)),
            None => Ok(None),
        }
    }

    async fn open(
        &self,
        status: Status,
        before: Option<Timestamp>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<OpenPage, Fault> {
        let before = before.map(|before| format!("{before:.6}"));
        let call = self.open_items(status.as_str(), before, cursor).limit(limit.max(1) as i32);
        let answer = call.send().await.map_err(|error| fault(WHAT, error))?;
        let mut records = Vec::with_capacity(answer.items().len());
        for item in answer.items() {
            records.extend(read_record(item).map_err(|error| unreadable(WHAT, error))?);
        }
        let next = answer.last_evaluated_key.as_ref().and_then(|key| key.get(OPEN_SINCE));
        Ok(OpenPage { records, next: next.and_then(|value| value.as_s().ok()).cloned() })
    }

    async fn count_open(&self, status: Status, most: u32) -> Result<u32, Fault> {
        let (mut count, mut from) = (0, None);
        loop {
            let call = self.open_items(status.as_str(), None, None).select(Select::Count);
            let answer = call.set_exclusive_start_key(from).send().await.map_err(|error| fault(WHAT, error))?;
            count += u32::try_from(answer.count).unwrap_or_default();
            from = answer.last_evaluated_key;
            if from.is_none() || count >= most {
                return Ok(count.min(most));
            }
        }
    }

    async fn lock(&self, owner: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
        let condition = Condition {
            expression: "attribute_not_exists(#id) OR #until < :now OR #owner = :owner",
            names: &[("#id", KEY), ("#until", attribute::UNTIL), ("#owner", attribute::OWNER)],
            values: vec![(":now", number(now.as_millisecond())), (":owner", text(owner))],
        };
        let lock = item([
            (KEY, text(LOCK)),
            (attribute::OWNER, text(owner)),
            (attribute::UNTIL, number(until.as_millisecond())),
        ]);
        Ok(self.put(lock, condition).await? == Placed::Now)
    }

    async fn unlock(&self, owner: Uuid) -> Result<(), Fault> {
        let call = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(KEY, text(LOCK))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", attribute::OWNER)
            .expression_attribute_values(":owner", text(owner));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // It has expired and is somebody else's now.
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(fault(WHAT, error)),
            },
        }
    }

    async fn put_job(&self, job: &Job, expires: Timestamp) -> Result<bool, Fault> {
        let json = serde_json::to_string(job).map_err(|error| unreadable(WHAT, error))?;
        let id = job_id(job.job_id);
        let mut put = item([
            (KEY, text(&id)),
            (attribute::JOB, text(&json)),
            (attribute::STATE, text(state_name(job.state))),
            (TIME_TO_LIVE, seconds(expires)),
        ]);
        if job.state == JobState::Running && job.in_background {
            put.extend(item([(OPEN_STATUS, text(OPEN_JOB)), (OPEN_SINCE, text(open_since(job.created_at, &id)))]));
        }
        let condition = Condition {
            expression: "attribute_not_exists(#id) OR #state <> :stopped",
            names: &[("#id", KEY), ("#state", attribute::STATE)],
            values: vec![(":stopped", text(state_name(JobState::Stopped)))],
        };
        if self.put(put, condition).await? == Placed::Now {
            return Ok(true);
        }
        // It was stopped; what it has done is kept all the same.
        self.update(&id, Update::default().set(attribute::JOB, text(json))).await?;
        Ok(false)
    }

    async fn find_job(&self, id: Uuid, now: Timestamp) -> Result<Option<Job>, Fault> {
        let item = self.get(job_id(id), now).await?;
        item.map(|item| read_job(&item).map_err(|error| unreadable(WHAT, error))).transpose()
    }

    async fn open_jobs(&self) -> Result<Vec<Job>, Fault> {
        let call = self.open_items(OPEN_JOB, None, None).limit(JOBS);
        let answer = call.send().await.map_err(|error| fault(WHAT, error))?;
        answer.items().iter().map(|item| read_job(item).map_err(|error| unreadable(WHAT, error))).collect()
    }

    async fn stop_job(&self, id: Uuid) -> Result<bool, Fault> {
        let update = Update::default()
            .set(attribute::STATE, text(state_name(JobState::Stopped)))
            .remove(OPEN_STATUS)
            .remove(OPEN_SINCE)
            .only_if(|update| update.compare(attribute::STATE, "=", text(state_name(JobState::Running))));
        Ok(matches!(self.update(&job_id(id), update).await?, Updated::Now(_)))
    }
}

impl MessagesTable {
    /// The items of the index with this status, the oldest first.
    fn open_items(
        &self,
        status: &str,
        before: Option<String>,
        cursor: Option<&str>,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let mut call = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(OPEN_INDEX)
            .expression_attribute_names("#status", OPEN_STATUS)
            .expression_attribute_values(":status", text(status));
        let mut expression = "#status = :status".to_owned();
        if let Some(before) = before {
            expression += " AND #since < :before";
            call = call
                .expression_attribute_names("#since", OPEN_SINCE)
                .expression_attribute_values(":before", text(before));
        }
        // The sort key has the id behind its first `#`.
        if let Some((since, id)) = cursor.and_then(|since| Some((since, since.split_once('#')?.1))) {
            let key = item([(KEY, text(id)), (OPEN_STATUS, text(status)), (OPEN_SINCE, text(since))]);
            call = call.set_exclusive_start_key(Some(key));
        }
        call.key_condition_expression(expression)
    }
}

/// [`Change::applies_to`], or a record that is not there.
fn condition_of(update: &mut Update, change: &Change) -> String {
    let is_new = update.absent(attribute::STATUS);
    let not_saved = update.compare(attribute::STATUS, "<>", text(Status::Saved));
    let behind = update.compare(attribute::DLQ_RETRY, "<", number(change.dlq_retry));
    if change.from.is_empty() {
        return format!("{is_new} OR ({not_saved} AND {behind})");
    }
    let as_often = update.compare(attribute::DLQ_RETRY, "=", number(change.dlq_retry));
    let from: Vec<String> =
        change.from.iter().map(|status| update.compare(attribute::STATUS, "=", text(status))).collect();
    format!("{is_new} OR ({not_saved} AND ({behind} OR ({as_often} AND ({}))))", from.join(" OR "))
}
