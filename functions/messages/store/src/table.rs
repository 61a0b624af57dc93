//! The port's operations as conditional writes and consistent reads. Never reads before it writes: the condition decides.

use aws_sdk_dynamodb::Client;
use function_dynamodb::{
    BoxError, Condition, Error, Item, Schema, Update, Written, absent, compare, item, number, read_number, read_text,
    seconds, text,
};
use function_http::IdempotencyKey;
use jiff::Timestamp;
use messages_contract::table::{KEY, OPEN_INDEX, OPEN_SINCE, OPEN_STATUS, TIME_TO_LIVE};
use messages_core::{
    Change, Claim, Claiming, Envelope, Event, Fault, Identified, Job, JobState, OpenPage, Placed, Record, Status, Table,
};
use uuid::Uuid;

use crate::item::{
    LOCK, OPEN_JOB, attribute, envelope_attributes, event_attribute, job_id, key_id, limit_id, open_since, read_claim,
    read_job, read_record, state_name,
};

const SCHEMA: Schema = Schema { what: "the messages table", key: KEY, time_to_live: TIME_TO_LIVE };
/// Jobs that the sweeper is told of.
const JOBS: i32 = 25;

/// A table with the keys, the index and the time-to-live attribute of [`messages_contract::table`].
#[derive(Debug, Clone)]
pub struct MessagesTable(function_dynamodb::Table);

