//! One look at the messages of a dead-letter queue, each of them once, and the redrive of those that a filter means.
//!
//! SQS shows a message only to whoever receives it. So a pass holds what it has received, that it does not meet it again, and releases it
//! at the end. In a FIFO queue a held message hides those behind it in its group, which can then not be looked at: they are counted.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use aws_access::CallError;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::Serialize;

use crate::redrive::{EMPTY_RECEIVES, move_one};
use crate::{DeadLetter, Ended, Error, Filter, Message, Pair, Progress, Redriving, Share, shares};

/// Which dead letters, and what becomes of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub filter: Filter,
    /// How many at most; all that match when absent.
    pub limit: Option<u64>,
}

/// What a pass has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Those that are meant, in the order in which SQS gave them.
    pub letters: Vec<DeadLetter>,
    #[serde(flatten)]
    pub looks: Looks,
}

/// How far a pass came. SQS counts approximately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// Messages that were looked at.
    pub looked_at: u64,
    /// Messages that were not, since they are behind others of their group, in the hands of another consumer, or since enough were found.
    pub not_looked_at: u64,
}

/// The result of a redrive of some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selected {
    pub ended: Ended,
    /// How many were moved; none in a dry run.
    pub moved: u64,
    /// Those that were meant, by kind and reason.
    pub plan: Vec<Share>,
    #[serde(flatten)]
    pub looks: Looks,
}

/// How long a received message stays hidden, at least: enough for a few receives.
const LEAST_VISIBILITY: Duration = Duration::from_secs(30);
/// And at most: what a pass that was killed had received is back by then.
const MOST_VISIBILITY: Duration = Duration::from_secs(15 * 60);
/// Ten messages are received, and moved, within a second.
const PER_SECOND: u64 = 10;

/// A pass over a queue.
struct Pass<'a, S> {
    sqs: &'a S,
    url: &'a str,
    /// Visible at the start. What comes later is not for this pass: it may have been moved back by it, and failed again.
    total: u64,
    fifo: bool,
    visibility: Duration,
    seen: BTreeSet<String>,
    /// Receipt handles of messages that stay.
    held: Vec<String>,
    empty: u32,
}

impl<'a, S: Redriving> Pass<'a, S> {
    /// `None` when the queue is gone, or empty.
    async fn start(sqs: &'a S, url: &'a str) -> Result<Option<Self>, CallError> {
        let Some(attributes) = sqs.attributes(url).await?.filter(|attributes| attributes.visible > 0) else {
            return Ok(None);
        };
        let visibility = LEAST_VISIBILITY + Duration::from_secs(attributes.visible / PER_SECOND);
        Ok(Some(Self {
            sqs,
            url,
            total: attributes.visible,
            fifo: attributes.fifo,
            visibility: visibility.min(MOST_VISIBILITY),
            seen: BTreeSet::new(),
            held: Vec::new(),
            empty: 0,
        }))
    }

    /// Messages that were not seen yet; empty at the end.
    async fn next(&mut self) -> Result<Vec<Message>, CallError> {
        while self.empty < EMPTY_RECEIVES {
            let left = self.total.saturating_sub(self.seen.len() as u64);
            if left == 0 {
                break;
            }
            let received =
                self.sqs.receive(self.url, u32::try_from(left).unwrap_or(10).min(10), self.visibility).await?;
            let (fresh, again): (Vec<Message>, Vec<Message>) =
                received.into_iter().partition(|message| self.seen.insert(message.message_id.clone()));
            // The older handle has expired, or SQS has delivered the message twice.
            self.held.extend(again.into_iter().map(|message| message.receipt_handle));
            if !fresh.is_empty() {
                self.empty = 0;
                return Ok(fresh);
            }
            self.empty += 1;
        }
        Ok(Vec::new())
    }

    fn hold(&mut self, message: &Message) {
        self.held.push(message.receipt_handle.clone());
    }

    fn looks(&self) -> Looks {
        let looked_at = self.seen.len() as u64;
        Looks { looked_at, not_looked_at: self.total.saturating_sub(looked_at) }
    }

    /// Everybody may receive again what was held. In the order of receipt, so that groups stay whole; a message that cannot be released
    /// comes back by itself.
    async fn release(self) {
        for handles in self.held.chunks(10) {
            join_all(handles.iter().map(|handle| self.sqs.release(self.url, handle))).await;
        }
    }
}

/// Looks for dead letters and leaves them where they are. When `stop` is ready, what was found until then is the result.
///
/// # Errors
/// When a call fails; what was received is released all the same.
pub async fn dead_letters(
    sqs: &impl Redriving,
    url: &str,
    selection: &Selection,
    stop: impl Future<Output = ()>,
) -> Result<Found, CallError> {
    let mut stop = pin!(stop.fuse());
    let nothing = Found { letters: Vec::new(), looks: Looks::default() };
    let Some(mut pass) = Pass::start(sqs, url).await? else { return Ok(nothing) };
    let found = find(&mut pass, selection, || stop.as_mut().now_or_never().is_some()).await;
    let looks = pass.looks();
    pass.release().await;
    Ok(Found { letters: found?, looks })
}

