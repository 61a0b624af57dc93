//! The queue that invokes a function, and what becomes of a message that is not done yet: when it is received again, by how often it was, or
//! whether it is put back as a new message. Decides nothing about messages that are done or can never be.

use std::time::Duration;

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use contract::postponed;
use jiff::Timestamp;

use crate::decode::Record;
use crate::queue::{Outgoing, Queue, SendBatch, Sqs};
use crate::send_fault::{CallFault, EntryFault};

/// After the first receive; doubled with each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(30);
/// No message waits longer after the end of an outage. Fifteen receives then last two and a half hours.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);
/// SQS keeps a message hidden for at most 12 hours from its receive:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>. The hour is for the invocation before.
const LONGEST_HIDDEN: Duration = Duration::from_secs(11 * 3600);
/// SQS delays a message by at most 15 minutes:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html>
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// How long a message is put back, counted from the first time. Its queue's retention does not limit it, since each time it is a new message; what lasts for
/// longer than this is for people, as a dead letter.
const LONGEST_POSTPONED: Duration = Duration::from_secs(3 * 24 * 3600);
/// Entries of one call: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>
const BATCH: usize = 10;

/// `ChangeMessageVisibilityBatch`.
pub trait ChangeVisibility {
    /// Hides at most 10 received messages, by receipt handle, for so long from now on; the result lists those that were not, by index.
    ///
    /// # Errors
    /// The call failed as a whole, after the client's own retries.
    fn change_visibility(
        &self,
        changes: &[(&str, Duration)],
    ) -> impl Future<Output = Result<Vec<(usize, EntryFault)>, CallFault>>;
}

/// The queue that invokes a function.
#[derive(Debug, Clone)]
pub struct Input<P = Sqs> {
    queue: Queue<P>,
    max_receive_count: u32,
}

impl Input<Sqs> {
    /// `max_receive_count` of the queue's redrive policy.
    pub fn new(client: &aws_sdk_sqs::Client, url: impl Into<String>, max_receive_count: u32) -> Self {
        Self { queue: Queue::new(client, url), max_receive_count }
    }
}

impl<P: SendBatch + ChangeVisibility> Input<P> {
    pub fn over(port: P, max_receive_count: u32) -> Self {
        Self { queue: Queue::over(port), max_receive_count }
    }

    /// The queue itself, to hand work on to.
    pub fn queue(&self) -> &Queue<P> {
        &self.queue
    }

    /// Whether SQS would move the message to the dead-letter queue instead of delivering it once more.
    pub(crate) fn is_last_receive(&self, record: &Record) -> bool {
        record.receive_count() >= self.max_receive_count
    }

    /// Hides messages for so long from now on.
    ///
    /// # Errors
    /// The first fault; the messages of other calls are hidden all the same.
    pub(crate) async fn hide(&self, changes: &[(&str, Duration)]) -> Result<(), ChangeFault> {
        let mut first = Ok(());
        for chunk in changes.chunks(BATCH) {
            let changed = match self.queue.port().change_visibility(chunk).await {
                Err(fault) => Err(ChangeFault::Call(fault)),
                Ok(faults) => faults.into_iter().next().map_or(Ok(()), |(_, fault)| Err(ChangeFault::Entry(fault))),
            };
            first = first.and(changed);
        }
        first
    }
}

/// Why a message is received again after the queue's own visibility timeout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeFault {
    #[error(transparent)]
    Call(CallFault),
    #[error(transparent)]
    Entry(EntryFault),
}

/// How long a message waits that was received so often, from 1 on: doubled from 30 s to 15 minutes, and up to a quarter more, so that not all return at once.
/// `random` is 0 to 1.
pub(crate) fn backoff(receive_count: u32, random: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(receive_count.saturating_sub(1)));
    doubled.min(LONGEST_BACKOFF).mul_f64(1.0 + random / 4.0)
}

/// How long a message stays hidden for which there is nothing to do for `wait`.
pub(crate) fn hidden_for(wait: Duration, receive_count: u32, random: f64) -> Duration {
    backoff(receive_count, random).max(wait).min(LONGEST_HIDDEN)
}

/// The record as a new message, with all its attributes; `None` if it may not be put back any more: a FIFO queue would lose its order, and after three days
/// nobody believes that what it waits for comes.
pub(crate) fn again(record: &Record, wait: Duration, now: Timestamp, random: f64) -> Option<Outgoing> {
    if record.group().is_some() {
        return None;
    }
    let mut attributes = record.string_attributes();
    let since = attributes.entry(postponed::SINCE.to_owned()).or_insert_with(|| now.to_string());
    let waited = since.parse::<Timestamp>().map_or(Duration::ZERO, |since| now.duration_since(since).unsigned_abs());
    if waited > LONGEST_POSTPONED {
        return None;
    }
    let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value)).collect();
    // At least a second: a message without a delay would be here again at once.
    let delay = wait.mul_f64(1.0 + random / 10.0).clamp(Duration::from_secs(1), LONGEST_DELAY);
    Some(Outgoing { body: record.body.clone(), attributes, delay, ..Outgoing::default() })
}

