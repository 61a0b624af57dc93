//! The worker: each message of a batch, and dead letters that are recorded before they are sent, so that a letter in the queue is one that the table knows.

use function_runtime::{CallFault, DeadLetter, DeadLetters, Failure, Function, Invocation, Message, SendError};
use messages_contract::worker_metric;
use serde_json::json;

use crate::currencies::Currencies;
use crate::dead::dead;
use crate::envelope::Envelope;
use crate::ports::{Clock, Fault, Identified, Placed, Table};
use crate::record::{DeadFault, identify};
use crate::work::work;

/// What the worker works with.
pub struct Worker<'a, T, C> {
    pub function: &'a Function,
    pub table: &'a T,
    pub clock: &'a C,
    pub currencies: &'a Currencies,
}

impl<T: Table, C: Clock> Worker<'_, T, C> {
    /// Saves a message, with a line in the log and the metrics that people know.
    ///
    /// # Errors
    /// Transient when the table is out of reach, permanent for what cannot be saved.
    pub async fn handle(&self, message: Message<Envelope>, invocation: &Invocation) -> Result<(), Failure> {
        let Message { id, receive_count, body: envelope, .. } = message;
        let log = self.function.log().of_request(&invocation.request_id).of_trace(envelope.message_id);
        let metrics = self.function.metrics().also_without_dimensions();
        let details = json!({"message_id": id, "receive_count": receive_count});
        match work(self.table, self.currencies, &envelope, receive_count, self.clock.now()).await {
            Ok(Placed::Now) => {
                log.success("dynamodb_save", details);
                metrics.count(worker_metric::MESSAGES_SAVED, 1).count(worker_metric::MESSAGES_DELETED, 1).emit();
                Ok(())
            }
            Ok(Placed::Before(())) => {
                log.duplicate("message_skipped", details);
                metrics.count(worker_metric::DUPLICATE_MESSAGES, 1).count(worker_metric::MESSAGES_DELETED, 1).emit();
                Ok(())
            }
            Err(error) => {
                if error.is_retryable() {
                    metrics.count(worker_metric::DYNAMODB_SAVE_ERROR, 1).emit();
                }
                Err(Failure::of(error.is_retryable(), error.kind(), error))
            }
        }
    }
}

/// The queue of dead letters behind the table.
pub struct Recorded<'a, T, C, D> {
    pub function: &'a Function,
    pub table: &'a T,
    pub clock: &'a C,
    pub queue: D,
}

impl<T: Table, C: Clock, D: DeadLetters> DeadLetters for Recorded<'_, T, C, D> {
    async fn send(&self, function: &'static str, letters: &[DeadLetter]) -> Result<(), SendError> {
        for (index, letter) in letters.iter().enumerate() {
            let rest = |first| SendError { failed: (index..letters.len()).collect(), total: letters.len(), first };
            if let Err(fault) = self.record(letter).await {
                self.function.metrics().also_without_dimensions().count(worker_metric::DYNAMODB_SAVE_ERROR, 1).emit();
                return Err(rest(CallFault::new(fault, None, true).into()));
            }
            self.queue.send(function, std::slice::from_ref(letter)).await.map_err(|error| rest(error.first))?;
        }
        let count = letters.len() as u64;
        let metrics = self.function.metrics().also_without_dimensions();
        metrics.count(worker_metric::INVALID_MESSAGES, count).count(worker_metric::MESSAGES_DELETED, count).emit();
        Ok(())
    }
}

impl<T: Table, C: Clock, D> Recorded<'_, T, C, D> {
    async fn record(&self, letter: &DeadLetter) -> Result<(), Fault> {
        let (_, id, dlq_retry) = identify(&letter.body, &letter.message_id);
        let group = letter.group.as_deref().unwrap_or_default();
        let about = Identified { id: &id, body: &letter.body, group };
        let fault = DeadFault { kind: letter.error_kind.to_owned(), reason: letter.reason.clone() };
        dead(self.table, about, dlq_retry, Some(letter.receive_count), fault, self.clock.now()).await?;
        Ok(())
    }
}
