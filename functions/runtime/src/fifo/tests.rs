//! Batches of several groups with every kind of failure. What happens is recorded step by step, also when a handler panics or is given up.

use std::cell::RefCell;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::dead_letter::DeadLetter;
use crate::input::fake::{FakeInput, RECEIVES};
use crate::log::tests::lines;
use crate::send_fault::{CallFault, SendError};

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
enum Fate {
    Done,
    /// Done after these milliseconds.
    Slow(u64),
    Hangs,
    Transient,
    Postponed,
    Permanent,
    Panics,
}

#[derive(Debug, Deserialize)]
struct Task {
    name: String,
    fate: Fate,
}

/// A message on the queue; without a fate it is malformed.
#[derive(Debug, Clone)]
struct Sent {
    name: String,
    group: String,
    fate: Option<Fate>,
    receives: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Begun(String),
    /// Returned, panicked or given up.
    Ended(String),
    Letter(String),
    LetterRefused(String),
}

#[derive(Default)]
struct World {
    steps: RefCell<Vec<Step>>,
    letters: RefCell<Vec<DeadLetter>>,
    /// Messages whose letters are not accepted.
    refuses: Vec<String>,
    /// The dead-letter queue accepts everything and never responds.
    hangs: bool,
    input: FakeInput,
}

/// Records the end of a handler when it is dropped.
struct Ending<'w>(&'w World, String);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.steps.borrow_mut().push(Step::Ended(self.1.clone()));
    }
}

impl World {
    async fn work(&self, message: Message<Task>) -> Result<(), Failure> {
        let Task { name, fate } = message.body;
        assert_eq!(message.group.as_deref(), Some(&name[..1]));
        self.steps.borrow_mut().push(Step::Begun(name.clone()));
        let _ending = Ending(self, name);
        tokio::task::yield_now().await;
        match fate {
            Fate::Done => Ok(()),
            Fate::Slow(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(())
            }
            Fate::Hangs => std::future::pending().await,
            Fate::Transient => Err(Failure::transient("not now")),
            Fate::Postponed => Err(Failure::postponed(Duration::from_secs(3_600), "outage", "away")),
            Fate::Permanent => Err(Failure::permanent("hopeless", "never")),
            Fate::Panics => panic!("a bug"),
        }
    }

