//! Items of the table. A message is an item under its id; each of its events is an attribute, so that writing one again changes nothing. Everything else
//! has a prefix before its key.

use aws_sdk_dynamodb::types::AttributeValue;
use function_dynamodb::{Item, number, read_number, read_text, text};
use function_http::IdempotencyKey;
use jiff::Timestamp;
use messages_contract::table::KEY;
use messages_core::{BoxError, Claim, DeadFault, Envelope, Event, Happened, Job, JobState, Record, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Attributes of a message.
pub(crate) mod attribute {
    pub(crate) const STATUS: &str = "status";
    pub(crate) const SINCE: &str = "since";
    pub(crate) const DLQ_RETRY: &str = "dlq_retry";
    pub(crate) const BODY: &str = "body";
    pub(crate) const GROUP: &str = "group";
    pub(crate) const ERROR_KIND: &str = "error_kind";
    pub(crate) const REASON: &str = "reason";
    /// Before the name of an event.
    pub(crate) const EVENT: &str = "event#";
    /// Of a job: it as JSON, but for its state.
    pub(crate) const JOB: &str = "job";
    /// Of a job.
    pub(crate) const STATE: &str = "state";
    /// Of a lock.
    pub(crate) const OWNER: &str = "owner";
    /// Of a lock: until when it is held, in milliseconds since 1970.
    pub(crate) const UNTIL: &str = "until";
    /// Of an idempotency key.
    pub(crate) const CLAIMED: &str = "claimed_id";
    /// Of an idempotency key.
    pub(crate) const FINGERPRINT: &str = "fingerprint";
    /// Of a user's minute.
    pub(crate) const MESSAGES: &str = "messages";
}

/// What [`messages_contract::table::OPEN_STATUS`] is for jobs that run.
pub(crate) const OPEN_JOB: &str = "JOB";
/// The key of the lock that keeps reprocessing apart.
pub(crate) const LOCK: &str = "lock#reprocess";

pub(crate) fn key_id(user: &str, key: &IdempotencyKey) -> String {
    format!("key#{}", key.of_principal(user))
}

pub(crate) fn limit_id(user: &str, window: i64) -> String {
    format!("limit#{user}#{window}")
}

pub(crate) fn job_id(id: Uuid) -> String {
    format!("job#{id}")
}

/// The sort key of the index: times of the same length sort as texts.
pub(crate) fn open_since(since: Timestamp, id: &str) -> String {
    format!("{since:.6}#{id}")
}

/// What the worker of old wrote of a message, too.
pub(crate) fn envelope_attributes(envelope: &Envelope) -> Vec<(&'static str, AttributeValue)> {
    let Envelope { timestamp, source, kind, payload, .. } = envelope;
    let description = payload.description.as_ref().map_or(AttributeValue::Null(true), text);
    let members = [
        ("transaction_id", text(&payload.transaction_id)),
        ("payer_id", text(&payload.payer_id)),
        ("receiver_id", text(&payload.receiver_id)),
        ("amount", number(payload.amount)),
        ("currency", text(&payload.currency)),
        ("description", description),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value)).into();
    vec![
        ("timestamp", text(timestamp)),
        ("source", text(source)),
        ("type", text(kind)),
        ("payload", AttributeValue::M(members)),
    ]
}

#[derive(Serialize, Deserialize)]
struct Stored {
    at: Timestamp,
    #[serde(flatten)]
    happened: Happened,
}

/// The name and value of an event's attribute.
pub(crate) fn event_attribute(event: &Event) -> (String, AttributeValue) {
    let stored = Stored { at: event.at, happened: event.happened.clone() };
    let name = format!("{}{}", attribute::EVENT, event.happened.name());
    (name, text(serde_json::to_string(&stored).unwrap_or_default()))
}

/// A message; `None` for an item of another kind.
///
/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_record(item: &Item) -> Result<Option<Record>, BoxError> {
    let Some(body) = item.get(attribute::BODY).and_then(|value| value.as_s().ok()) else { return Ok(None) };
    let status = read_text(item, attribute::STATUS)?;
    let status = Status::parse(status).ok_or_else(|| format!("status {status:?} of the item is none"))?;
    let mut events = Vec::new();
    for (name, value) in item.iter().filter(|(name, _)| name.starts_with(attribute::EVENT)) {
        let json = value.as_s().map_err(|_| format!("{name} of the item is no text"))?;
        let Stored { at, happened } = serde_json::from_str(json)?;
        events.push(Event { at, happened });
    }
    let optional = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let fault = optional(attribute::ERROR_KIND)
        .map(|kind| DeadFault { kind, reason: optional(attribute::REASON).unwrap_or_default() });
    Ok(Some(Record {
        id: read_text(item, KEY)?.to_owned(),
        status,
        since: read_text(item, attribute::SINCE)?.parse()?,
        dlq_retry: read_number(item, attribute::DLQ_RETRY)?.parse()?,
        body: body.clone(),
        group: read_text(item, attribute::GROUP)?.to_owned(),
        fault,
        events,
    }))
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_claim(item: &Item) -> Result<Claim, BoxError> {
    let id = read_text(item, attribute::CLAIMED)?.parse()?;
    Ok(Claim { id, fingerprint: read_text(item, attribute::FINGERPRINT)?.to_owned() })
}

/// A job, with the state that counts.
///
/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_job(item: &Item) -> Result<Job, BoxError> {
    let mut job: Job = serde_json::from_str(read_text(item, attribute::JOB)?)?;
    job.state = serde_json::from_value(read_text(item, attribute::STATE)?.into())?;
    Ok(job)
}

/// As in the attribute.
pub(crate) fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Running => "RUNNING",
        JobState::Done => "DONE",
        JobState::Stopped => "STOPPED",
        JobState::Failed => "FAILED",
    }
}
