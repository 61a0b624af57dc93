//! Redrives of some dead letters, and looks at them, against an SQS in memory.

mod sqs;

use std::collections::BTreeSet;
use std::time::Duration;

use operate::{
    Attribute, AttributeValue, Ended, Error, Filter, Looks, Message, Selected, Selection, dead_letters, plan,
    redrive_selected,
};
use sqs::{DEAD, Sqs, message};

/// Twelve messages in three groups; every third is malformed, and the others have been received too often.
fn dead(fifo: bool) -> Sqs {
    let sqs = Sqs { fifo, ..Sqs::default() };
    let attribute = |name: &str, value: &str| {
        (name.to_owned(), Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(value.to_owned()) })
    };
    let letter = |number: usize| Message {
        attributes: match number % 3 {
            0 => vec![attribute("error_kind", "malformed"), attribute("reason", "no price")],
            _ => Vec::new(),
        },
        group_id: Some(format!("g{}", number % 4)),
        ..message(&format!("m{number}"))
    };
    sqs.state.borrow_mut().dead = (0..12).map(letter).collect();
    sqs
}

fn malformed(limit: Option<u64>) -> Selection {
    Selection { filter: Filter { kind: Some("malformed".to_owned()), ..Filter::default() }, limit }
}

async fn move_some(sqs: &Sqs, selection: &Selection) -> Result<Selected, Error> {
    redrive_selected(sqs, &sqs.pair(), selection, std::future::pending(), &mut |_| {}).await
}

#[tokio::test]
async fn what_is_meant_is_moved_and_the_others_can_be_received_at_once() {
    // In the FIFO queue the last two are behind others of their group.
    for (fifo, not_looked_at) in [(false, 0), (true, 2)] {
        let sqs = dead(fifo);
        let selected = move_some(&sqs, &malformed(None)).await.unwrap();
        assert_eq!((selected.ended, selected.moved), (Ended::Completed, 4));
        assert_eq!(selected.looks, Looks { looked_at: 12 - not_looked_at, not_looked_at });
        assert_eq!((selected.plan.len(), selected.plan[0].count), (1, 4));
        assert_eq!(sqs.ids(), ["m0", "m3", "m6", "m9"]);
        let state = sqs.state.borrow();
        assert!(state.hidden.iter().all(|id| !state.dead.iter().any(|message| message.message_id == *id)));
        assert_eq!(state.dead.len(), 8);
    }
}

#[tokio::test]
async fn a_limit_ends_the_search() {
    let sqs = dead(false);
    let selected = move_some(&sqs, &malformed(Some(1))).await.unwrap();
    assert_eq!((selected.moved, sqs.ids()), (1, vec!["m0".to_owned()]));
    assert_eq!(selected.looks.looked_at + selected.looks.not_looked_at, 12);
}

#[tokio::test]
async fn a_look_and_a_plan_move_nothing_and_release_everything() {
    let sqs = dead(false);
    let found = dead_letters(&sqs, DEAD, &malformed(Some(3)), std::future::pending()).await.unwrap();
    assert_eq!(found.letters.len(), 3);
    let planned = plan(&sqs, &sqs.pair(), &malformed(None), std::future::pending()).await.unwrap();
    assert_eq!((planned.moved, planned.plan[0].count, planned.plan[0].reason.as_deref()), (0, 4, Some("no price")));
    assert_eq!(sqs.counts(), (0, 12));
    assert!(sqs.state.borrow().hidden.is_empty());
}

#[tokio::test]
async fn what_a_held_message_of_a_group_hides_is_told() {
    let sqs = Sqs { fifo: true, ..Sqs::with(25) };
    let selected = move_some(&sqs, &malformed(None)).await.unwrap();
    // One receive shows ten messages of the one group.
    assert_eq!((selected.ended, selected.looks.looked_at, selected.looks.not_looked_at), (Ended::NothingToDo, 10, 15));
    assert!(sqs.state.borrow().hidden.is_empty());
}

#[tokio::test]
async fn a_message_that_its_queue_refuses_stays_and_nothing_of_a_fifo_queue_overtakes_it() {
    for (fifo, moved) in [(false, &["m0", "m3", "m9"][..]), (true, &["m0", "m3"])] {
        let sqs = Sqs { refused: ["m6"].into(), ..dead(fifo) };
        let error = move_some(&sqs, &malformed(None)).await.unwrap_err();
        assert!(matches!(error, Error::NotSent { .. }) && error.is_retryable(), "{error}");
        assert_eq!(sqs.ids(), moved);
        assert_eq!(sqs.counts().1, 12 - moved.len());
        let state = sqs.state.borrow();
        assert!(state.dead.iter().all(|message| !state.hidden.contains(&message.message_id)), "{:?}", state.hidden);
    }
}

#[tokio::test]
async fn a_wish_to_stop_ends_it_before_the_next_messages() {
    let sqs = dead(false);
    let selected = redrive_selected(&sqs, &sqs.pair(), &malformed(None), async {}, &mut |_| {}).await.unwrap();
    assert_eq!((selected.ended, selected.moved), (Ended::Cancelled, 0));
    assert_eq!(sqs.counts(), (0, 12));
}

/// Killed at every possible deletion, and run again after the visibility time-out.
#[tokio::test(start_paused = true)]
async fn whoever_is_killed_in_the_middle_loses_nothing() {
    for fifo in [false, true] {
        for hangs_after in 0..4 {
            let sqs = Sqs { hangs_after: Some(hangs_after), ..dead(fifo) };
            let killed = tokio::time::timeout(Duration::from_secs(60), move_some(&sqs, &malformed(None))).await;
            assert!(killed.is_err(), "it did not hang after {hangs_after}");
            sqs.forget_receives();
            let sqs = Sqs { hangs_after: None, ..sqs };
            move_some(&sqs, &malformed(None)).await.unwrap();
            let ids: BTreeSet<String> = sqs.ids().into_iter().collect();
            assert_eq!(ids, ["m0", "m3", "m6", "m9"].map(str::to_owned).into(), "after {hangs_after}");
            assert_eq!(sqs.counts().1, 8);
        }
    }
}
