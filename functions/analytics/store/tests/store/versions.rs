//! Which uploads count: versions of a key, overlapping keys, and taking one back.

use analytics_contract::{Replaced, State};
use analytics_core::{Reverted, Store};
use analytics_store::{Begun, Ended, Object, begin};
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::{TestDatabase, audience, availability, object};

const FIRST: (&str, f64) = ("2021-03-01", 100.0);

async fn with_slot() -> TestDatabase {
    let test = TestDatabase::create().await;
    test.import("slots.csv", 1, &availability(&[("05/04/2021", 30)])).await;
    test
}

async fn id(test: &TestDatabase, key: &str, version: &str) -> Uuid {
    let find = "SELECT upload_id FROM upload WHERE object_key = $1 AND version = $2";
    test.owner().await.query_one(find, &[&key, &version]).await.unwrap().get(0)
}

async fn state(test: &TestDatabase, key: &str, version: &str) -> State {
    test.database.upload(id(test, key, version).await).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_newer_version_of_a_key_replaces_the_older_and_a_late_older_one_changes_nothing() {
    let test = with_slot().await;
    test.import("a.csv", 10, &audience(&[FIRST])).await;
    assert_eq!(test.prediction("NOVA").await, Some(100.0));
    test.import("a.csv", 12, &audience(&[("2021-03-01", 300.0)])).await;
    assert_eq!(test.prediction("NOVA").await, Some(300.0));
    let version = test.database.version().await.unwrap();
    assert_eq!(test.import("a.csv", 11, &audience(&[("2021-03-01", 200.0)])).await, Ended::Superseded);
    assert_eq!(test.prediction("NOVA").await, Some(300.0));
    assert_eq!(test.database.version().await.unwrap(), version, "nothing changed");
    assert_eq!(state(&test, "a.csv", "v10").await, State::Superseded);
    assert_eq!(state(&test, "a.csv", "v11").await, State::Superseded);
}

#[tokio::test]
async fn sequencers_of_different_lengths_are_compared_as_if_filled_with_zeros() {
    let test = with_slot().await;
    let mut long = object("a.csv", 20);
    long.sequencer = "000A01".to_owned();
    let mut short = object("a.csv", 21);
    short.sequencer = "000A".to_owned();
    test.import_object(&long, &audience(&[FIRST])).await;
    assert_eq!(test.import_object(&short, &audience(&[("2021-03-01", 1.0)])).await, Ended::Superseded);
    assert_eq!(test.prediction("NOVA").await, Some(100.0));
}

#[tokio::test]
async fn a_redelivered_event_finds_its_upload_done() {
    let test = with_slot().await;
    test.import("a.csv", 10, &audience(&[FIRST])).await;
    let mut client = test.database.client().await.unwrap();
    let again = begin(&mut client, &object("a.csv", 10), Uuid::new_v4()).await.unwrap();
    assert!(matches!(again, Begun::Ended { state: State::Applied, .. }), "{again:?}");
    drop(client);
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 1);
}

#[tokio::test]
async fn the_same_row_in_two_keys_counts_once_with_the_later_value_whatever_the_order_of_arrival() {
    for order in [[0, 1], [1, 0]] {
        let test = with_slot().await;
        let files = [("a.csv", 10, 100.0), ("b.csv", 11, 500.0)];
        for at in order {
            let (key, time, value) = files[at];
            test.import(key, time, &audience(&[("2021-03-01", value)])).await;
        }
        assert_eq!(test.prediction("NOVA").await, Some(500.0), "{order:?}");
        let last = test.database.uploads(None, 1).await.unwrap();
        assert_eq!(last[0].rows_repeated, Some(1));
    }
}

#[tokio::test]
async fn equal_slots_of_a_day_count_each_and_in_another_file_once() {
    let test = with_slot().await;
    let available = async || test.groups("NOVA", analytics_core::Selection::All).await[0].available_time;
    test.import("slots.csv", 2, &availability(&[("05/04/2021", 30), ("05/04/2021", 30)])).await;
    assert_eq!(available().await, 60);
    test.import("other.csv", 3, &availability(&[("05/04/2021", 10)])).await;
    assert_eq!(available().await, 40, "the first of the day is the later file's");
    assert_eq!(test.database.uploads(None, 1).await.unwrap()[0].rows_repeated, Some(1));
}

