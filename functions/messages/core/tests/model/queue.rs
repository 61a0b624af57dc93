//! SQS's FIFO queue, as AWS documents it: a group is delivered in order and not while one of its messages is in flight, a deduplication id counts for five
//! minutes from the send whatever became of the message, a message that was received too often moves to the dead-letter queue at the next receive and
//! starts its retention there anew.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use function_runtime::{CallFault, ChangeVisibility, EntryFault, Outgoing, SendBatch};
use messages_core::{Counted, Counts, DeadFault, DeadLetterQueue, Fault, Received, Sends, ToSend};
use tokio::time::Instant;

use crate::fault::Chance;

const DEDUPLICATION: Duration = Duration::from_secs(300);

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// SQS's id, which stays when SQS moves the message.
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) body: String,
    attributes: Vec<(String, String)>,
    pub(crate) receives: u32,
    visible_at: Instant,
    expires_at: Instant,
    receipt: u64,
}

impl Entry {
    /// Names this receive.
    pub(crate) fn receipt(&self) -> String {
        format!("{}:{}", self.id, self.receipt)
    }
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    /// Group, deduplication id, and until when it counts.
    known: Vec<(String, String, Instant)>,
    next: u64,
    /// Deduplication ids in the order in which they were accepted.
    accepted: Vec<String>,
    lost_to_retention: usize,
}

pub(crate) struct ModelQueue<'a> {
    chance: &'a Chance,
    state: RefCell<State>,
    name: &'static str,
    retention: Duration,
    /// Where messages go that were received so often.
    redrive: Option<(u32, &'a ModelQueue<'a>)>,
    /// A mistake: what is received is gone.
    pub(crate) deletes_on_receive: bool,
    /// A mistake: replays have the deduplication id of the first send.
    pub(crate) forgets_replays: bool,
}

impl<'a> ModelQueue<'a> {
    pub(crate) fn new(
        chance: &'a Chance,
        name: &'static str,
        retention: Duration,
        redrive: Option<(u32, &'a ModelQueue<'a>)>,
    ) -> Self {
        let state = RefCell::default();
        Self { chance, state, name, retention, redrive, deletes_on_receive: false, forgets_replays: false }
    }

    fn put(&self, outgoing: &Outgoing) {
        let mut state = self.state.borrow_mut();
        let now = Instant::now();
        let group = outgoing.group.clone().unwrap();
        let mut deduplication_id = outgoing.deduplication_id.clone().unwrap();
        if self.forgets_replays
            && let Some((id, _)) = deduplication_id.split_once("#r")
        {
            deduplication_id = id.to_owned();
        }
        state.known.retain(|(_, _, until)| *until > now);
        if state.known.iter().any(|(known, id, _)| *known == group && *id == deduplication_id) {
            return;
        }
        state.known.push((group.clone(), deduplication_id.clone(), now + DEDUPLICATION));
        state.accepted.push(deduplication_id);
        state.next += 1;
        let id = format!("{}-{}", self.name, state.next);
        let attributes = outgoing.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let entry = Entry {
            id,
            group,
            body: outgoing.body.clone(),
            attributes,
            receives: 0,
            visible_at: now,
            expires_at: now + self.retention,
            receipt: 0,
        };
        state.entries.push(entry);
    }

    /// What SQS itself moves.
    fn put_moved(&self, entry: Entry) {
        let now = Instant::now();
        let moved = Entry { receives: 0, visible_at: now, expires_at: now + self.retention, ..entry };
        self.state.borrow_mut().entries.push(moved);
    }

    pub(crate) fn take(&self, most: usize, hidden: Duration) -> Vec<Entry> {
        let mut state = self.state.borrow_mut();
        let now = Instant::now();
        let before = state.entries.len();
        state.entries.retain(|entry| entry.expires_at > now);
        state.lost_to_retention += before - state.entries.len();
        if let Some((most, queue)) = self.redrive {
            let is_done = |entry: &Entry| entry.visible_at <= now && entry.receives >= most;
            while let Some(index) = state.entries.iter().position(is_done) {
                queue.put_moved(state.entries.remove(index));
            }
        }
        let busy: HashSet<String> =
            state.entries.iter().filter(|entry| entry.visible_at > now).map(|entry| entry.group.clone()).collect();
        let mut taken = Vec::new();
        let mut next = state.next;
        for entry in state.entries.iter_mut().filter(|entry| !busy.contains(&entry.group)).take(most) {
            next += 1;
            entry.receives += 1;
            entry.visible_at = now + hidden;
            entry.receipt = next;
            taken.push(entry.clone());
        }
        state.next = next;
        if self.deletes_on_receive {
            state.entries.retain(|entry| !taken.iter().any(|taken| taken.id == entry.id));
        }
        taken
    }

