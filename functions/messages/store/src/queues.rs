//! The queues on SQS: sending to a FIFO queue, and reading its dead-letter queue.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use contract::dead_letter;
use function_runtime::{Outgoing, Queue};
use messages_core::{BoxError, Counted, Counts, DeadFault, DeadLetterQueue, Fault, Received, Sends, ToSend};

/// SQS's largest batch.
const BATCH: usize = 10;
/// SQS's codes for too many requests.
const THROTTLED: [&str; 5] =
    ["ThrottlingException", "RequestThrottled", "RequestLimitExceeded", "Throttling", "OverLimit"];
/// SQS's longest time for which a message can be hidden.
const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 3600);

/// A FIFO queue.
#[derive(Debug, Clone)]
pub struct FifoQueue {
    what: &'static str,
    function: &'static str,
    client: Client,
    url: String,
    queue: Queue,
}

impl FifoQueue {
    /// `function` is who sends, as dead letters say; `what` names the queue in errors, such as `the main queue`.
    pub fn new(client: &Client, url: impl Into<String>, what: &'static str, function: &'static str) -> Self {
        let url = url.into();
        Self { what, function, client: client.clone(), queue: Queue::new(client, url.clone()), url }
    }
}

impl Sends for FifoQueue {
    async fn send(&self, message: ToSend) -> Result<(), Fault> {
        let attributes = match message.fault {
            None => Vec::new(),
            Some(DeadFault { kind, reason }) => vec![
                (dead_letter::REASON.into(), reason),
                (dead_letter::ERROR_KIND.into(), kind),
                (dead_letter::FUNCTION.into(), self.function.to_owned()),
                (dead_letter::TRACE_ID.into(), message.id),
            ],
        };
        let outgoing = Outgoing {
            body: message.body,
            attributes,
            group: Some(message.group),
            deduplication_id: Some(message.deduplication_id),
            ..Outgoing::default()
        };
        self.queue.send(vec![outgoing]).await.map_err(|error| match error.is_throttled() {
            true => Fault::Throttled { what: self.what, source: error.into() },
            false => Fault::Failed { what: self.what, source: error.into() },
        })
    }
}

impl Counted for FifoQueue {
    async fn counts(&self) -> Result<Counts, Fault> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Available, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let call = self.client.get_queue_attributes().queue_url(&self.url);
        let call = call.attribute_names(Available).attribute_names(InFlight).attribute_names(Delayed);
        let answer = call.send().await.map_err(|error| fault(self.what, error))?;
        let count = |name: &QueueAttributeName| {
            let text = answer.attributes().and_then(|attributes| attributes.get(name));
            text.and_then(|text| text.parse().ok())
                .ok_or_else(|| unreadable(self.what, format!("the answer has no number {name}")))
        };
        Ok(Counts { available: count(&Available)?, in_flight: count(&InFlight)?, delayed: count(&Delayed)? })
    }
}

/// A dead-letter queue: a FIFO queue that is read.
pub type DeadLetters = FifoQueue;

impl DeadLetterQueue for DeadLetters {
    async fn receive(&self, hidden: Duration) -> Result<Vec<Received>, Fault> {
        let call = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH as i32)
            .visibility_timeout(hidden.min(LONGEST_HIDDEN).as_secs() as i32)
            // Without waiting SQS asks a part of its servers, and an empty answer means nothing.
            .wait_time_seconds(1)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names("All");
        let answer = call.send().await.map_err(|error| fault(self.what, error))?;
        answer.messages.unwrap_or_default().into_iter().map(|message| self.received(message)).collect()
    }

    async fn delete(&self, receipt: &str) -> Result<(), Fault> {
        let call = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        call.send().await.map(|_| ()).map_err(|error| fault(self.what, error))
    }

    async fn release(&self, receipts: &[String]) -> Result<(), Fault> {
        for batch in receipts.chunks(BATCH) {
            let mut call = self.client.change_message_visibility_batch().queue_url(&self.url);
            for (index, receipt) in batch.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build();
                call = call.entries(entry.map_err(|error| unreadable(self.what, error))?);
            }
            // An entry that is refused is shown again when its time is over.
            call.send().await.map_err(|error| fault(self.what, error))?;
        }
        Ok(())
    }
}

impl FifoQueue {
    fn received(&self, message: Message) -> Result<Received, Fault> {
        let missing = |what: &str| unreadable(self.what, format!("a message has no {what}"));
        let text = |name: &str| {
            let attributes = message.message_attributes.as_ref();
            attributes.and_then(|attributes| attributes.get(name)).and_then(|value| value.string_value.clone())
        };
        let group = message.attributes.as_ref();
        let group = group.and_then(|attributes| attributes.get(&MessageSystemAttributeName::MessageGroupId));
        let fault = text(dead_letter::ERROR_KIND)
            .map(|kind| DeadFault { kind, reason: text(dead_letter::REASON).unwrap_or_default() });
        let id = message.message_id.clone().ok_or_else(|| missing("id"))?;
        Ok(Received {
            message_id: text(dead_letter::ORIGINAL_MESSAGE_ID).unwrap_or_else(|| id.clone()),
            id,
            receipt: message.receipt_handle.clone().ok_or_else(|| missing("receipt"))?,
            body: message.body.clone().unwrap_or_default(),
            group: group.cloned().unwrap_or_default(),
            fault,
        })
    }
}

fn fault<E>(what: &'static str, error: E) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_throttled = error.code().is_some_and(|code| THROTTLED.contains(&code));
    let source = Box::new(error);
    if is_throttled { Fault::Throttled { what, source } } else { Fault::Failed { what, source } }
}

fn unreadable(what: &'static str, source: impl Into<BoxError>) -> Fault {
    Fault::Failed { what, source: source.into() }
}
