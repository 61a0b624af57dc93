//! Sending to a queue: batches within SQS's limits, with every entry of each response checked and failed entries sent again. A batch
//! does not count as sent just because the response was 200.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures_util::{StreamExt, stream};

use crate::send_fault::{CallFault, EntryFault, SendError, SendFault};

/// SQS: a batch holds at most 10 messages and, together with their attributes, 1 MiB.
const BATCH_MESSAGES: usize = 10;
const BATCH_BYTES: usize = 1024 * 1024;
const ATTEMPTS: u32 = 5;
/// Batches in flight at the same time; enough to hide the round trip, few enough for a small function.
const CONCURRENT_BATCHES: usize = 4;

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    pub body: String,
    /// String attributes; values must not be empty.
    pub attributes: Vec<(Cow<'static, str>, String)>,
    /// The message group, for FIFO queues: see [`fifo_id`](crate::fifo_id).
    pub group: Option<String>,
    /// For FIFO queues: for five minutes, SQS accepts and drops further messages with the same one.
    pub deduplication_id: Option<String>,
    /// How long the queue keeps it back, up to 15 minutes, in whole seconds; a FIFO queue has no delay of a single message.
    pub delay: Duration,
}

impl From<String> for Outgoing {
    fn from(body: String) -> Self {
        Self { body, ..Self::default() }
    }
}

impl Outgoing {
    /// SQS counts the body and the attributes; group and deduplication id are free.
    fn size(&self) -> usize {
        let attributes: usize =
            self.attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum();
        self.body.len() + attributes
    }
}

/// One `SendMessageBatch`.
pub trait SendBatch {
    /// Sends at most 10 messages; the result lists those that were not accepted, by index.
    ///
    /// # Errors
    /// The call failed as a whole, after the client's own retries.
    fn send_batch(&self, messages: &[&Outgoing]) -> impl Future<Output = Result<Vec<(usize, EntryFault)>, CallFault>>;
}

/// A queue and how to reach it.
#[derive(Debug, Clone)]
pub struct Queue<P = Sqs>(P);

/// The SQS client with a queue's URL.
#[derive(Debug, Clone)]
pub struct Sqs {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

impl Queue<Sqs> {
    pub fn new(client: &aws_sdk_sqs::Client, url: impl Into<String>) -> Self {
        Self(Sqs { client: client.clone(), url: url.into() })
    }
}

impl<P: SendBatch> Queue<P> {
    pub fn over(port: P) -> Self {
        Self(port)
    }

    pub(crate) fn port(&self) -> &P {
        &self.0
    }