    /// Handles an event in an invocation of 10 s, and returns the ids to be redelivered.
    async fn handle(&self, event: &SqsEvent) -> Vec<String> {
        let function = Function::new("WorkerConsumerSqs", "test", "Messages");
        let handler = async |message: Message<Task>, _: &Invocation| self.work(message).await;
        let trace_id = |task: &Task| format!("trace of {}", task.name);
        let input = &Input::over(&self.input, RECEIVES);
        let batch = FifoBatch { function: &function, dead_letters: self, input, trace_id, handler };
        let response = batch.handle(event, &Invocation::new("r-1", Duration::from_secs(10))).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// The steps of one group.
    fn steps_of(&self, group: &str) -> Vec<Step> {
        let of_group = |step: &&Step| {
            let (Step::Begun(name) | Step::Ended(name) | Step::Letter(name) | Step::LetterRefused(name)) = step;
            name.starts_with(group)
        };
        self.steps.borrow().iter().filter(of_group).cloned().collect()
    }

    fn position(&self, step: &Step) -> usize {
        self.steps.borrow().iter().position(|other| other == step).unwrap()
    }
}

impl DeadLetters for World {
    async fn send(&self, _: &'static str, letters: &[DeadLetter]) -> Result<(), SendError> {
        assert_eq!(letters.len(), 1, "each letter before the next message");
        let name = letters[0].message_id.clone();
        tokio::task::yield_now().await;
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.refuses.contains(&name) {
            self.steps.borrow_mut().push(Step::LetterRefused(name));
            return Err(SendError { failed: vec![0], total: 1, first: CallFault::new("gone", None, true).into() });
        }
        self.steps.borrow_mut().push(Step::Letter(name));
        self.letters.borrow_mut().extend_from_slice(letters);
        Ok(())
    }
}

fn begun(name: &str) -> Step {
    Step::Begun(name.to_owned())
}

fn ended(name: &str) -> Step {
    Step::Ended(name.to_owned())
}

/// Messages by name and fate; the first letter of a name is its group, the name its message id.
fn sent(messages: &[(&str, Fate)]) -> Vec<Sent> {
    let of = |(name, fate): &(&str, Fate)| Sent {
        name: (*name).to_owned(),
        group: name[..1].to_owned(),
        fate: Some(*fate),
        receives: 1,
    };
    messages.iter().map(of).collect()
}

/// The event as Lambda sends it for a FIFO queue.
fn event(sent: &[Sent]) -> SqsEvent {
    let record = |(index, Sent { name, group, fate, receives }): (usize, &Sent)| {
        let fate = match fate {
            None => json!("unheard of"),
            Some(Fate::Slow(millis)) => json!({ "Slow": millis }),
            Some(fate) => json!(format!("{fate:?}")),
        };
        json!({
            "messageId": name, "receiptHandle": format!("r{index}"), "body": json!({"name": name, "fate": fate}).to_string(),
            "attributes": {
                "ApproximateReceiveCount": receives.to_string(), "SentTimestamp": "1785499200000",
                "ApproximateFirstReceiveTimestamp": "1785499200001", "SenderId": "EXAMPLE", "MessageGroupId": group,
                "MessageDeduplicationId": format!("d{index}"), "SequenceNumber": format!("1884949646046769{index:04}"),
            },
            "messageAttributes": {}, "md5OfBody": "x", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:work.fifo", "awsRegion": "us-east-1",
        })
    };
    let records: Vec<Value> = sent.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

#[tokio::test]
async fn after_a_transient_failure_the_rest_of_its_group_comes_back_and_other_groups_go_on() {
    let world = World::default();
    let messages = [
        ("a1", Fate::Done),
        ("a2", Fate::Transient),
        ("b1", Fate::Done),
        ("a3", Fate::Done),
        ("b2", Fate::Done),
        ("a4", Fate::Done),
    ];
    assert_eq!(world.handle(&event(&sent(&messages))).await, ["a2", "a3", "a4"]);
    assert_eq!(world.steps_of("a"), [begun("a1"), ended("a1"), begun("a2"), ended("a2")]);
    assert_eq!(world.steps_of("b"), [begun("b1"), ended("b1"), begun("b2"), ended("b2")]);

    let (metrics, lines): (Vec<Value>, Vec<Value>) = lines().into_iter().partition(|line| !line["_aws"].is_null());
    let told: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |value: &'static str| line[value].as_str().unwrap();
            (text("trace_id"), text("status"), line["details"]["reason"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [("trace of a2", "error", "not now"), ("trace of a3", "skipped", BEHIND), ("trace of a4", "skipped", BEHIND),]
    );
    let count = |name: &str| metrics[0][name].as_f64().unwrap();
    assert_eq!(["Records", "TransientFailures", "PermanentFailures"].map(count), [6.0, 3.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_group_holds_up_no_other() {
    let world = World::default();
    let messages = [("a1", Fate::Slow(3_000)), ("a2", Fate::Done), ("b1", Fate::Done), ("b2", Fate::Done)];
    assert!(world.handle(&event(&sent(&messages))).await.is_empty());
    assert!(world.position(&ended("b2")) < world.position(&ended("a1")));
    assert!(world.position(&ended("a1")) < world.position(&begun("a2")));
}

#[tokio::test]
async fn a_panic_ends_its_group_and_repeats_nothing() {
    let world = World::default();
    let messages = [("a1", Fate::Done), ("a2", Fate::Panics), ("a3", Fate::Done), ("b1", Fate::Done)];
    assert_eq!(world.handle(&event(&sent(&messages))).await, ["a2", "a3"]);
    assert_eq!(world.steps_of("a"), [begun("a1"), ended("a1"), begun("a2"), ended("a2")]);
    assert_eq!(world.steps_of("b"), [begun("b1"), ended("b1")]);
}

#[tokio::test]
async fn what_can_never_be_done_is_a_dead_letter_before_the_next_of_its_group_begins() {
    let world = World::default();
    let messages =
        [("a1", Fate::Permanent), ("a2", Fate::Done), ("a3", Fate::Done), ("a4", Fate::Panics), ("a5", Fate::Done)];
    let mut messages = sent(&messages);
    messages[1].fate = None;
    messages[3].receives = 3;
    assert!(world.handle(&event(&messages)).await.is_empty());
    let letter = |name: &str| Step::Letter(name.to_owned());
    assert_eq!(
        world.steps_of("a"),
        [
            begun("a1"),
            ended("a1"),
            letter("a1"),
            letter("a2"),
            begun("a3"),
            ended("a3"),
            begun("a4"),
            ended("a4"),
            letter("a4"),
            begun("a5"),
            ended("a5"),
        ]
    );
    let letters = world.letters.borrow();
    let kinds: Vec<(&str, u32)> = letters.iter().map(|letter| (letter.error_kind, letter.receive_count)).collect();
    assert_eq!(kinds, [("hopeless", 1), ("malformed", 1), ("panic", 3)]);
    assert!(letters.iter().all(|letter| letter.group.as_deref() == Some("a") && letter.body.starts_with('{')));
    assert_eq!([0, 1].map(|index| letters[index].trace_id.as_deref()), [Some("trace of a1"), None]);
}

#[tokio::test]
async fn a_dead_letter_that_is_not_taken_comes_back_with_the_rest_of_its_group() {
    let world = World { refuses: vec!["a2".to_owned()], ..World::default() };
    let messages = [("a1", Fate::Permanent), ("a2", Fate::Permanent), ("a3", Fate::Done), ("b1", Fate::Permanent)];
    assert_eq!(world.handle(&event(&sent(&messages))).await, ["a2", "a3"]);
    assert!(!world.steps.borrow().contains(&begun("a3")));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_that_hangs_gives_the_group_back_before_the_time_out() {
    let world = World { hangs: true, ..World::default() };
    let started = Instant::now();
    let messages = [("a1", Fate::Permanent), ("a2", Fate::Done), ("b1", Fate::Done)];
    assert_eq!(world.handle(&event(&sent(&messages))).await, ["a1", "a2"]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_after_the_working_time_and_what_hangs_is_given_up_at_the_deadline() {
    let world = World::default();
    let started = Instant::now();
    let messages = [
        ("a1", Fate::Slow(7_900)),
        ("a2", Fate::Slow(500)),
        ("a3", Fate::Done),
        ("a4", Fate::Done),
        ("b1", Fate::Hangs),
        ("b2", Fate::Done),
    ];
    assert_eq!(world.handle(&event(&sent(&messages))).await, ["a3", "a4", "b1", "b2"]);
    assert_eq!(world.steps_of("a"), [begun("a1"), ended("a1"), begun("a2"), ended("a2")], "begun is done");
    assert_eq!(world.steps_of("b"), [begun("b1"), ended("b1")]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let reasons: Vec<Value> = lines().iter().map(|line| line["details"]["reason"].clone()).collect();
    assert_eq!(reasons[..4], [NO_TIME, NO_TIME, "not finished before the deadline", BEHIND]);
}

#[tokio::test]
async fn two_records_with_one_id_are_redelivered_if_either_is_not_done() {
    let mut messages = sent(&[("a1", Fate::Done), ("a1", Fate::Transient), ("a1", Fate::Transient)]);
    assert_eq!(World::default().handle(&event(&messages)).await, ["a1"], "named once");
    messages.swap(0, 1);
    assert_eq!(World::default().handle(&event(&messages)).await, ["a1"]);
}

#[tokio::test]
async fn the_rest_of_a_group_is_hidden_as_long_as_the_message_that_failed() {
    let world = World::default();
    let messages = [("a1", Fate::Done), ("a2", Fate::Transient), ("a3", Fate::Done), ("b1", Fate::Postponed)];
    let mut messages = sent(&messages);
    messages[1].receives = 3;
    assert_eq!(world.handle(&event(&messages)).await, ["a2", "a3", "b1"]);
    let hidden = world.input.hidden.borrow();
    let [(a2, first), (a3, rest), (b1, postponed)] = hidden.as_slice() else { panic!("{hidden:?}") };
    assert_eq!([a2, a3, b1].map(String::as_str), ["r1", "r2", "r3"]);
    assert!(*first >= Duration::from_secs(120) && first == rest, "{hidden:?}");
    assert_eq!(*postponed, Duration::from_secs(3_600));
    assert!(world.input.put_back.borrow().is_empty(), "which would break the order");
}

#[tokio::test]
async fn what_was_received_as_often_as_allowed_is_a_dead_letter_before_the_next_of_its_group_begins() {
    let world = World::default();
    let mut messages = sent(&[("a1", Fate::Transient), ("a2", Fate::Postponed), ("a3", Fate::Done)]);
    messages[0].receives = RECEIVES;
    messages[1].receives = RECEIVES;
    assert!(world.handle(&event(&messages)).await.is_empty());
    let letter = |name: &str| Step::Letter(name.to_owned());
    let steps =
        [begun("a1"), ended("a1"), letter("a1"), begun("a2"), ended("a2"), letter("a2"), begun("a3"), ended("a3")];
    assert_eq!(world.steps_of("a"), steps);
    assert!(world.letters.borrow().iter().all(|letter| letter.error_kind == "received_too_often"));
}

/// `SplitMix64`, so that a seed names a batch.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % limit
    }

    fn fate(&mut self) -> Option<Fate> {
        Some(match self.below(16) {
            0 => return None,
            1 => Fate::Hangs,
            2 => [Fate::Transient, Fate::Postponed][usize::try_from(self.below(2)).unwrap()],
            3 | 4 => Fate::Permanent,
            5 | 6 => Fate::Panics,
            7..=10 => Fate::Slow(self.below(100)),
            _ => Fate::Done,
        })
    }

    fn batch(&mut self) -> Vec<Sent> {
        let groups = ["a", "b", "c"];
        let size = self.below(10) + 1;
        let message = |number| {
            let group = groups[usize::try_from(self.below(3)).unwrap()].to_owned();
            let (fate, receives) = (self.fate(), u32::try_from(self.below(u64::from(RECEIVES))).unwrap() + 1);
            Sent { name: format!("{group}{number}"), group, fate, receives }
        };
        (0..size).map(message).collect()
    }
}

/// What must happen to a group, and which of its messages come back: the rules once more, one message at a time.
fn expected(group: &[&Sent], refuses: &[String]) -> (Vec<Step>, Vec<String>) {
    let mut steps = Vec::new();
    for (index, message) in group.iter().enumerate() {
        if message.fate.is_some() {
            steps.extend([begun(&message.name), ended(&message.name)]);
        }
        let is_done = match message.fate {
            Some(Fate::Done | Fate::Slow(_)) => true,
            Some(Fate::Hangs | Fate::Transient | Fate::Postponed) if message.receives < RECEIVES => false,
            Some(Fate::Panics) if message.receives < 3 => false,
            _ => {
                let is_taken = !refuses.contains(&message.name);
                let name = message.name.clone();
                steps.push(if is_taken { Step::Letter(name) } else { Step::LetterRefused(name) });
                is_taken
            }
        };
        // What hangs takes all the time there is.
        if !is_done || message.fate == Some(Fate::Hangs) {
            let rest = group[index + usize::from(is_done)..].iter();
            return (steps, rest.map(|message| message.name.clone()).collect());
        }
    }
    (steps, Vec::new())
}

#[tokio::test(start_paused = true)]
async fn of_any_batch_the_beginning_of_each_group_is_done_in_order_and_the_rest_comes_back() {
    for seed in 0..3_000 {
        let mut random = Random(seed);
        let batch = random.batch();
        let refused = batch.iter().filter(|_| random.below(5) == 0).map(|message| message.name.clone());
        let world = World { refuses: refused.collect(), ..World::default() };
        let mut back = world.handle(&event(&batch)).await;
        let mut expected_back = Vec::new();
        for group in ["a", "b", "c"] {
            let members: Vec<&Sent> = batch.iter().filter(|message| message.group == group).collect();
            let (steps, rest) = expected(&members, &world.refuses);
            assert_eq!(world.steps_of(group), steps, "seed {seed}, group {group}: {batch:#?}");
            expected_back.extend(rest);
        }
        back.sort();
        expected_back.sort();
        assert_eq!(back, expected_back, "seed {seed}: {batch:#?}");
    }
}