    /// The mapping's way to acknowledge.
    pub(crate) fn acknowledge(&self, id: &str) {
        self.state.borrow_mut().entries.retain(|entry| entry.id != id);
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.state.borrow().entries.iter().map(|entry| entry.body.clone()).collect()
    }

    /// The place of a deduplication id among those that were accepted, for the first time.
    pub(crate) fn place(&self, deduplication_id: &str) -> Option<usize> {
        self.state.borrow().accepted.iter().position(|id| id == deduplication_id)
    }

    pub(crate) fn lost_to_retention(&self) -> usize {
        self.state.borrow().lost_to_retention
    }
}

impl Sends for ModelQueue<'_> {
    async fn send(&self, message: ToSend) -> Result<(), Fault> {
        let attributes = message.fault.map_or_else(Vec::new, |DeadFault { kind, reason }| {
            vec![(contract::dead_letter::ERROR_KIND.into(), kind), (contract::dead_letter::REASON.into(), reason)]
        });
        let outgoing = Outgoing {
            body: message.body,
            attributes,
            group: Some(message.group),
            deduplication_id: Some(message.deduplication_id),
            ..Outgoing::default()
        };
        self.chance.call(|| self.put(&outgoing)).await
    }
}

impl SendBatch for &ModelQueue<'_> {
    async fn send_batch(&self, messages: &[&Outgoing]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
        let sent = self.chance.call(|| messages.iter().for_each(|message| self.put(message))).await;
        sent.map(|()| Vec::new()).map_err(|fault| CallFault::new(fault, None, true))
    }
}

impl ChangeVisibility for &ModelQueue<'_> {
    async fn change_visibility(&self, changes: &[(&str, Duration)]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
        let change = || {
            let now = Instant::now();
            for (receipt, hidden) in changes {
                let mut state = self.state.borrow_mut();
                let entry =
                    state.entries.iter_mut().find(|entry| entry.receipt() == *receipt && entry.visible_at > now);
                entry.into_iter().for_each(|entry| entry.visible_at = now + *hidden);
            }
        };
        self.chance.call(change).await.map(|()| Vec::new()).map_err(|fault| CallFault::new(fault, None, true))
    }
}

impl Counted for ModelQueue<'_> {
    async fn counts(&self) -> Result<Counts, Fault> {
        let available = self.state.borrow().entries.len() as u64;
        self.chance.call(|| Counts { available, ..Counts::default() }).await
    }
}

impl DeadLetterQueue for ModelQueue<'_> {
    async fn receive(&self, hidden: Duration) -> Result<Vec<Received>, Fault> {
        // A FIFO queue may give fewer than asked for.
        let most = 1 + self.chance.below(10);
        let taken = self.chance.call(|| self.take(most, hidden)).await?;
        let text = |entry: &Entry, name: &str| {
            entry.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        let received = |entry: Entry| Received {
            message_id: text(&entry, contract::dead_letter::ORIGINAL_MESSAGE_ID).unwrap_or_else(|| entry.id.clone()),
            receipt: entry.receipt(),
            fault: text(&entry, contract::dead_letter::ERROR_KIND).map(|kind| DeadFault {
                kind,
                reason: text(&entry, contract::dead_letter::REASON).unwrap_or_default(),
            }),
            id: entry.id,
            body: entry.body,
            group: entry.group,
        };
        Ok(taken.into_iter().map(received).collect())
    }

    async fn delete(&self, receipt: &str) -> Result<(), Fault> {
        let (id, number) = receipt.split_once(':').unwrap();
        let delete = || {
            let mut state = self.state.borrow_mut();
            let before = state.entries.len();
            let now = Instant::now();
            let is_it = |entry: &Entry| entry.id == id && entry.receipt.to_string() == number && entry.visible_at > now;
            state.entries.retain(|entry| !is_it(entry));
            before != state.entries.len() || self.deletes_on_receive
        };
        match self.chance.call(delete).await? {
            true => Ok(()),
            false => Err(Fault::Failed { what: self.name, source: "the receipt has expired".into() }),
        }
    }

    async fn release(&self, receipts: &[String]) -> Result<(), Fault> {
        let release = || {
            for receipt in receipts {
                let (id, number) = receipt.split_once(':').unwrap();
                let mut state = self.state.borrow_mut();
                let is_it = |entry: &&mut Entry| entry.id == id && entry.receipt.to_string() == number;
                state
                    .entries
                    .iter_mut()
                    .filter(|entry| is_it(entry))
                    .for_each(|entry| entry.visible_at = Instant::now());
            }
        };
        self.chance.call(release).await
    }
}
