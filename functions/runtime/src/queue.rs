//! Sending to a queue: batches within SQS's limits, with every entry of each response checked and failed entries sent again. A batch
//! does not count as sent just because the response was 200.

use std::ops::Range;
use std::time::Duration;

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
    pub attributes: Vec<(&'static str, String)>,
}

impl From<String> for Outgoing {
    fn from(body: String) -> Self {
        Self { body, attributes: Vec::new() }
    }
}

impl Outgoing {
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
    client: aws_sdk_sqs::Client,
    url: String,
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

    /// Sends message bodies, as many batches as it takes.
    ///
    /// # Errors
    /// Names the messages that were not accepted; all others were sent.
    pub async fn send(&self, bodies: Vec<String>) -> Result<(), SendError> {
        send_all(&self.0, bodies.into_iter().map(Outgoing::from).collect()).await
    }
}

/// Sends all messages in batches; entries that failed on SQS's side are sent again with backoff.
///
/// # Errors
/// Names the messages that were not accepted; all others were sent.
pub async fn send_all<P: SendBatch>(port: &P, messages: Vec<Outgoing>) -> Result<(), SendError> {
    let total = messages.len();
    let sizes: Vec<usize> = messages.iter().map(Outgoing::size).collect();
    let mut faults: Vec<(usize, SendFault)> = stream::iter(chunks(&sizes))
        .map(|range| send_chunk(port, &messages, range))
        .buffer_unordered(CONCURRENT_BATCHES)
        .concat()
        .await;
    faults.sort_by_key(|(index, _)| *index);
    match faults.first() {
        None => Ok(()),
        Some((_, first)) => {
            let first = first.clone();
            Err(SendError { failed: faults.into_iter().map(|(index, _)| index).collect(), total, first })
        }
    }
}