impl MessagesTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(function_dynamodb::Table::new(client, name, SCHEMA))
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Written<()>, Fault> {
        self.0.put_if(item, condition).await.map_err(fault)
    }

    async fn live(&self, id: impl ToString, now: Timestamp) -> Result<Option<Item>, Fault> {
        self.0.live(id, now).await.map_err(fault)
    }

    async fn update(&self, id: &str, update: Update) -> Result<Written<Item>, Fault> {
        self.0.update(id, update).await.map_err(fault)
    }
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
        let is_free = absent(KEY).or(compare(TIME_TO_LIVE, "<", seconds(now)));
        let item = item([
            (KEY, text(key_id(user, key))),
            (attribute::CLAIMED, text(claim.id)),
            (attribute::FINGERPRINT, text(&claim.fingerprint)),
            (TIME_TO_LIVE, seconds(expires)),
        ]);
        match self.put(item, is_free).await? {
            Written::Now(()) => Ok(Claiming::Ours),
            Written::Refused(item) => read_claim(&item.unwrap_or_default()).map(Claiming::Earlier).map_err(unreadable),
        }
    }

    async fn count(&self, user: &str, window: i64, messages: u32, expires: Timestamp) -> Result<u32, Fault> {
        let update = Update::default().add(attribute::MESSAGES, number(messages)).set(TIME_TO_LIVE, seconds(expires));
        match self.update(&limit_id(user, window), update).await? {
            Written::Now(item) => {
                let count = read_number(&item, attribute::MESSAGES).map_err(unreadable)?;
                count.parse().map_err(unreadable)
            }
            Written::Refused(_) => Ok(0),
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
        match self.put(accepted, absent(KEY)).await? {
            Written::Now(()) => Ok(Placed::Now),
            Written::Refused(item) => match read_record(&item.unwrap_or_default()).map_err(unreadable)? {
                Some(record) => Ok(Placed::Before(record)),
                None => Err(unreadable(format!("the item {id} is no message"))),
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
        update = events.iter().fold(update, with_event);
        for name in [OPEN_STATUS, OPEN_SINCE, TIME_TO_LIVE, attribute::ERROR_KIND, attribute::REASON] {
            update = update.remove(name);
        }
        let update =
            update.only_if(absent(attribute::STATUS).or(compare(attribute::STATUS, "<>", text(Status::Saved))));
        match self.update(&envelope.message_id.to_string(), update).await? {
            Written::Now(_) => Ok(Placed::Now),
            Written::Refused(_) => Ok(Placed::Before(())),
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
        update = events.iter().fold(update, with_event);
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
        match self.update(id, update.only_if(condition_of(&change))).await? {
            Written::Now(_) => Ok(true),
            // The record is ahead of it; it happened all the same.
            Written::Refused(_) => {
                self.update(id, events.iter().fold(Update::default(), with_event)).await?;
                Ok(false)
            }
        }
    }

    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<Record>, Fault> {
        if id.is_empty() || id.len() > 256 {
            return Ok(None);
        }
        match self.live(id, now).await? {
            Some(item) => read_record(&item).map_err(unreadable),
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
        let keys = has_open_status(status.as_str());
        let keys = match before {
            Some(before) => keys.and(compare(OPEN_SINCE, "<", text(format!("{before:.6}")))),
            None => keys,
        };
        // The sort key has the id behind its first `#`.
        let after = cursor
            .and_then(|since| Some((since, since.split_once('#')?.1)))
            .map(|(since, id)| item([(KEY, text(id)), (OPEN_STATUS, text(status)), (OPEN_SINCE, text(since))]));
        let page = self.0.query(OPEN_INDEX, keys, after, limit.max(1) as i32).await.map_err(fault)?;
        let mut records = Vec::with_capacity(page.items.len());
        for item in &page.items {
            records.extend(read_record(item).map_err(unreadable)?);
        }
        let next = page.next.and_then(|keys| read_text(&keys, OPEN_SINCE).map(str::to_owned).ok());
        Ok(OpenPage { records, next })
    }

    async fn count_open(&self, status: Status, most: u32) -> Result<u32, Fault> {
        self.0.count(OPEN_INDEX, has_open_status(status.as_str()), most).await.map_err(fault)
    }

    async fn lock(&self, owner: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
        let is_free = absent(KEY).or(compare(attribute::UNTIL, "<", number(now.as_millisecond()))).or(compare(
            attribute::OWNER,
            "=",
            text(owner),
        ));
        let lock = item([
            (KEY, text(LOCK)),
            (attribute::OWNER, text(owner)),
            (attribute::UNTIL, number(until.as_millisecond())),
        ]);
        Ok(matches!(self.put(lock, is_free).await?, Written::Now(())))
    }

    async fn unlock(&self, owner: Uuid) -> Result<(), Fault> {
        // Where it is not ours, it has expired and is somebody else's now.
        let is_ours = compare(attribute::OWNER, "=", text(owner));
        self.0.delete_if(LOCK, is_ours).await.map(|_| ()).map_err(fault)
    }

    async fn put_job(&self, job: &Job, expires: Timestamp) -> Result<bool, Fault> {
        let json = serde_json::to_string(job).map_err(unreadable)?;
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
        let is_not_stopped = absent(KEY).or(compare(attribute::STATE, "<>", text(state_name(JobState::Stopped))));
        if self.put(put, is_not_stopped).await? == Written::Now(()) {
            return Ok(true);
        }
        // It was stopped; what it has done is kept all the same.
        self.update(&id, Update::default().set(attribute::JOB, text(json))).await?;
        Ok(false)
    }

    async fn find_job(&self, id: Uuid, now: Timestamp) -> Result<Option<Job>, Fault> {
        self.live(job_id(id), now).await?.as_ref().map(read_job).transpose().map_err(unreadable)
    }

    async fn open_jobs(&self) -> Result<Vec<Job>, Fault> {
        let page = self.0.query(OPEN_INDEX, has_open_status(OPEN_JOB), None, JOBS).await.map_err(fault)?;
        page.items.iter().map(|item| read_job(item).map_err(unreadable)).collect()
    }

    async fn stop_job(&self, id: Uuid) -> Result<bool, Fault> {
        let update = Update::default()
            .set(attribute::STATE, text(state_name(JobState::Stopped)))
            .remove(OPEN_STATUS)
            .remove(OPEN_SINCE)
            .only_if(compare(attribute::STATE, "=", text(state_name(JobState::Running))));
        Ok(matches!(self.update(&job_id(id), update).await?, Written::Now(_)))
    }
}

/// An event is written once.
fn with_event(update: Update, event: &Event) -> Update {
    let (name, value) = event_attribute(event);
    update.set_once(&name, value)
}

/// Of an item of the index.
fn has_open_status(status: &str) -> Condition {
    compare(OPEN_STATUS, "=", text(status))
}

/// [`Change::applies_to`], or a record that is not there.
fn condition_of(change: &Change) -> Condition {
    let is_new = absent(attribute::STATUS);
    let not_saved = compare(attribute::STATUS, "<>", text(Status::Saved));
    let behind = compare(attribute::DLQ_RETRY, "<", number(change.dlq_retry));
    let from = change.from.iter().map(|status| compare(attribute::STATUS, "=", text(status))).reduce(Condition::or);
    let is_due = match from {
        None => behind,
        Some(from) => behind.or(compare(attribute::DLQ_RETRY, "=", number(change.dlq_retry)).and(from)),
    };
    is_new.or(not_saved.and(is_due))
}

/// The port does not tell what a retry cannot fix from the rest.
fn fault(error: Error) -> Fault {
    match error {
        Error::Throttled { what, source } => Fault::Throttled { what, source },
        Error::Unavailable { what, source } | Error::Permanent { what, source } => Fault::Failed { what, source },
    }
}

fn unreadable(source: impl Into<BoxError>) -> Fault {
    Fault::Failed { what: SCHEMA.what, source: source.into() }
}
