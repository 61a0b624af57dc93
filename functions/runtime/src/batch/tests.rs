//! Batches with malformed, hopeless, panicking, late and unnamed messages, and a dead-letter queue that can be unavailable.

use std::cell::RefCell;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::dead_letter::DeadLetter;
use crate::input::fake::{FakeInput, RECEIVES};
use crate::report::BatchItemFailure;
use crate::send_fault::{CallFault, SendError};

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    trace: String,
    number: u32,
}

#[derive(Default)]
struct Letters {
    taken: RefCell<Vec<DeadLetter>>,
    /// Message ids that the queue does not accept.
    refuses: Vec<&'static str>,
    /// It accepts everything and never responds.
    hangs: bool,
    input: FakeInput,
}

impl DeadLetters for Letters {
    async fn send(&self, function: &'static str, letters: &[DeadLetter]) -> Result<(), SendError> {
        assert_eq!(function, "FipeModelLoader");
        let refused = |letter: &DeadLetter| self.refuses.contains(&letter.message_id.as_str());
        self.taken.borrow_mut().extend(letters.iter().filter(|letter| !refused(letter)).cloned());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let failed: Vec<usize> = (0..letters.len()).filter(|index| refused(&letters[*index])).collect();
        if failed.is_empty() {
            Ok(())
        } else {
            let first = CallFault::new("gone", None, true).into();
            Err(SendError { failed, total: letters.len(), first })
        }
    }
}

