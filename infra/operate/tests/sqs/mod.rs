//! SQS in memory: hides received messages, deduplicates, moves by itself, and can fail or be left in the middle.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use aws_access::{CallError, CallErrorKind};
use operate::{
    Attribute, AttributeValue, Message, MoveStatus, MoveTask, Pair, Queue, QueueAttributes, Queues, Redriving, Resource,
};

pub(crate) const DEAD: &str = "http://sqs/1/orders-dlq";
const SOURCE: &str = "http://sqs/1/orders";
pub(crate) const SOURCE_ARN: &str = "arn:orders";

/// SQS with one pair of queues. A received message is hidden until it is released or its receive is forgotten; a task moves
/// `per_look` messages whenever somebody looks at it.
#[derive(Default)]
pub(crate) struct Sqs {
    pub(crate) state: RefCell<State>,
    /// `None`: the cloud has no move tasks.
    pub(crate) per_look: Option<usize>,
    pub(crate) fifo: bool,
    /// Ids whose sending is refused.
    pub(crate) refused: BTreeSet<&'static str>,
    /// Deleting hangs from this many deletions on: whoever waits is killed there.
    pub(crate) hangs_after: Option<usize>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) dead: Vec<Message>,
    pub(crate) hidden: BTreeSet<String>,
    pub(crate) source: Vec<Message>,
    pub(crate) deduplication_ids: BTreeSet<String>,
    pub(crate) tasks: Vec<MoveTask>,
    pub(crate) started: usize,
    pub(crate) deleted: usize,
}

impl Sqs {
    pub(crate) fn with(number: usize) -> Self {
        let sqs = Self::default();
        sqs.state.borrow_mut().dead = (0..number).map(|number| message(&format!("m{number}"))).collect();
        sqs
    }

    pub(crate) fn pair(&self) -> Pair {
        let queue = |logical_id: &str, url: &str, arn: &str| Queue {
            resource: Resource {
                stack: "Shop-dev".to_owned(),
                logical_id: logical_id.to_owned(),
                physical_id: url.to_owned(),
                resource_type: "AWS::SQS::Queue".to_owned(),
            },
            attributes: Some(QueueAttributes { arn: arn.to_owned(), ..Default::default() }),
        };
        let dead_letters = queue("OrdersDeadLetters", DEAD, "arn:dead");
        Pair { source: queue("Orders", SOURCE, SOURCE_ARN), dead_letters }
    }

    /// What was moved, and what lies in the dead-letter queue.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state.borrow();
        (state.source.len(), state.dead.len())
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.state.borrow().source.iter().map(|message| message.message_id.clone()).collect()
    }

    /// The visibility time-out of all that was received has passed.
    pub(crate) fn forget_receives(&self) {
        self.state.borrow_mut().hidden.clear();
    }

    fn no_tasks(&self, operation: &'static str) -> CallError {
        error(operation, "InvalidAction", CallErrorKind::Invalid)
    }
}

fn error(operation: &'static str, code: &str, kind: CallErrorKind) -> CallError {
    CallError { operation, code: Some(code.to_owned()), message: "no".to_owned(), kind, source: None }
}

pub(crate) fn message(id: &str) -> Message {
    let attribute = |value| Attribute { data_type: "String".to_owned(), value };
    Message {
        message_id: id.to_owned(),
        receipt_handle: id.to_owned(),
        body: format!("body of {id}"),
        attributes: vec![
            ("reason".to_owned(), attribute(AttributeValue::Text("no such model".to_owned()))),
            ("raw".to_owned(), attribute(AttributeValue::Bytes(vec![0, 255]))),
        ],
        group_id: Some("group".to_owned()),
        trace_header: Some("Root=1".to_owned()),
        sent_at: None,
        receives: 1,
    }
}

impl Queues for Sqs {
    async fn attributes(&self, url: &str) -> Result<Option<QueueAttributes>, CallError> {
        assert_eq!(url, DEAD);
        let state = self.state.borrow();
        let visible = state.dead.iter().filter(|message| !state.hidden.contains(&message.message_id)).count() as u64;
        let in_flight = state.dead.len() as u64 - visible;
        Ok(Some(QueueAttributes {
            arn: "arn:dead".to_owned(),
            visible,
            in_flight,
            fifo: self.fifo,
            ..Default::default()
        }))
    }
}

