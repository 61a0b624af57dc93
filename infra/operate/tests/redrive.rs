//! Redrives against an SQS in memory.

mod sqs;

use std::collections::BTreeSet;
use std::time::Duration;

use operate::{Ended, Error, Message, MoveStatus, Outcome, Progress, Redriving, redrive};
use sqs::{SOURCE_ARN, Sqs, message};

async fn run(sqs: &Sqs, limit: Option<u64>) -> (Result<Outcome, Error>, Vec<Progress>) {
    let mut told = Vec::new();
    let outcome = redrive(sqs, &sqs.pair(), limit, Duration::from_millis(1), std::future::pending(), &mut |progress| {
        told.push(progress);
    })
    .await;
    (outcome, told)
}

fn completed(moved: u64) -> Outcome {
    Outcome { ended: Ended::Completed, moved }
}

const NOTHING: Outcome = Outcome { ended: Ended::NothingToDo, moved: 0 };

#[tokio::test]
async fn sqs_moves_by_itself_and_a_second_run_finds_nothing_to_do() {
    let sqs = Sqs { per_look: Some(4), ..Sqs::with(10) };
    let (outcome, told) = run(&sqs, None).await;
    assert_eq!(outcome.unwrap(), completed(10));
    assert_eq!(told[0], Progress::Started { by_task: true, total: 10 });
    assert!(told.contains(&Progress::Moved(4)) && told.contains(&Progress::Moved(10)), "{told:?}");
    assert_eq!(sqs.counts(), (10, 0));
    assert_eq!(run(&sqs, None).await.0.unwrap(), NOTHING);
    assert_eq!(sqs.state.borrow().started, 1);
}

#[tokio::test]
async fn what_a_function_sent_to_the_dead_letter_queue_is_moved_since_its_queue_is_named() {
    let sqs = Sqs { per_look: Some(4), ..Sqs::with(3) };
    sqs.start_move("arn:dead", None).await.unwrap();
    assert_eq!(sqs.moves("arn:dead").await.unwrap()[0].status, MoveStatus::Failed, "SQS does not know its queue");
    assert_eq!(run(&sqs, None).await.0.unwrap(), completed(3));
}

#[tokio::test]
async fn a_task_that_runs_is_watched_and_not_doubled() {
    let sqs = Sqs { per_look: Some(3), ..Sqs::with(9) };
    sqs.start_move("arn:dead", Some(SOURCE_ARN)).await.unwrap();
    let (outcome, told) = run(&sqs, None).await;
    assert_eq!((outcome.unwrap(), told[0]), (completed(9), Progress::Attached));
    assert_eq!(sqs.state.borrow().started, 1);
}

#[tokio::test]
async fn a_limit_is_refused_while_a_task_moves_everything() {
    let sqs = Sqs { per_look: Some(3), ..Sqs::with(9) };
    sqs.start_move("arn:dead", Some(SOURCE_ARN)).await.unwrap();
    let error = run(&sqs, Some(2)).await.0.unwrap_err();
    assert!(matches!(error, Error::MoveUnderWay { .. }), "{error}");
}

#[tokio::test]
async fn a_task_of_yesterday_is_not_taken_for_ours() {
    let sqs = Sqs { per_look: Some(100), ..Sqs::with(2) };
    assert_eq!(run(&sqs, None).await.0.unwrap(), completed(2));
    sqs.state.borrow_mut().dead.push(message("new"));
    assert_eq!(run(&sqs, None).await.0.unwrap(), completed(1));
    assert_eq!(sqs.state.borrow().started, 2);
}

#[tokio::test]
async fn a_task_that_failed_says_how_far_it_came() {
    let sqs = Sqs { per_look: Some(0), ..Sqs::with(5) };
    let work = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let task = &mut sqs.state.borrow_mut().tasks[0];
        (task.status, task.handle, task.moved) = (MoveStatus::Failed, None, 2);
        task.failure = Some("AccessDenied".to_owned());
    };
    let ((outcome, _), ()) = tokio::join!(run(&sqs, None), work);
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("after 2: AccessDenied"), "{text}");
}

