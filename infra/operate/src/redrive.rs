//! Moves messages from a dead-letter queue back to their queue. Never loses one: it is deleted only after its queue has accepted it.
//!
//! SQS moves them by itself where it can ([`MoveTask`]). It cannot stop at a number, and not every cloud has the operation: then each
//! message is received, sent and deleted here. A process killed between sending and deleting leaves a message in both queues
//! (at least once), never in none.

use std::pin::pin;
use std::time::Duration;

use aws_access::{CallError, CallErrorKind};
use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use crate::{Error, Pair, Queues};

/// The part of SQS that a redrive needs.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Redriving: Queues {
    /// StartMessageMoveTask; returns the task's handle. SQS knows where a message came from only if it moved it itself: a task without a destination fails with
    /// `CouldNotDetermineMessageSource` at one that a function sent.
    async fn start_move(&self, dead_letters_arn: &str, destination_arn: Option<&str>) -> Result<String, CallError>;

    /// ListMessageMoveTasks of a dead-letter queue, newest first.
    async fn moves(&self, dead_letters_arn: &str) -> Result<Vec<MoveTask>, CallError>;

    /// CancelMessageMoveTask.
    async fn cancel_move(&self, handle: &str) -> Result<(), CallError>;

    /// ReceiveMessage with everything that belongs to a message, at most 10; waits up to a second for the first.
    async fn receive(&self, url: &str, most: u32, visibility: Duration) -> Result<Vec<Message>, CallError>;

    /// SendMessage of a received message. The deduplication id is for FIFO queues.
    async fn send(&self, url: &str, message: &Message, deduplication_id: Option<&str>) -> Result<(), CallError>;

    /// DeleteMessage.
    async fn delete(&self, url: &str, receipt_handle: &str) -> Result<(), CallError>;

    /// ChangeMessageVisibility to 0: another consumer may receive it immediately.
    async fn release(&self, url: &str, receipt_handle: &str) -> Result<(), CallError>;
}

/// SQS's own move task on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// Present while it runs.
    pub handle: Option<String>,
    /// Its state.
    pub status: MoveStatus,
    /// Approximate number of messages moved.
    pub moved: u64,
    /// How many there were at the start, where SQS reports it.
    pub total: Option<u64>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Milliseconds since 1970; distinguishes tasks of one queue.
    pub started_at: i64,
}

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveStatus {
    Running,
    Cancelling,
    Cancelled,
    Completed,
    Failed,
}

/// A message as it was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    pub attributes: Vec<(String, Attribute)>,
    /// Message group, of FIFO queues and of standard queues where one was set.
    pub group_id: Option<String>,
    /// The X-Ray header.
    pub trace_header: Option<String>,
    /// When it was sent. SQS keeps the first time when it moves a message from a standard queue to its dead-letter queue itself, and
    /// replaces it in a FIFO queue.
    pub sent_at: Option<Timestamp>,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, with a custom label where there is one.
    pub data_type: String,
    pub value: AttributeValue,
}

/// What a message attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    Bytes(Vec<u8>),
}

/// What is reported while messages move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Who moves them, and about how many there are.
    Started { by_task: bool, total: u64 },
    /// A task was running already; it is followed to its end.
    Attached,
    /// This many so far.
    Moved(u64),
    /// The task was asked to stop.
    Cancelling,
}

/// How a redrive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// There was no message.
    NothingToDo,
    /// All messages present at the start, or as many as requested, were moved.
    Completed,
    /// It was stopped; the rest are still in the dead-letter queue.
    Cancelled,
}

/// The result of a redrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub ended: Ended,
    /// How many were moved; approximate for a task.
    pub moved: u64,
}

/// Long enough for ten sends, short enough that messages received by a killed redrive become visible again soon.
const VISIBILITY: Duration = Duration::from_secs(30);
/// Receives sample only some of SQS's servers: one empty response says little.
pub(crate) const EMPTY_RECEIVES: u32 = 2;