fn event(records: &[(&str, &str, u32)]) -> SqsEvent {
    let records: Vec<_> = records
        .iter()
        .map(|(id, body, receives)| {
            json!({
                "messageId": id, "receiptHandle": format!("r of {id}"), "body": body, "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": receives.to_string(), "SentTimestamp": "1"},
                "messageAttributes": {}, "md5OfBody": "x", "awsRegion": "us-east-1",
            })
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn body(number: u32) -> String {
    format!(r#"{{"trace":"t-{number}","number":{number}}}"#)
}

/// Handles an event of `(id, body, receive count)` and returns the ids to be redelivered.
async fn handle<H>(letters: &Letters, event: &SqsEvent, handler: H) -> Vec<String>
where
    H: AsyncFn(Vec<Message<Task>>, &Invocation) -> Outcomes,
{
    let function = Function::new("FipeModelLoader", "test", "Fipe");
    let trace_id = |task: &Task| task.trace.clone();
    let input = &Input::over(&letters.input, RECEIVES);
    let batch = Batch { function: &function, dead_letters: letters, input, trace_id, handler };
    let response = batch.handle(event, &Invocation::new("r-1", Duration::from_secs(10))).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// Number 2 can never be done, number 3 fails this time, number 4 panics, number 5 hangs.
async fn moody(message: Message<Task>, _: &Invocation) -> Result<(), Failure> {
    match message.body.number {
        2 => Err(Failure::permanent("hopeless", "two is odd")),
        3 => Err(Failure::transient("not now")),
        4 => panic!("four"),
        5 => std::future::pending().await,
        _ => Ok(()),
    }
}

#[test]
fn the_answer_is_exactly_what_the_event_source_mapping_reads() {
    let failure = |id: &str| BatchItemFailure { item_identifier: id.to_owned() };
    let response = BatchResponse { batch_item_failures: vec![failure("059f36b4"), failure("2e1424d4")] };
    assert_eq!(
        serde_json::to_string(&response).unwrap(),
        r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4"},{"itemIdentifier":"2e1424d4"}]}"#
    );
    assert_eq!(serde_json::to_string(&BatchResponse::default()).unwrap(), r#"{"batchItemFailures":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn each_message_ends_on_its_own() {
    let letters = Letters::default();
    let bodies: Vec<String> = (1..=6).map(body).collect();
    let mut records: Vec<(String, &str)> =
        bodies.iter().zip(1..).map(|(body, id)| (format!("m{id}"), body.as_str())).collect();
    records.push(("m7".to_owned(), "not JSON"));
    let records: Vec<(&str, &str, u32)> = records.iter().map(|(id, body)| (id.as_str(), *body, 1)).collect();
    let back =
        handle(&letters, &event(&records), async |messages, invocation| each(messages, invocation, &moody).await).await;
    assert_eq!(back, ["m3", "m4", "m5"], "by message id: transient, panicked, late");

    let taken = letters.taken.borrow();
    let ids: Vec<(&str, &str)> = taken.iter().map(|letter| (letter.message_id.as_str(), letter.error_kind)).collect();
    assert_eq!(ids, [("m2", "hopeless"), ("m7", "malformed")]);
    assert_eq!((taken[0].body.as_str(), taken[0].trace_id.as_deref()), (bodies[1].as_str(), Some("t-2")));
    assert_eq!((taken[1].body.as_str(), taken[1].trace_id.as_deref()), ("not JSON", None));
    assert_eq!(taken[0].reason, "two is odd");
}

#[tokio::test(start_paused = true)]
async fn every_way_of_being_malformed_is_permanent_and_says_why() {
    let letters = Letters::default();
    let bodies = [
        "",
        "null",
        "[1]",
        "{}",
        r#"{"trace":"t","number":"1"}"#,
        r#"{"trace":"t","number":1,"more":1}"#,
        "{\"trace\":",
    ];
    let records: Vec<(String, &str)> = bodies.iter().enumerate().map(|(id, body)| (format!("m{id}"), *body)).collect();
    let records: Vec<(&str, &str, u32)> = records.iter().map(|(id, body)| (id.as_str(), *body, 1)).collect();
    let back = handle(&letters, &event(&records), async |_, _| panic!("nothing was decoded")).await;
    assert!(back.is_empty(), "{back:?}");
    assert_eq!(letters.taken.borrow().len(), bodies.len());
    assert!(letters.taken.borrow().iter().all(|letter| letter.error_kind == "malformed" && !letter.reason.is_empty()));
}

#[tokio::test]
async fn a_dead_letter_that_is_not_taken_comes_back() {
    let letters = Letters { refuses: vec!["m2"], ..Letters::default() };
    let back =
        handle(&letters, &event(&[("m1", "bad", 1), ("m2", "bad", 1), ("m3", "bad", 1)]), async |_, _| vec![]).await;
    assert_eq!(back, ["m2"]);
    assert_eq!(letters.taken.borrow().len(), 2);
}

#[tokio::test]
async fn a_message_that_the_handler_forgets_comes_back() {
    let (one, two) = (body(1), body(2));
    let back = handle(&Letters::default(), &event(&[("m1", &one, 1), ("m2", &two, 1)]), async |_, _| {
        vec![("m1".to_owned(), Ok(()))]
    })
    .await;
    assert_eq!(back, ["m2"]);
}

#[tokio::test]
async fn a_message_that_was_delivered_twice_is_done_only_if_both_are() {
    let (one, failure) = (body(1), || Err(Failure::transient("not now")));
    let event = event(&[("m1", &one, 1), ("m1", &one, 1), ("m2", &one, 1)]);
    for outcomes in [[failure(), Ok(())], [Ok(()), failure()], [failure(), failure()]] {
        let back = handle(&Letters::default(), &event, async |_, _| {
            let twice = outcomes.iter().map(|outcome| ("m1".to_owned(), outcome.clone()));
            twice.chain([("m2".to_owned(), Ok(())), ("nobody's".to_owned(), failure())]).collect()
        })
        .await;
        assert_eq!(back, ["m1"], "named once, and nothing else");
    }
}

#[tokio::test(start_paused = true)]
async fn dead_letters_that_are_not_taken_in_time_come_back_before_the_time_out() {
    let letters = Letters { hangs: true, ..Letters::default() };
    let begun = tokio::time::Instant::now();
    let (two, hangs) = (body(2), body(5));
    let event = event(&[("m1", &two, 1), ("m2", &hangs, 1), ("m3", "{", 1)]);
    let back = handle(&letters, &event, async |messages, invocation| each(messages, invocation, &moody).await).await;
    assert_eq!(back.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{back:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_batch_that_panics_is_handled_again_one_by_one() {
    let sizes = RefCell::new(Vec::new());
    let bodies = [body(1), body(4), body(6)];
    let event = event(&[("m1", &bodies[0], 1), ("m2", &bodies[1], 1), ("m3", &bodies[2], 1)]);
    let back = handle(&Letters::default(), &event, async |messages: Vec<Message<Task>>, _: &Invocation| {
        sizes.borrow_mut().push(messages.len());
        assert!(messages.iter().all(|message| message.body.number != 4), "a bug");
        messages.into_iter().map(|message| (message.id, Ok(()))).collect()
    })
    .await;
    assert_eq!(back, ["m2"], "the panic is that one's alone");
    assert_eq!(*sizes.borrow(), [3, 1, 1, 1]);
}

#[tokio::test]
async fn a_message_that_panics_again_and_again_goes_to_the_dead_letters_with_its_reason() {
    let letters = Letters::default();
    let four = body(4);
    for (receives, back) in [(1, vec!["m1"]), (2, vec!["m1"]), (3, vec![])] {
        let event = event(&[("m1", &four, receives)]);
        let found =
            handle(&letters, &event, async |messages, invocation| each(messages, invocation, &moody).await).await;
        assert_eq!(found, back, "received {receives} times");
    }
    assert_eq!(letters.taken.borrow()[0].reason, "panicked 3 times: four");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_misses_the_deadline_comes_back_before_the_time_out() {
    let bodies = [body(1), body(2)];
    let begun = tokio::time::Instant::now();
    let event = event(&[("m1", &bodies[0], 1), ("m2", &bodies[1], 1)]);
    let back = handle(&Letters::default(), &event, async |_, _| std::future::pending().await).await;
    assert_eq!(back, ["m1", "m2"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Number 3 fails this time, number 7 has to wait for an hour.
async fn away(message: Message<Task>, _: &Invocation) -> Result<(), Failure> {
    match message.body.number {
        3 => Err(Failure::transient("not now")),
        7 => Err(Failure::postponed(Duration::from_secs(3_600), "daily_limit", "no more calls today")),
        _ => Ok(()),
    }
}

async fn handle_away(letters: &Letters, event: &SqsEvent) -> Vec<String> {
    handle(letters, event, async |messages, invocation| each(messages, invocation, &away).await).await
}

#[tokio::test]
async fn a_transient_failure_is_hidden_for_longer_with_each_receive() {
    let (letters, three) = (Letters::default(), body(3));
    let event = event(&[("m1", &three, 1), ("m2", &three, 4), ("m3", &body(1), 1)]);
    assert_eq!(handle_away(&letters, &event).await, ["m1", "m2"]);
    let hidden = letters.input.hidden.borrow();
    let receipts: Vec<&str> = hidden.iter().map(|(receipt, _)| receipt.as_str()).collect();
    assert_eq!(receipts, ["r of m1", "r of m2"]);
    for ((_, hidden), least) in hidden.iter().zip([30, 240]) {
        let least = Duration::from_secs(least);
        assert!((least..=least.mul_f64(1.25)).contains(hidden), "{hidden:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_hide_or_take_back_costs_nothing_but_the_back_off() {
    let sick = FakeInput { is_sick: true, ..FakeInput::default() };
    let hangs = FakeInput { hangs: true, ..FakeInput::default() };
    for input in [sick, hangs] {
        let letters = Letters { input, ..Letters::default() };
        let begun = tokio::time::Instant::now();
        let event = event(&[("m1", &body(3), 1), ("m2", &body(7), 1)]);
        assert_eq!(handle_away(&letters, &event).await, ["m1", "m2"]);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert!(letters.taken.borrow().is_empty());
    }
}

#[tokio::test]
async fn the_last_receive_that_the_queue_allows_ends_in_the_dead_letter_queue_with_its_reason() {
    let letters = Letters { refuses: vec!["m3"], ..Letters::default() };
    let three = body(3);
    let event = event(&[("m1", &three, RECEIVES - 1), ("m2", &three, RECEIVES), ("m3", &three, RECEIVES)]);
    assert_eq!(handle_away(&letters, &event).await, ["m1", "m3"], "the queue did not take the third");
    let taken = letters.taken.borrow();
    let told: Vec<_> = taken.iter().map(|letter| (letter.message_id.as_str(), letter.error_kind)).collect();
    assert_eq!(told, [("m2", "received_too_often")]);
    assert_eq!(taken[0].reason, "received 5 times, as often as its queue allows; the last time: not now");
    assert_eq!(letters.input.hidden.borrow().len(), 1, "what may be moved at its next receive is not held back");
}

#[tokio::test]
async fn what_is_postponed_is_put_back_once_and_uses_up_no_receive() {
    let (letters, seven) = (Letters::default(), body(7));
    let event = event(&[("m1", &seven, RECEIVES), ("m2", &seven, 1), ("m2", &seven, 1)]);
    assert!(handle_away(&letters, &event).await.is_empty(), "acknowledged");
    assert!(letters.taken.borrow().is_empty(), "also at its last receive");
    let put_back = letters.input.put_back.borrow();
    assert_eq!(put_back.len(), 2, "a message that was delivered twice does not become two");
    for message in put_back.iter() {
        assert_eq!((&message.body, message.delay), (&seven, Duration::from_secs(900)), "as far as SQS delays");
        assert_eq!(message.attributes[0].0, contract::postponed::SINCE);
    }
    let lines = crate::log::tests::lines();
    let line = lines.iter().find(|line| line["action"] == "handle_message").unwrap();
    assert_eq!((&line["status"], &line["details"]["error_kind"]), (&json!("skipped"), &json!("daily_limit")));
    let until: jiff::Timestamp = line["details"][contract::postponed::UNTIL].as_str().unwrap().parse().unwrap();
    let wait = until.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3_580..=3_600).contains(&wait), "{wait}");
    let metrics = lines.iter().find(|line| !line["_aws"].is_null()).unwrap();
    assert_eq!(metrics["Postponed"].as_f64(), Some(3.0));
}