#[tokio::test]
async fn an_interrupt_cancels_the_task_and_leaves_the_rest() {
    let sqs = Sqs { per_look: Some(1), ..Sqs::with(1_000) };
    let mut told = Vec::new();
    let stop = tokio::time::sleep(Duration::from_millis(30));
    let outcome = redrive(&sqs, &sqs.pair(), None, Duration::from_millis(1), stop, &mut |progress| told.push(progress))
        .await
        .unwrap();
    assert_eq!(outcome.ended, Ended::Cancelled);
    assert!(told.contains(&Progress::Cancelling));
    let (moved, left) = sqs.counts();
    assert_eq!((moved as u64, moved + left), (outcome.moved, 1_000));
    assert!(left > 0);
}

#[tokio::test]
async fn without_tasks_every_message_is_moved_with_all_that_belongs_to_it() {
    let sqs = Sqs::with(25);
    let (outcome, told) = run(&sqs, None).await;
    assert_eq!((outcome.unwrap(), told[0]), (completed(25), Progress::Started { by_task: false, total: 25 }));
    assert_eq!(sqs.counts(), (25, 0));
    let expected: Vec<Message> = (0..25).map(|number| message(&format!("m{number}"))).collect();
    assert_eq!(sqs.state.borrow().source, expected);
    assert_eq!(run(&sqs, None).await.0.unwrap(), NOTHING);
}

#[tokio::test]
async fn a_limit_is_obeyed_even_where_sqs_could_move_by_itself() {
    let sqs = Sqs { per_look: Some(100), ..Sqs::with(25) };
    assert_eq!(run(&sqs, Some(12)).await.0.unwrap(), completed(12));
    assert_eq!((sqs.counts(), sqs.state.borrow().started), ((12, 13), 0));
    assert_eq!(run(&sqs, Some(100)).await.0.unwrap(), completed(13));
}

#[tokio::test]
async fn a_message_that_its_queue_refuses_stays_and_can_be_received_at_once() {
    let sqs = Sqs { refused: ["m3"].into(), ..Sqs::with(5) };
    let error = run(&sqs, None).await.0.unwrap_err();
    assert!(matches!(error, Error::NotSent { moved: 4, .. }) && error.is_retryable(), "{error}");
    assert_eq!(sqs.counts(), (4, 1));
    assert!(!sqs.state.borrow().hidden.contains("m3"));
}

#[tokio::test]
async fn in_a_fifo_queue_nothing_overtakes_a_message_that_was_refused() {
    let sqs = Sqs { fifo: true, refused: ["m3"].into(), ..Sqs::with(8) };
    run(&sqs, None).await.0.unwrap_err();
    assert_eq!(sqs.ids(), ["m0", "m1", "m2"]);
    let sqs = Sqs { refused: BTreeSet::new(), ..sqs };
    assert_eq!(run(&sqs, None).await.0.unwrap(), completed(5));
    assert_eq!(sqs.ids(), ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"]);
}

/// Killed at every possible deletion, and run again after the visibility time-out.
#[tokio::test(start_paused = true)]
async fn whoever_is_killed_in_the_middle_loses_nothing() {
    for fifo in [false, true] {
        for hangs_after in 0..12 {
            let sqs = Sqs { hangs_after: Some(hangs_after), fifo, ..Sqs::with(12) };
            let killed = tokio::time::timeout(Duration::from_secs(60), run(&sqs, None)).await;
            assert!(killed.is_err(), "it did not hang after {hangs_after}");
            sqs.forget_receives();
            let sqs = Sqs { hangs_after: None, ..sqs };
            run(&sqs, None).await.0.unwrap();
            let ids = sqs.ids();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 12, "lost after {hangs_after}: {ids:?}");
            assert_eq!(sqs.counts().1, 0);
            if fifo {
                assert_eq!(ids.len(), 12, "twice after {hangs_after}: {ids:?}");
            }
        }
    }
}

#[tokio::test]
async fn messages_that_come_back_meanwhile_are_not_moved_again() {
    let sqs = Sqs::with(3);
    let on_the_way = &mut |progress: Progress| {
        // They fail again at once.
        if matches!(progress, Progress::Moved(_)) {
            let state = &mut *sqs.state.borrow_mut();
            state.hidden.clear();
            let again: Vec<Message> = state.source.drain(..).collect();
            state.dead.extend(again);
        }
    };
    let outcome = redrive(&sqs, &sqs.pair(), None, Duration::from_millis(1), std::future::pending(), on_the_way).await;
    assert_eq!(outcome.unwrap(), completed(3));
}