/// Moves the messages of `pair` back, all of them or at most `limit`; those of a dead-letter queue that several queues share all go to this one. A task that is running already is followed, not started again.
/// When `stop` is ready, the work ends after the current message.
///
/// # Errors
/// [`Error::MoveUnderWay`] with a limit, [`Error::MoveFailed`], [`Error::NotSent`] and failed calls. Running it again continues.
pub async fn redrive(
    sqs: &impl Redriving,
    pair: &Pair,
    limit: Option<u64>,
    pace: Duration,
    stop: impl Future<Output = ()>,
    on: &mut dyn FnMut(Progress),
) -> Result<Outcome, Error> {
    let mut stop = pin!(stop.fuse());
    let nothing = Outcome { ended: Ended::NothingToDo, moved: 0 };
    // Read again: since the pair was found, another process may have started.
    let Some(dead_letters) = sqs.attributes(&pair.dead_letters.resource.physical_id).await? else { return Ok(nothing) };
    let tasks = match sqs.moves(&dead_letters.arn).await {
        Ok(tasks) => Some(tasks),
        Err(error) if is_unsupported(&error) => None,
        Err(error) => return Err(error.into()),
    };
    let newest = tasks.as_deref().and_then(<[MoveTask]>::first);
    let is_running = newest.is_some_and(|task| matches!(task.status, MoveStatus::Running | MoveStatus::Cancelling));
    if is_running && limit.is_some() {
        return Err(Error::MoveUnderWay { queue: pair.dead_letters.resource.name().to_owned() });
    }
    let (before, by_task) = match newest {
        Some(task) if is_running => {
            on(Progress::Attached);
            on(Progress::Started { by_task: true, total: task.total.unwrap_or(dead_letters.visible) });
            (task.started_at - 1, true)
        }
        // In flight: another consumer is looking at them, and they are not ours to move.
        _ if dead_letters.visible == 0 => return Ok(nothing),
        _ if tasks.is_none() || limit.is_some() => (0, false),
        newest => {
            let before = newest.map_or(i64::MIN, |task| task.started_at);
            let destination = pair.source.attributes.as_ref().map(|source| source.arn.as_str());
            match sqs.start_move(&dead_letters.arn, destination).await {
                Ok(_) => {
                    on(Progress::Started { by_task: true, total: dead_letters.visible });
                    (before, true)
                }
                Err(error) if is_unsupported(&error) => (0, false),
                Err(error) => return Err(error.into()),
            }
        }
    };
    if by_task {
        return watch(sqs, pair, &dead_letters.arn, before, pace, stop, on).await;
    }
    // Messages that fail again while this runs are not moved a second time.
    let total = limit.map_or(dead_letters.visible, |limit| limit.min(dead_letters.visible));
    on(Progress::Started { by_task: false, total });
    let is_stopped = || stop.as_mut().now_or_never().is_some();
    one_by_one(sqs, pair, total, dead_letters.fifo, is_stopped, on).await
}

