//! Batches to a queue that is busy, refuses messages or is down.

use super::*;
use crate::log::chain;
use std::cell::RefCell;

type Attributes = Vec<(Cow<'static, str>, String)>;

/// A queue that accepts everything except what it is told to reject.
#[derive(Default)]
struct Fake {
    taken: RefCell<Vec<String>>,
    attributes: RefCell<Vec<Attributes>>,
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
                self.attributes.borrow_mut().push(message.attributes.clone());
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

/// Numbered bodies, of these groups in turn.
fn grouped(count: usize, groups: &[&str]) -> Vec<Outgoing> {
    let of_group = |(index, message): (usize, Outgoing)| {
        let group = Some(groups[index % groups.len()].to_owned());
        Outgoing { group, deduplication_id: Some(format!("d{index}")), ..message }
    };
    bodies(count).into_iter().enumerate().map(of_group).collect()
}

/// The numbers of the bodies that the queue took, in order.
fn numbers(queue: &Fake) -> Vec<usize> {
    let number = |body: &String| body.trim_start_matches("body ").parse::<usize>().unwrap();
    queue.taken.borrow().iter().map(number).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_groups_waits_for_those_that_are_sent_again_in_the_one_before() {
    let busy = vec![("body 3".to_owned(), 2), ("body 9".to_owned(), 1), ("body 12".to_owned(), 4)];
    let queue = Fake { busy: RefCell::new(busy), ..Fake::default() };
    send_all(&queue, grouped(25, &["a"])).await.unwrap();
    let taken = numbers(&queue);
    assert_eq!(taken[..10], [0, 1, 2, 4, 5, 6, 7, 8, 9, 3], "within a batch, the queue chooses");
    assert_eq!(taken[10..20], [10, 11, 13, 14, 15, 16, 17, 18, 19, 12]);
    assert_eq!(taken[20..], [20, 21, 22, 23, 24]);
}

#[tokio::test(start_paused = true)]
async fn after_a_message_that_the_queue_never_takes_its_group_stops_and_others_go_on() {
    let queue = Fake { forbidden: Some("body 8".to_owned()), ..Fake::default() };
    let error = send_all(&queue, grouped(25, &["a", "b"])).await.unwrap_err();
    assert_eq!(error.failed, [8, 10, 12, 14, 16, 18, 20, 22, 24]);
    assert_eq!(error.first.to_string(), "InvalidMessageContents");
    assert!(!error.is_retryable(), "the first fault decides");
    assert_eq!(numbers(&queue), [0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_behind_a_lost_message_of_its_group_is_not_sent_again() {
    let queue = Fake {
        busy: RefCell::new(vec![("body 0".to_owned(), 1), ("body 3".to_owned(), 1), ("body 4".to_owned(), 1)]),
        forbidden: Some("body 2".to_owned()),
        ..Fake::default()
    };
    let error = send_all(&queue, grouped(5, &["a", "b"])).await.unwrap_err();
    assert_eq!(error.failed, [2, 4], "0 is before it, and 3 of another group");
    assert_eq!(numbers(&queue), [1, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_group_does_not_go_on_after_a_message_too_large_for_sqs() {
    let queue = Fake::default();
    let mut messages = grouped(4, &["a", "b"]);
    messages[0].body = "x".repeat(BATCH_BYTES + 1);
    messages[1].body = "x".repeat(BATCH_BYTES);
    let error = send_all(&queue, messages).await.unwrap_err();
    assert_eq!(error.failed, [0, 2]);
    assert_eq!(queue.taken.borrow().len(), 2, "group and deduplication id do not count");
}

#[test]
fn an_entry_has_everything_that_a_message_has() {
    let message = Outgoing {
        body: "{}".to_owned(),
        attributes: vec![("reason".into(), "none".to_owned())],
        group: Some("p1".to_owned()),
        deduplication_id: Some("m-1#r1".to_owned()),
        delay: Duration::from_secs(90),
    };
    let entry = entry(7, &message).unwrap();
    assert_eq!((entry.id(), entry.message_body()), ("7", "{}"));
    assert_eq!((entry.message_group_id(), entry.message_deduplication_id()), (Some("p1"), Some("m-1#r1")));
    assert_eq!(entry.message_attributes().unwrap()["reason"].string_value(), Some("none"));
    assert_eq!(entry.delay_seconds(), Some(90));
    let plain = super::entry(0, &Outgoing::from("{}".to_owned())).unwrap();
    assert_eq!((plain.message_group_id(), plain.message_deduplication_id()), (None, None));
    assert_eq!(plain.delay_seconds(), None, "the queue's own delay");
}

#[tokio::test]
async fn what_is_handed_on_says_how_often() {
    let queue = Queue::over(Fake::default());
    queue.hand_on(7, vec!["rest".to_owned()]).await.unwrap();
    assert_eq!(*queue.port().attributes.borrow(), [[("hand_ons".into(), "8".to_owned())]]);
}