#[tokio::test]
async fn an_upload_that_is_taken_back_brings_the_former_rows_back() {
    let test = with_slot().await;
    test.import("a.csv", 10, &audience(&[FIRST])).await;
    test.import("a.csv", 11, &audience(&[("2021-03-01", 300.0)])).await;
    let newer = id(&test, "a.csv", "v11").await;
    let version = test.database.version().await.unwrap();
    let reverted = test.database.revert(newer, Timestamp::now()).await.unwrap();
    assert!(matches!(&reverted, Reverted::Done(upload) if upload.state == State::Reverted), "{reverted:?}");
    assert_eq!(test.prediction("NOVA").await, Some(100.0));
    assert!(test.database.version().await.unwrap() > version);
    // Again, it changes nothing; the older one can be taken back too.
    let version = test.database.version().await.unwrap();
    assert!(matches!(test.database.revert(newer, Timestamp::now()).await.unwrap(), Reverted::Done(_)));
    assert_eq!(test.database.version().await.unwrap(), version);
    test.database.revert(id(&test, "a.csv", "v10").await, Timestamp::now()).await.unwrap();
    assert_eq!(test.prediction("NOVA").await, None);
    assert_eq!(test.database.revert(Uuid::from_u128(1), Timestamp::now()).await.unwrap(), Reverted::Unknown);
}

#[tokio::test]
async fn what_does_not_count_cannot_be_taken_back_and_nothing_after_thirty_days() {
    let test = with_slot().await;
    test.import("a.csv", 10, &audience(&[FIRST])).await;
    test.import("a.csv", 11, &audience(&[FIRST])).await;
    let revert = async |version: &str, days: i64| {
        let now = Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        test.database.revert(id(&test, "a.csv", version).await, now).await.unwrap()
    };
    assert_eq!(revert("v10", 0).await, Reverted::NotApplied(State::Superseded));
    assert_eq!(revert("v11", 31).await, Reverted::TooLate);
    assert!(matches!(revert("v11", 29).await, Reverted::Done(_)));
}

#[tokio::test]
async fn rows_that_have_not_counted_for_thirty_days_are_deleted() {
    let test = with_slot().await;
    test.import("a.csv", 10, &audience(&[FIRST])).await;
    test.import("a.csv", 11, &audience(&[FIRST])).await;
    let age = "UPDATE upload SET finished_at = finished_at - interval '31 days' WHERE version = 'v10'";
    test.owner().await.batch_execute(age).await.unwrap();
    test.import("b.csv", 12, &audience(&[("2021-03-08", 1.0)])).await;
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 2);
    assert_eq!(test.count("SELECT count(*) FROM upload WHERE purged_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn an_upload_tells_what_it_replaced_also_when_it_has_no_row_itself() {
    let test = with_slot().await;
    let replaced = async || test.database.uploads(None, 1).await.unwrap()[0].replaced.clone();
    test.import("a.csv", 10, &audience(&[FIRST, ("2021-03-08", 1.0)])).await;
    assert_eq!(replaced().await, None);
    test.import("a.csv", 12, &audience(&[])).await;
    let first = id(&test, "a.csv", "v10").await.to_string();
    assert_eq!(replaced().await, Some(Replaced { id: first, rows: 2 }));
    test.import("a.csv", 11, &audience(&[FIRST])).await;
    assert_eq!(replaced().await, None, "what comes too late replaces nothing");
    test.import("b.csv", 13, &audience(&[FIRST])).await;
    assert_eq!(replaced().await, None, "another key");
}

#[tokio::test]
async fn rows_that_a_later_one_of_the_same_file_replaces_are_counted() {
    let test = with_slot().await;
    let overwritten = async || test.database.uploads(None, 1).await.unwrap()[0].rows_overwritten;
    let twice = audience(&[FIRST, ("2021-03-08", 1.0), ("2021-03-01", 7.0), ("2021-03-01", 300.0)]);
    test.import("a.csv", 10, &twice).await;
    assert_eq!((overwritten().await, test.prediction("NOVA").await), (Some(2), Some(225.25)));
    test.import_object(&Object { dry_run: true, ..object("a.csv", 11) }, &twice).await;
    assert_eq!(overwritten().await, Some(2));
    // Equal slots of a day count each.
    test.import("slots.csv", 12, &availability(&[("05/04/2021", 30), ("05/04/2021", 30)])).await;
    assert_eq!(overwritten().await, Some(0));
}