impl ChangeVisibility for Sqs {
    async fn change_visibility(&self, changes: &[(&str, Duration)]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
        let mut call = self.client.change_message_visibility_batch().queue_url(&self.url);
        for (index, (receipt_handle, hidden)) in changes.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt_handle)
                .visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX))
                .build();
            // The request is malformed and would be again.
            call = call.entries(entry.map_err(|error| CallFault::new(error, None, false))?);
        }
        let answer = call.send().await.map_err(CallFault::of)?;
        let faults = answer.failed().iter().map(|entry| {
            let (code, message) = (entry.code().to_owned(), entry.message().map(str::to_owned));
            (entry.id().parse().unwrap_or_default(), EntryFault { code, message, sender_fault: entry.sender_fault() })
        });
        Ok(faults.collect())
    }
}

#[cfg(test)]
pub(crate) mod fake {
    use std::cell::RefCell;

    use super::*;

    /// Receives that the queue allows.
    pub(crate) const RECEIVES: u32 = 5;

    /// What was hidden for how long, and what was put back; a sick queue does neither.
    #[derive(Default)]
    pub(crate) struct FakeInput {
        pub(crate) hidden: RefCell<Vec<(String, Duration)>>,
        pub(crate) put_back: RefCell<Vec<Outgoing>>,
        pub(crate) is_sick: bool,
        /// It accepts everything and never responds.
        pub(crate) hangs: bool,
    }

    impl FakeInput {
        async fn respond<T>(&self, effect: impl FnOnce() -> T) -> Result<T, CallFault> {
            if self.is_sick {
                return Err(CallFault::new("gone", None, true));
            }
            let value = effect();
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Ok(value)
        }
    }

    impl SendBatch for &FakeInput {
        async fn send_batch(&self, messages: &[&Outgoing]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
            self.respond(|| self.put_back.borrow_mut().extend(messages.iter().map(|message| (*message).clone())))
                .await?;
            Ok(Vec::new())
        }
    }

    impl ChangeVisibility for &FakeInput {
        async fn change_visibility(&self, changes: &[(&str, Duration)]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
            assert!(changes.len() <= BATCH);
            let changes = changes.iter().map(|(receipt_handle, hidden)| ((*receipt_handle).to_owned(), *hidden));
            self.respond(|| self.hidden.borrow_mut().extend(changes)).await?;
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_waits_longer_with_each_receive_and_fifteen_last_two_and_a_half_hours() {
        let seconds = |receives: std::ops::RangeInclusive<u32>, random| -> Vec<f64> {
            receives.map(|receive| backoff(receive, random).as_secs_f64()).collect()
        };
        assert_eq!(seconds(1..=7, 0.0), [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0]);
        assert_eq!(seconds(1..=2, 1.0), [37.5, 75.0], "up to a quarter more");
        assert_eq!(seconds(1_000..=1_000, 0.0), [900.0]);
        let between_fifteen: f64 = seconds(1..=14, 0.0).iter().sum();
        assert_eq!(between_fifteen, 9_030.0);
    }

    #[test]
    fn what_is_known_to_take_longer_is_hidden_for_longer_as_far_as_sqs_allows() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(hidden_for(hours(1), 1, 0.0), hours(1));
        assert_eq!(hidden_for(Duration::ZERO, 3, 0.0), Duration::from_secs(120));
        assert_eq!(hidden_for(hours(24), 1, 0.0), hours(11));
    }

    #[test]
    fn a_message_is_put_back_with_its_attributes_for_three_days() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let record = |since: Option<&str>, group: Option<&str>| -> Record {
            let text = |value: &str| json!({"stringValue": value, "dataType": "String"});
            let mut attributes = json!({"hand_ons": text("7")});
            if let Some(since) = since {
                attributes[postponed::SINCE] = text(since);
            }
            let system = json!({"MessageGroupId": group});
            let record =
                json!({"messageId": "m-1", "body": "{}", "messageAttributes": attributes, "attributes": system});
            serde_json::from_value(record).unwrap()
        };
        let now = at("2026-11-30T12:00:00Z");
        let day = Duration::from_secs(24 * 3600);
        let first = again(&record(None, None), Duration::from_secs(60), now, 0.5).unwrap();
        assert_eq!((first.body.as_str(), first.delay), ("{}", Duration::from_secs(63)));
        let since = |message: &Outgoing| message.attributes.clone();
        assert_eq!(
            since(&first),
            [("hand_ons".into(), "7".to_owned()), ("postponed_since".into(), "2026-11-30T12:00:00Z".to_owned())]
        );
        let later = again(&record(Some("2026-11-27T12:00:00Z"), None), day, now, 0.0).unwrap();
        assert_eq!(later.delay, LONGEST_DELAY);
        assert!(since(&later).contains(&("postponed_since".into(), "2026-11-27T12:00:00Z".to_owned())));
        assert_eq!(again(&record(Some("2026-11-27T11:59:59Z"), None), day, now, 0.0), None);
        assert_eq!(again(&record(None, Some("p1")), day, now, 0.0), None, "of a FIFO queue");
        let soon = again(&record(None, None), Duration::ZERO, now, 0.0).unwrap();
        assert_eq!(soon.delay, Duration::from_secs(1));
    }
}
