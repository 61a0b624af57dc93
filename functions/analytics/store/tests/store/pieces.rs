//! Reading in pieces: what an import leaves behind wherever it ends, and files that are not taken.

use analytics_contract::{ADDRESS_SECONDS, State};
use analytics_core::{NewUpload, Reverted, Store};
use analytics_reader::{Kind, Reader};
use analytics_store::{Ended, Error, Object, reject, start_again};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::support::{LIMITS, TestDatabase, audience, availability, object, work};

const FILE: [(&str, f64); 3] = [("2021-03-01", 100.0), ("2021-03-08", 300.0), ("2021-03-15", 200.0)];

#[tokio::test]
async fn an_import_goes_on_from_its_last_piece_and_no_row_is_there_twice() {
    let test = TestDatabase::create().await;
    let file = audience(&FILE);
    let half = file.len() / 2;
    let object = object("a.csv", 1);
    // The first invocation commits a piece, sends another, and is killed.
    let mut client = test.database.client().await.unwrap();
    let mut import = work(&mut client, &object).await;
    let (mut rows, mut reader) = (import.rows(&LIMITS), Reader::new());
    reader.feed(&file.as_bytes()[..half], &mut rows).unwrap();
    let piece = import.piece(&mut client).await.unwrap();
    piece.commit(&mut import, reader.checkpoint().unwrap(), &mut rows).await.unwrap();
    reader.feed(&file.as_bytes()[half..], &mut rows).unwrap();
    let mut piece = import.piece(&mut client).await.unwrap();
    piece.send(Kind::Audience, &mut rows).await.unwrap();
    drop(piece);
    drop(client);
    // The second one goes on.
    let mut client = test.database.client().await.unwrap();
    let mut import = work(&mut client, &object).await;
    let from = usize::try_from(import.next_byte()).unwrap();
    assert!(from > 0 && from <= half, "{from}");
    let (mut rows, mut reader) = (import.rows(&LIMITS), Reader::resume(import.checkpoint.clone().unwrap()));
    reader.feed(&file.as_bytes()[from..], &mut rows).unwrap();
    let place = reader.finish(&mut rows).unwrap();
    let ended = import.piece(&mut client).await.unwrap().finish(&import, &place, &mut rows, &LIMITS).await.unwrap();
    drop(client);
    assert_eq!(ended, Ended::Applied { taken: 3, rejected: 0 });
    assert_eq!(test.count("SELECT count(*) FROM current_exhibition").await, 3);
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 3);
    assert_eq!(test.count("SELECT max(line) FROM exhibition").await, 4);
}

#[tokio::test]
async fn of_two_invocations_that_read_the_same_upload_one_is_overtaken() {
    let test = TestDatabase::create().await;
    let (file, object) = (audience(&FILE), object("a.csv", 1));
    let other = test.another();
    let (mut one, mut two) = (test.database.client().await.unwrap(), other.client().await.unwrap());
    let (first, mut second) = (work(&mut one, &object).await, work(&mut two, &object).await);
    let mut first = first;
    let (mut rows, mut reader) = (first.rows(&LIMITS), Reader::new());
    reader.feed(file.as_bytes(), &mut rows).unwrap();
    let place = reader.checkpoint().unwrap();
    first.piece(&mut one).await.unwrap().commit(&mut first, place, &mut rows).await.unwrap();
    let overtaken = second.piece(&mut two).await;
    assert!(matches!(overtaken, Err(Error::Overtaken)));
}

#[tokio::test]
async fn a_file_without_a_good_row_or_with_too_many_bad_ones_is_rejected_and_leaves_its_faults() {
    let test = TestDatabase::create().await;
    let bad = audience(&[("2021-02-30", 1.0), ("2021-02-31", 1.0)]);
    let Ended::Rejected { kind, .. } = test.import("bad.csv", 1, &bad).await else { panic!("taken") };
    assert_eq!(kind, "no_good_row");
    let rows = ["2021-02-30", "2021-02-31", "2021-02-32", "2021-03-01"].map(|day| (day, 1.0));
    let Ended::Rejected { kind, reason } = test.import("mostly.csv", 2, &audience(&rows)).await else {
        panic!("taken")
    };
    assert_eq!(kind, "too_many_rejected_rows");
    assert!(reason.starts_with("3 of its 4 rows were rejected, which is more than 50 %"), "{reason}");
    let taken = test.import("half.csv", 3, &audience(&rows[1..])).await;
    assert!(matches!(taken, Ended::Rejected { .. }));
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 0);
    let upload = &test.database.uploads(None, 3).await.unwrap()[1];
    assert_eq!((upload.state, upload.rows_rejected), (State::Rejected, 3));
    let faults = test.database.faults(upload.id.parse().unwrap(), 0, 10).await.unwrap();
    assert_eq!(faults.iter().map(|row| (row.record, row.line)).collect::<Vec<_>>(), [(1, 2), (2, 3), (3, 4)]);
    assert_eq!(faults[0].faults[0].code, "no_such_day");
    let page = test.database.faults(upload.id.parse().unwrap(), 1, 1).await.unwrap();
    assert_eq!(page[0].record, 2);
}