impl Redriving for Sqs {
    async fn start_move(&self, arn: &str, destination: Option<&str>) -> Result<String, CallError> {
        assert_eq!(arn, "arn:dead");
        assert!(destination.is_none_or(|destination| destination == SOURCE_ARN), "{destination:?}");
        if self.per_look.is_none() {
            return Err(self.no_tasks("StartMessageMoveTask"));
        }
        let mut state = self.state.borrow_mut();
        state.started += 1;
        let (total, started_at) = (Some(state.dead.len() as u64), state.tasks.len() as i64);
        // Whoever sent a message to the dead-letter queue said why, and SQS knows nothing of where it came from.
        let is_unknown = destination.is_none() && state.dead.iter().any(|message| !message.attributes.is_empty());
        let (handle, status, failure) = match is_unknown {
            true => (None, MoveStatus::Failed, Some("CouldNotDetermineMessageSource".to_owned())),
            false => (Some("h".to_owned()), MoveStatus::Running, None),
        };
        state.tasks.insert(0, MoveTask { handle, status, moved: 0, total, failure, started_at });
        Ok("h".to_owned())
    }

    async fn moves(&self, _arn: &str) -> Result<Vec<MoveTask>, CallError> {
        let Some(per_look) = self.per_look else { return Err(self.no_tasks("ListMessageMoveTasks")) };
        let state = &mut *self.state.borrow_mut();
        let told = state.tasks.clone();
        if let Some(task) = state.tasks.first_mut().filter(|task| task.handle.is_some()) {
            if task.status == MoveStatus::Cancelling {
                (task.status, task.handle) = (MoveStatus::Cancelled, None);
            } else if state.dead.is_empty() {
                (task.status, task.handle) = (MoveStatus::Completed, None);
            } else {
                let moved: Vec<Message> = state.dead.drain(..per_look.min(state.dead.len())).collect();
                task.moved += moved.len() as u64;
                state.source.extend(moved);
            }
        }
        Ok(told)
    }

    async fn cancel_move(&self, handle: &str) -> Result<(), CallError> {
        assert_eq!(handle, "h");
        self.state.borrow_mut().tasks[0].status = MoveStatus::Cancelling;
        Ok(())
    }

    async fn receive(&self, url: &str, most: u32, _visibility: Duration) -> Result<Vec<Message>, CallError> {
        assert_eq!(url, DEAD);
        let state = &mut *self.state.borrow_mut();
        let is_hidden = |message: &&Message| state.hidden.contains(&message.message_id);
        // A message that somebody has hides the rest of its group, of a FIFO queue.
        let locked: BTreeSet<&Option<String>> = match self.fifo {
            true => state.dead.iter().filter(is_hidden).map(|message| &message.group_id).collect(),
            false => BTreeSet::new(),
        };
        let visible = state.dead.iter().filter(|message| !is_hidden(message) && !locked.contains(&message.group_id));
        let received: Vec<Message> = visible.take(most as usize).cloned().collect();
        state.hidden.extend(received.iter().map(|message| message.message_id.clone()));
        Ok(received)
    }

    async fn send(&self, url: &str, message: &Message, deduplication_id: Option<&str>) -> Result<(), CallError> {
        assert_eq!((url, deduplication_id.is_some()), (SOURCE, self.fifo));
        if self.refused.contains(message.message_id.as_str()) {
            return Err(error("SendMessage", "ServiceUnavailable", CallErrorKind::Transient));
        }
        let mut state = self.state.borrow_mut();
        if deduplication_id.is_none_or(|id| state.deduplication_ids.insert(id.to_owned())) {
            state.source.push(message.clone());
        }
        Ok(())
    }

    async fn delete(&self, url: &str, receipt_handle: &str) -> Result<(), CallError> {
        assert_eq!(url, DEAD);
        let deleted = self.state.borrow().deleted;
        if self.hangs_after.is_some_and(|most| deleted >= most) {
            std::future::pending::<()>().await;
        }
        let mut state = self.state.borrow_mut();
        state.deleted += 1;
        state.dead.retain(|message| message.receipt_handle != receipt_handle);
        Ok(())
    }

    async fn release(&self, _url: &str, receipt_handle: &str) -> Result<(), CallError> {
        self.state.borrow_mut().hidden.remove(receipt_handle);
        Ok(())
    }
}