async fn find<S: Redriving>(
    pass: &mut Pass<'_, S>,
    selection: &Selection,
    mut is_stopped: impl FnMut() -> bool,
) -> Result<Vec<DeadLetter>, CallError> {
    let mut letters = Vec::new();
    let is_enough = |letters: &Vec<DeadLetter>| selection.limit.is_some_and(|limit| letters.len() as u64 >= limit);
    while !is_enough(&letters) && !is_stopped() {
        let messages = pass.next().await?;
        if messages.is_empty() {
            break;
        }
        for message in &messages {
            pass.hold(message);
            let letter = DeadLetter::of(message);
            if selection.filter.matches(&letter) && !is_enough(&letters) {
                letters.push(letter);
            }
        }
    }
    Ok(letters)
}

/// What [`redrive_selected`] would move, without moving it.
///
/// # Errors
/// As [`dead_letters`].
pub async fn plan(
    sqs: &impl Redriving,
    pair: &Pair,
    selection: &Selection,
    stop: impl Future<Output = ()>,
) -> Result<Selected, CallError> {
    let Found { letters, looks } = dead_letters(sqs, &pair.dead_letters.resource.physical_id, selection, stop).await?;
    let ended = if letters.is_empty() { Ended::NothingToDo } else { Ended::Completed };
    Ok(Selected { ended, moved: 0, plan: shares(&letters), looks })
}

/// Moves the messages of `pair` that are meant back to their queue, one by one, and leaves the others. When `stop` is ready, the work ends
/// after the current messages.
///
/// # Errors
/// [`Error::NotSent`] and failed calls. What was received is released; running it again continues.
pub async fn redrive_selected(
    sqs: &impl Redriving,
    pair: &Pair,
    selection: &Selection,
    stop: impl Future<Output = ()>,
    on: &mut dyn FnMut(Progress),
) -> Result<Selected, Error> {
    let mut stop = pin!(stop.fuse());
    let Some(mut pass) = Pass::start(sqs, &pair.dead_letters.resource.physical_id).await? else {
        return Ok(Selected { ended: Ended::NothingToDo, moved: 0, plan: Vec::new(), looks: Looks::default() });
    };
    let total = selection.limit.map_or(pass.total, |limit| limit.min(pass.total));
    on(Progress::Started { by_task: false, total });
    let moved = move_selected(&mut pass, pair, selection, || stop.as_mut().now_or_never().is_some(), on).await;
    let looks = pass.looks();
    pass.release().await;
    let (letters, is_cancelled) = moved?;
    let ended = match letters.len() {
        _ if is_cancelled => Ended::Cancelled,
        0 => Ended::NothingToDo,
        _ => Ended::Completed,
    };
    Ok(Selected { ended, moved: letters.len() as u64, plan: shares(&letters), looks })
}

/// What was moved, and whether it was stopped.
async fn move_selected<S: Redriving>(
    pass: &mut Pass<'_, S>,
    pair: &Pair,
    selection: &Selection,
    mut is_stopped: impl FnMut() -> bool,
    on: &mut dyn FnMut(Progress),
) -> Result<(Vec<DeadLetter>, bool), Error> {
    let mut moved: Vec<DeadLetter> = Vec::new();
    loop {
        let left = selection.limit.map_or(u64::MAX, |limit| limit.saturating_sub(moved.len() as u64));
        if left == 0 {
            return Ok((moved, false));
        }
        if is_stopped() {
            return Ok((moved, true));
        }
        let messages = pass.next().await?;
        if messages.is_empty() {
            return Ok((moved, false));
        }
        let (mut meant, mut others) = (Vec::new(), Vec::new());
        for message in messages {
            let letter = DeadLetter::of(&message);
            let is_meant = selection.filter.matches(&letter) && (meant.len() as u64) < left;
            if is_meant { meant.push((message, letter)) } else { others.push(message) }
        }
        others.iter().for_each(|message| pass.hold(message));
        let mut failed = None;
        match pass.fifo {
            // One after the other and none after a failure, since otherwise the order of a group would break.
            true => {
                for (message, letter) in meant {
                    match failed {
                        Some(_) => pass.hold(&message),
                        None => match move_one(pass.sqs, pair, &message, true).await {
                            Ok(()) => moved.push(letter),
                            Err(unmoved) => failed = Some(unmoved),
                        },
                    }
                }
            }
            false => {
                let moves = meant.iter().map(|(message, _)| move_one(pass.sqs, pair, message, false));
                let results = join_all(moves).await;
                for (result, (_, letter)) in results.into_iter().zip(meant) {
                    match result {
                        Ok(()) => moved.push(letter),
                        Err(unmoved) => failed = Some(unmoved),
                    }
                }
            }
        }
        on(Progress::Moved(moved.len() as u64));
        if let Some(unmoved) = failed {
            return Err(unmoved.into_error(pair, moved.len() as u64));
        }
    }
}