/// Sends one batch until every message is accepted or cannot be; returns the indexes (among all messages) of those not accepted.
async fn send_chunk<P: SendBatch>(port: &P, messages: &[Outgoing], range: Range<usize>) -> Vec<(usize, SendFault)> {
    let too_large = |index: &usize| messages[*index].size() > BATCH_BYTES;
    let mut lost: Vec<(usize, SendFault)> = range
        .clone()
        .filter(too_large)
        .map(|index| (index, SendFault::TooLarge { bytes: messages[index].size(), limit: BATCH_BYTES }))
        .collect();
    let mut left: Vec<usize> = range.filter(|index| !too_large(index)).collect();
    for attempt in 0..ATTEMPTS {
        if left.is_empty() {
            return lost;
        }
        if attempt > 0 {
            let cap = Duration::from_millis(100) * 2_u32.pow(attempt);
            tokio::time::sleep(cap.mul_f64(rand::random::<f64>())).await;
        }
        let batch: Vec<&Outgoing> = left.iter().map(|index| &messages[*index]).collect();
        let last = attempt + 1 == ATTEMPTS;
        match port.send_batch(&batch).await {
            Err(fault) => {
                lost.extend(left.iter().map(|index| (*index, SendFault::Call(fault.clone()))));
                return lost;
            }
            Ok(faults) => {
                let mut again = Vec::new();
                for (index, fault) in faults.into_iter().filter(|(index, _)| *index < left.len()) {
                    if fault.sender_fault || last {
                        lost.push((left[index], SendFault::Entry(fault)));
                    } else {
                        again.push(left[index]);
                    }
                }
                left = again;
            }
        }
    }
    lost
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
        // The request is malformed and would be again.
        let unmade = |error| CallFault::new(error, None, false);
        let mut call = self.client.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            let mut entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(&message.body);
            for (name, value) in &message.attributes {
                let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
                entry = entry.message_attributes(*name, value.map_err(unmade)?);
            }
            call = call.entries(entry.build().map_err(unmade)?);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::chain;
    use std::cell::RefCell;

    /// A queue that accepts everything except what it is told to reject.
    #[derive(Default)]
    struct Fake {
        taken: RefCell<Vec<String>>,
        batches: RefCell<Vec<usize>>,
        /// Bodies rejected this many times before they are accepted.
        busy: RefCell<Vec<(String, u32)>>,
        forbidden: Option<String>,
        down: bool,
    }

    impl SendBatch for Fake {
        async fn send_batch(&self, messages: &[&Outgoing]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
            tokio::task::yield_now().await;
            self.batches.borrow_mut().push(messages.len());
            if self.down {
                return Err(CallFault::new("connection refused", None, true));
            }
            let mut faults = Vec::new();
            for (index, message) in messages.iter().enumerate() {
                let mut busy = self.busy.borrow_mut();
                let waiting = busy.iter_mut().find(|(body, left)| *body == message.body && *left > 0);
                if self.forbidden.as_ref() == Some(&message.body) {
                    faults.push((index, entry_fault("InvalidMessageContents", true)));
                } else if let Some((_, left)) = waiting {
                    *left -= 1;
                    faults.push((index, entry_fault("InternalError", false)));
                } else {
                    self.taken.borrow_mut().push(message.body.clone());
                }
            }
            Ok(faults)
        }
    }

    fn entry_fault(code: &str, sender_fault: bool) -> EntryFault {
        EntryFault { code: code.to_owned(), message: None, sender_fault }
    }

    fn bodies(count: usize) -> Vec<Outgoing> {
        (0..count).map(|index| Outgoing::from(format!("body {index}"))).collect()
    }

    #[test]
    fn batches_stay_within_ten_messages_and_one_mebibyte() {
        assert_eq!(chunks(&[]), Vec::<Range<usize>>::new());
        assert_eq!(chunks(&[1; 25]), [0..10, 10..20, 20..25]);
        let half = BATCH_BYTES / 2;
        assert_eq!(chunks(&[half, half, 1, half]), [0..2, 2..4]);
        assert_eq!(chunks(&[1, BATCH_BYTES + 1, 1]), [0..1, 1..2, 2..3]);
    }

    #[tokio::test(start_paused = true)]
    async fn entries_that_failed_on_the_queues_side_are_sent_again() {
        let queue =
            Fake { busy: RefCell::new(vec![("body 3".to_owned(), 2), ("body 11".to_owned(), 4)]), ..Fake::default() };
        send_all(&queue, bodies(23)).await.unwrap();
        let mut taken = queue.taken.borrow().clone();
        taken.sort();
        let mut all: Vec<String> = bodies(23).into_iter().map(|message| message.body).collect();
        all.sort();
        assert_eq!(taken, all, "each exactly once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_queue_never_takes_is_named() {
        let queue = Fake {
            busy: RefCell::new(vec![("body 12".to_owned(), 99)]),
            forbidden: Some("body 1".to_owned()),
            ..Fake::default()
        };
        let error = send_all(&queue, bodies(13)).await.unwrap_err();
        assert_eq!(error.failed, [1, 12]);
        assert_eq!(chain(&error), "2 of 13 messages were not sent (the first: number 1): InvalidMessageContents");
        assert!(!error.is_retryable());
        assert_eq!(queue.taken.borrow().len(), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_down_is_an_error_for_every_message() {
        let queue = Fake { down: true, ..Fake::default() };
        let error = send_all(&queue, bodies(12)).await.unwrap_err();
        assert_eq!(error.failed, (0..12).collect::<Vec<_>>());
        assert_eq!(error.first.to_string(), "connection refused");
        assert!(error.is_retryable() && !error.is_throttled());
    }

    #[tokio::test]
    async fn a_message_too_large_for_sqs_is_named_and_the_others_go() {
        let queue = Fake::default();
        let messages = vec![Outgoing::from("x".repeat(BATCH_BYTES + 1)), Outgoing::from("small".to_owned())];
        let error = send_all(&queue, messages).await.unwrap_err();
        assert_eq!(error.failed, [0]);
        assert!(!error.is_retryable());
        assert_eq!(*queue.taken.borrow(), ["small"]);
    }
}