/// Follows the first task that started after `before`.
async fn watch(
    sqs: &impl Redriving,
    pair: &Pair,
    arn: &str,
    before: i64,
    pace: Duration,
    mut stop: impl Future<Output = ()> + Unpin,
    on: &mut dyn FnMut(Progress),
) -> Result<Outcome, Error> {
    let mut is_stopped = false;
    let mut is_told_to_stop = false;
    let mut moved = 0;
    loop {
        let tasks = match sqs.moves(arn).await {
            Ok(tasks) => tasks,
            Err(error) if error.is_retryable() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        // A task that has just been started may not be listed yet.
        if let Some(task) = tasks.iter().filter(|task| task.started_at > before).min_by_key(|task| task.started_at) {
            if task.moved != moved {
                moved = task.moved;
                on(Progress::Moved(moved));
            }
            match task.status {
                MoveStatus::Completed => return Ok(Outcome { ended: Ended::Completed, moved }),
                MoveStatus::Cancelled => return Ok(Outcome { ended: Ended::Cancelled, moved }),
                MoveStatus::Failed => {
                    let queue = pair.dead_letters.resource.name().to_owned();
                    let reason = task.failure.clone().unwrap_or_else(|| "no reason given".to_owned());
                    return Err(Error::MoveFailed { queue, moved, reason });
                }
                MoveStatus::Running | MoveStatus::Cancelling => {}
            }
            if let Some(handle) = task.handle.as_deref().filter(|_| is_stopped && !is_told_to_stop) {
                match sqs.cancel_move(handle).await {
                    Ok(()) => {
                        is_told_to_stop = true;
                        on(Progress::Cancelling);
                    }
                    // It ended in between, which the next poll shows.
                    Err(error) if matches!(error.kind, CallErrorKind::NotFound | CallErrorKind::Invalid) => {}
                    Err(error) if error.is_retryable() => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            () = &mut stop, if !is_stopped => is_stopped = true,
        }
    }
}

/// Receives, sends, deletes.
async fn one_by_one(
    sqs: &impl Redriving,
    pair: &Pair,
    total: u64,
    fifo: bool,
    mut is_stopped: impl FnMut() -> bool,
    on: &mut dyn FnMut(Progress),
) -> Result<Outcome, Error> {
    let from = &pair.dead_letters.resource.physical_id;
    let (mut moved, mut empty) = (0, 0);
    while moved < total && empty < EMPTY_RECEIVES {
        if is_stopped() {
            return Ok(Outcome { ended: Ended::Cancelled, moved });
        }
        let most = u32::try_from((total - moved).min(10)).unwrap_or(10);
        let messages = sqs.receive(from, most, VISIBILITY).await?;
        empty = if messages.is_empty() { empty + 1 } else { 0 };
        let results = match fifo {
            // One after the other and none after a failure, since otherwise the order of a group would break.
            true => {
                let mut results = Vec::new();
                for message in &messages {
                    results.push(move_one(sqs, pair, message, fifo).await);
                    if results.last().is_some_and(Result::is_err) {
                        break;
                    }
                }
                results
            }
            false => join_all(messages.iter().map(|message| move_one(sqs, pair, message, fifo))).await,
        };
        moved += results.iter().filter(|result| !matches!(result, Err(Unmoved::Refused(_)))).count() as u64;
        on(Progress::Moved(moved));
        for message in &messages[results.len()..] {
            sqs.release(from, &message.receipt_handle).await.ok();
        }
        match results.into_iter().find_map(Result::err) {
            None => {}
            Some(unmoved) => return Err(unmoved.into_error(pair, moved)),
        }
    }
    Ok(Outcome { ended: if moved == 0 { Ended::NothingToDo } else { Ended::Completed }, moved })
}

/// Why a message is still in the dead-letter queue.
pub(crate) enum Unmoved {
    /// Its queue did not accept it.
    Refused(CallError),
    /// Its queue has it, and deleting failed: it is in both.
    Kept(CallError),
}

impl Unmoved {
    /// The end of a redrive that had moved this many.
    pub(crate) fn into_error(self, pair: &Pair, moved: u64) -> Error {
        match self {
            Self::Kept(error) => error.into(),
            Self::Refused(source) => {
                Error::NotSent { queue: pair.source.resource.name().to_owned(), moved, source: Box::new(source) }
            }
        }
    }
}

/// Deletes only what was accepted.
pub(crate) async fn move_one(sqs: &impl Redriving, pair: &Pair, message: &Message, fifo: bool) -> Result<(), Unmoved> {
    let from = &pair.dead_letters.resource.physical_id;
    // A deduplication id used in the last five minutes is accepted and never delivered. This one is new, and the same when a redrive
    // that was killed before deleting is run again.
    let deduplication_id = fifo.then(|| format!("{}#redrive", message.message_id));
    if let Err(error) = sqs.send(&pair.source.resource.physical_id, message, deduplication_id.as_deref()).await {
        sqs.release(from, &message.receipt_handle).await.ok();
        return Err(Unmoved::Refused(error));
    }
    sqs.delete(from, &message.receipt_handle).await.map_err(Unmoved::Kept)
}

/// Codes of a cloud that does not know an operation: those of AWS's protocols, and of local clouds.
const UNSUPPORTED: [&str; 6] = [
    "AWS.SimpleQueueService.UnsupportedOperation",
    "InvalidAction",
    "NotImplemented",
    "UnknownOperation",
    "UnknownOperationException",
    "UnsupportedOperation",
];

fn is_unsupported(error: &CallError) -> bool {
    error.code.as_deref().is_some_and(|code| UNSUPPORTED.contains(&code))
}