#[tokio::test]
async fn rejected_rows_come_back_as_they_were_and_no_more_than_the_limit() {
    let test = TestDatabase::create().await;
    let good: String = (1..=9).map(|day| format!("RJ;NOVA;0{day}/03/2021;1\n")).collect();
    let bad = "RJ;NOVA;x;1\nRJ;\"NO;VA\";y;-1\nRJ;NOVA;z;1\nRJ;NOVA;w;1\n";
    let file = format!("signal;program_code;date;available_time\n{good}{bad}");
    assert_eq!(test.import("a.csv", 1, &file).await, Ended::Applied { taken: 9, rejected: 4 });
    let id = test.database.uploads(None, 1).await.unwrap()[0].id.parse().unwrap();
    let text = test.database.rejected_rows(id, 0, 100).await.unwrap().unwrap();
    assert_eq!((text.header.as_str(), text.delimiter), ("signal;program_code;date;available_time", ';'));
    let rows: Vec<_> = text.rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(rows, ["RJ;NOVA;x;1", "RJ;\"NO;VA\";y;-1", "RJ;NOVA;z;1"]);
    assert_eq!(text.rows[1].faults.len(), 2);
}

#[tokio::test]
async fn a_header_without_rows_is_a_file_and_counts() {
    let test = TestDatabase::create().await;
    assert_eq!(test.import("a.csv", 1, &audience(&[])).await, Ended::Applied { taken: 0, rejected: 0 });
    assert_eq!(test.import("a.csv", 2, &availability(&[])).await, Ended::Applied { taken: 0, rejected: 0 });
}

#[tokio::test]
async fn a_file_that_cannot_be_read_ends_with_its_reason() {
    let test = TestDatabase::create().await;
    let mut client = test.database.client().await.unwrap();
    let import = work(&mut client, &object("a.csv", 1)).await;
    reject(&mut client, &import, "unknown_header", "line 1: \0 no").await.unwrap();
    drop(client);
    let upload = test.database.upload(import.id).await.unwrap().unwrap();
    assert_eq!((upload.state, upload.error_kind.as_deref()), (State::Rejected, Some("unknown_header")));
    assert_eq!(upload.reason.as_deref(), Some("line 1: \u{FFFD} no"));
}

#[tokio::test]
async fn reading_again_in_another_encoding_leaves_nothing_of_the_first_time() {
    let test = TestDatabase::create().await;
    let mut client = test.database.client().await.unwrap();
    let mut import = work(&mut client, &object("a.csv", 1)).await;
    let (mut rows, mut reader) = (import.rows(&LIMITS), Reader::new());
    reader.feed(audience(&FILE).as_bytes(), &mut rows).unwrap();
    let place = reader.checkpoint().unwrap();
    import.piece(&mut client).await.unwrap().commit(&mut import, place, &mut rows).await.unwrap();
    start_again(&mut client, &mut import).await.unwrap();
    assert_eq!((import.next_byte(), import.checkpoint.is_none()), (0, true));
    drop(client);
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 0);
    let upload = test.database.upload(import.id).await.unwrap().unwrap();
    assert_eq!((upload.rows_taken, upload.bytes_done, upload.state), (0, 0, State::Reading));
}

#[tokio::test]
async fn an_announced_upload_is_expired_once_its_address_is_and_a_late_file_is_taken() {
    let test = TestDatabase::create().await;
    let announced = async |id: u128, seconds: i64| {
        let requested_at = Timestamp::now() - SignedDuration::from_secs(seconds);
        let id = Uuid::from_u128(id);
        let new = NewUpload { id, key: "a.csv".to_owned(), bytes: 3, sha256: [0; 32], dry_run: false, requested_at };
        test.database.create_upload(&new).await.unwrap();
        (id, test.database.upload(id).await.unwrap().unwrap().state)
    };
    let limit = i64::from(ADDRESS_SECONDS);
    assert_eq!(announced(7, limit - 60).await.1, State::Waiting);
    let (id, state) = announced(8, limit).await;
    assert_eq!(state, State::Expired);
    let listed: Vec<State> = test.database.uploads(None, 10).await.unwrap().iter().map(|upload| upload.state).collect();
    assert_eq!(listed, [State::Expired, State::Waiting]);
    assert_eq!(test.database.revert(id, Timestamp::now()).await.unwrap(), Reverted::NotApplied(State::Expired));
    let late = Object { announced_as: Some(id), ..object("a.csv", 1) };
    test.import_object(&late, &audience(&FILE)).await;
    assert_eq!(test.database.upload(id).await.unwrap().unwrap().state, State::Applied);
}

#[tokio::test]
async fn an_announced_upload_is_the_one_whose_file_arrives() {
    let test = TestDatabase::create().await;
    let id = Uuid::from_u128(7);
    let new = NewUpload {
        id,
        key: "a.csv".to_owned(),
        bytes: 3,
        sha256: [0; 32],
        dry_run: false,
        requested_at: Timestamp::now(),
    };
    test.database.create_upload(&new).await.unwrap();
    assert_eq!(test.database.upload(id).await.unwrap().unwrap().state, State::Waiting);
    let mut announced = object("a.csv", 1);
    announced.announced_as = Some(id);
    test.import_object(&announced, &audience(&FILE)).await;
    let upload = test.database.upload(id).await.unwrap().unwrap();
    assert_eq!((upload.state, upload.rows_taken), (State::Applied, 3));
    assert_eq!((upload.first_day.as_deref(), upload.last_day.as_deref()), (Some("2021-03-01"), Some("2021-03-15")));
    // The address was used again: another version, and so another upload.
    let mut second = object("a.csv", 2);
    second.announced_as = Some(id);
    test.import_object(&second, &audience(&FILE)).await;
    assert_eq!(test.database.uploads(None, 10).await.unwrap().len(), 2);
    // And an object of another key is not it, whatever its metadata say.
    let new = NewUpload { id: Uuid::from_u128(8), ..new };
    test.database.create_upload(&new).await.unwrap();
    let mut other = object("b.csv", 3);
    other.announced_as = Some(new.id);
    test.import_object(&other, &audience(&FILE)).await;
    assert_eq!(test.database.upload(new.id).await.unwrap().unwrap().state, State::Waiting);
}
