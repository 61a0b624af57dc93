//! The table against MiniStack: its conditions keep what the port promises.

use function_http::IdempotencyKey;
use jiff::{SignedDuration, Timestamp};
use messages_contract::table::{KEY, OPEN_INDEX, OPEN_SINCE, OPEN_STATUS};
use messages_core::{
    Change, Claim, Claiming, DeadFault, Envelope, Event, Fault, Happened, Identified, Job, JobState, Payload, Placed,
    Status, Table, Wanted,
};
use messages_store::MessagesTable;
use serde_json::json;
use test_ministack::{Emulator, Index, create_table};
use uuid::Uuid;

const TABLE: &str = "messages";

/// An empty table; its emulator stops when the test ends.
async fn table() -> (MessagesTable, Emulator) {
    let emulator = tokio::task::spawn_blocking(Emulator::start).await.expect("it does not panic");
    let emulator = emulator.unwrap_or_else(|error| panic!("{error}"));
    let client = aws_sdk_dynamodb::Client::new(&emulator.sdk_config());
    let index = Index { name: OPEN_INDEX, partition_key: OPEN_STATUS, sort_key: OPEN_SINCE };
    create_table(&client, TABLE, KEY, Some(index)).await;
    (MessagesTable::new(client, TABLE), emulator)
}

fn at(second: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-02T10:00:00Z".parse().expect("a time");
    begin + SignedDuration::from_secs(second)
}

fn envelope(id: u128) -> Envelope {
    let payload = json!({
        "transaction_id": "t", "payer_id": "p", "receiver_id": "r", "amount": 1.5, "currency": "EUR",
        "description": null,
    });
    let payload: Payload = serde_json::from_str(&payload.to_string()).expect("a payload");
    Envelope::new(Uuid::from_u128(id), at(0), payload)
}

fn accepted(second: i64) -> Event {
    Event { at: at(second), happened: Happened::Accepted { by: "a@b.example".to_owned(), queue: "main".to_owned() } }
}

fn dead(second: i64, replay: u32) -> Event {
    let (kind, reason) = ("poison".to_owned(), "of no use".to_owned());
    Event { at: at(second), happened: Happened::Dead { replay, kind, reason } }
}

fn to(to: Status, dlq_retry: u32, from: &'static [Status]) -> Change {
    let fault = (to == Status::Dead).then(|| DeadFault { kind: "poison".to_owned(), reason: "of no use".to_owned() });
    Change { to, dlq_retry, from, fault }
}

async fn a_message_goes_its_way_and_late_news_do_not_turn_it_back(table: &MessagesTable) -> Result<(), Fault> {
    let (message, later) = (envelope(1), at(3600));
    let (id, body) = (message.message_id.to_string(), message.to_body());
    let about = || Identified { id: &id, body: &body, group: "p" };
    assert_eq!(table.accept(&message, "p", &accepted(0), later).await?, Placed::Now);
    let Placed::Before(known) = table.accept(&message, "p", &accepted(5), later).await? else { panic!("it is new") };
    assert_eq!((known.status, known.since, known.body.as_str()), (Status::Accepted, at(0), body.as_str()));

    let queued = Event { at: at(1), happened: Happened::Queued };
    assert!(
        table.change(about(), std::slice::from_ref(&queued), to(Status::Queued, 0, &[Status::Accepted]), None).await?
    );
    assert!(!table.change(about(), &[queued], to(Status::Queued, 0, &[Status::Accepted]), None).await?);
    let from = &[Status::Accepted, Status::Queued];
    assert!(table.change(about(), &[dead(2, 0)], to(Status::Dead, 0, from), Some(later)).await?);
    let replayed = Event { at: at(3), happened: Happened::Replayed { replay: 1, by: "a@b.example".to_owned() } };
    assert!(table.change(about(), &[replayed], to(Status::Queued, 1, &[]), None).await?);
    assert!(!table.change(about(), &[dead(4, 0)], to(Status::Dead, 0, from), None).await?, "it is of the time before");
    let found = table.find(&id, at(4)).await?.expect("it is there");
    assert_eq!((found.status, found.dlq_retry, found.fault, found.events.len()), (Status::Queued, 1, None, 4));
    assert!(table.find(&id, later + SignedDuration::from_secs(1)).await?.is_none(), "it has expired");

    let saved = [Event { at: at(5), happened: Happened::Saved }];
    assert_eq!(table.save(&message, "p", &saved).await?, Placed::Now);
    assert_eq!(table.save(&message, "p", &saved).await?, Placed::Before(()));
    assert!(!table.change(about(), &[dead(6, 1)], to(Status::Dead, 1, from), None).await?, "saved is saved");
    let found = table.find(&id, later + SignedDuration::from_secs(1)).await?.expect("what is saved stays");
    assert_eq!(found.status, Status::Saved);
    assert_eq!(table.count_open(Status::Queued, 10).await?, 0);
    Ok(())
}