    /// Sends messages, or bodies of messages without anything else, as [`send_all`] does.
    ///
    /// # Errors
    /// Names the messages that were not accepted; all others were sent.
    pub async fn send<M: Into<Outgoing>>(&self, messages: Vec<M>) -> Result<(), SendError> {
        send_all(&self.0, messages.into_iter().map(Into::into).collect()).await
    }
}

/// Sends all messages in batches; entries that failed on SQS's side are sent again with backoff.
///
/// Messages with a group are sent in their order: one batch after the other, each until all its entries are accepted or cannot be. After a message that
/// cannot, later ones of its group are not sent and are named, too. Only within one batch SQS may accept a message and not the one before it, which then
/// arrives later: whoever cannot bear that sends one message of a group at a time.
///
/// # Errors
/// Names the messages that were not accepted; all others were sent.
pub async fn send_all<P: SendBatch>(port: &P, messages: Vec<Outgoing>) -> Result<(), SendError> {
    let total = messages.len();
    let sizes: Vec<usize> = messages.iter().map(Outgoing::size).collect();
    let has_groups = messages.iter().any(|message| message.group.is_some());
    let lost = Lost::default();
    stream::iter(chunks(&sizes))
        .map(|range| send_chunk(port, &messages, range, &lost))
        .buffer_unordered(if has_groups { 1 } else { CONCURRENT_BATCHES })
        .collect::<()>()
        .await;
    let mut faults = lost.into_inner();
    faults.sort_by_key(|(index, _)| *index);
    match faults.first() {
        None => Ok(()),
        Some((_, first)) => {
            let first = first.clone();
            Err(SendError { failed: faults.into_iter().map(|(index, _)| index).collect(), total, first })
        }
    }
}

/// The messages that were not accepted so far, by index among all.
type Lost = RefCell<Vec<(usize, SendFault)>>;

/// Sends one batch until every message is accepted or cannot be; adds those that are not to `lost`.
async fn send_chunk<P: SendBatch>(port: &P, messages: &[Outgoing], range: Range<usize>, lost: &Lost) {
    let lose = |faults: Vec<(usize, SendFault)>| lost.borrow_mut().extend(faults);
    let too_large = |index: &usize| messages[*index].size() > BATCH_BYTES;
    let fault = |index: usize| SendFault::TooLarge { bytes: messages[index].size(), limit: BATCH_BYTES };
    lose(range.clone().filter(too_large).map(|index| (index, fault(index))).collect());
    let mut left: Vec<usize> = range.filter(|index| !too_large(index)).collect();
    for attempt in 0..ATTEMPTS {
        let (behind, next): (Vec<usize>, Vec<usize>) =
            left.into_iter().partition(|index| is_behind(*index, messages, &lost.borrow()));
        lose(behind.into_iter().map(|index| (index, SendFault::Behind)).collect());
        left = next;
        if left.is_empty() {
            return;
        }
        if attempt > 0 {
            let cap = Duration::from_millis(100) * 2_u32.pow(attempt);
            tokio::time::sleep(cap.mul_f64(rand::random::<f64>())).await;
        }
        let batch: Vec<&Outgoing> = left.iter().map(|index| &messages[*index]).collect();
        let last = attempt + 1 == ATTEMPTS;
        match port.send_batch(&batch).await {
            Err(fault) => {
                lose(left.iter().map(|index| (*index, SendFault::Call(fault.clone()))).collect());
                return;
            }
            Ok(faults) => {
                let named = faults.into_iter().filter_map(|(index, fault)| Some((*left.get(index)?, fault)));
                let (failed, mut again): (Vec<_>, Vec<_>) = named.partition(|(_, fault)| fault.sender_fault || last);
                lose(failed.into_iter().map(|(index, fault)| (index, SendFault::Entry(fault))).collect());
                again.sort_unstable_by_key(|(index, _)| *index);
                left = again.into_iter().map(|(index, _)| index).collect();
            }
        }
    }
}

/// Whether an earlier message of the same group was not accepted.
fn is_behind(index: usize, messages: &[Outgoing], lost: &[(usize, SendFault)]) -> bool {
    let group = &messages[index].group;
    group.is_some() && lost.iter().any(|(earlier, _)| *earlier < index && messages[*earlier].group == *group)
}

/// Splits messages of these sizes into batches within SQS's limits, in order.
fn chunks(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (index, size) in sizes.iter().enumerate() {
        if index > start && (index - start == BATCH_MESSAGES || bytes + size > BATCH_BYTES) {
            ranges.push(start..index);
            start = index;
            bytes = 0;
        }
        bytes += size;
    }
    if start < sizes.len() {
        ranges.push(start..sizes.len());
    }
    ranges
}

impl SendBatch for Sqs {
    async fn send_batch(&self, messages: &[&Outgoing]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
        let mut call = self.client.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            // The request is malformed and would be again.
            call = call.entries(entry(index, message).map_err(|error| CallFault::new(error, None, false))?);
        }
        let answer = call.send().await.map_err(CallFault::of)?;
        let faults = answer.failed().iter().map(|entry| {
            let unknown =
                |_| CallFault::new(format!("the queue names entry {:?}, never sent", entry.id()), None, false);
            let (code, message) = (entry.code().to_owned(), entry.message().map(str::to_owned));
            Ok((entry.id().parse().map_err(unknown)?, EntryFault { code, message, sender_fault: entry.sender_fault() }))
        });
        faults.collect()
    }
}

/// A message as an entry of a batch, named by its index.
fn entry(index: usize, message: &Outgoing) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        .set_message_group_id(message.group.clone())
        .set_message_deduplication_id(message.deduplication_id.clone())
        .set_delay_seconds(i32::try_from(message.delay.as_secs()).ok().filter(|seconds| *seconds > 0));
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
        entry = entry.message_attributes(name.as_ref(), value);
    }
    entry.build()
}

#[cfg(test)]
mod tests;