async fn open_messages_are_read_page_by_page(table: &MessagesTable) -> Result<(), Fault> {
    for (id, second) in [(13, 3), (11, 1), (12, 2)] {
        table.accept(&envelope(id), "p", &accepted(second), at(3600)).await?;
    }
    let ids = |page: &messages_core::OpenPage| page.records.iter().map(|record| record.id.clone()).collect::<Vec<_>>();
    let id = |id| Uuid::from_u128(id).to_string();
    let first = table.open(Status::Accepted, None, None, 2).await?;
    assert_eq!(ids(&first), [id(11), id(12)]);
    let second = table.open(Status::Accepted, None, first.next.as_deref(), 2).await?;
    assert_eq!((ids(&second), second.next), (vec![id(13)], None));
    assert_eq!(ids(&table.open(Status::Accepted, Some(at(3)), None, 9).await?), [id(11), id(12)]);
    let counts = (table.count_open(Status::Accepted, 9).await?, table.count_open(Status::Accepted, 2).await?);
    assert_eq!(counts, (3, 2));
    Ok(())
}

async fn keys_limits_and_the_lock_expire(table: &MessagesTable) -> Result<(), Fault> {
    let key = IdempotencyKey::read("k").expect("a key");
    let claim = |id| Claim { id: Uuid::from_u128(id), fingerprint: "f".to_owned() };
    assert_eq!(table.claim("u", &key, &claim(1), at(0), at(10)).await?, Claiming::Ours);
    assert_eq!(table.claim("u", &key, &claim(2), at(10), at(20)).await?, Claiming::Earlier(claim(1)));
    assert_eq!(table.claim("u", &key, &claim(2), at(11), at(20)).await?, Claiming::Ours);
    assert_eq!((table.count("u", 1, 2, at(60)).await?, table.count("u", 1, 3, at(60)).await?), (2, 5));

    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert!(table.lock(one, at(0), at(10)).await? && !table.lock(other, at(5), at(15)).await?);
    assert!(table.lock(one, at(6), at(16)).await?, "it is ours already");
    table.unlock(other).await?;
    assert!(!table.lock(other, at(7), at(17)).await? && table.lock(other, at(17), at(27)).await?);
    table.unlock(other).await?;
    assert!(table.lock(one, at(18), at(28)).await?);
    Ok(())
}

async fn a_stopped_job_stays_stopped(table: &MessagesTable) -> Result<(), Fault> {
    let job = Job::new(Uuid::from_u128(1), "a@b.example", Wanted::default(), true, at(0));
    assert!(table.put_job(&job, at(3600)).await?);
    assert_eq!(table.open_jobs().await?, std::slice::from_ref(&job));
    assert!(table.stop_job(job.job_id).await? && !table.stop_job(job.job_id).await?);
    assert!(!table.put_job(&job, at(3600)).await? && table.open_jobs().await?.is_empty());
    let found = table.find_job(job.job_id, at(1)).await?.map(|job| job.state);
    assert_eq!(found, Some(JobState::Stopped));
    assert_eq!(table.find_job(job.job_id, at(3601)).await?, None);
    Ok(())
}

#[tokio::test]
async fn the_table_keeps_what_its_port_promises() -> Result<(), Fault> {
    let (table, _emulator) = table().await;
    a_message_goes_its_way_and_late_news_do_not_turn_it_back(&table).await?;
    open_messages_are_read_page_by_page(&table).await?;
    keys_limits_and_the_lock_expire(&table).await?;
    a_stopped_job_stays_stopped(&table).await
}
