//! The numbers of the answers, against the definition by sorting and against each other.

use analytics_core::{AccuracyRow, ExplainQuestion, GroupQuestion, ProgramRow, Selection, Store};
use analytics_reader::Reader;
use analytics_store::Object;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday, date};

use crate::support::{LIMITS, TestDatabase, audience, availability, object, work};

/// Five Mondays, and two Mondays with slots.
const MONDAYS: [(&str, f64); 5] =
    [("2021-03-01", 100.0), ("2021-03-08", 300.0), ("2021-03-15", 200.0), ("2021-03-22", 400.0), ("2021-03-29", 500.0)];
const SLOTS: [(&str, i32); 2] = [("05/04/2021", 30), ("12/04/2021", 20)];

fn days(first: Date, last: Date) -> Selection {
    Selection::Days { first, last }
}

async fn example() -> TestDatabase {
    let test = TestDatabase::create().await;
    test.import("audience.csv", 1, &audience(&MONDAYS)).await;
    test.import("availability.csv", 2, &availability(&SLOTS)).await;
    test
}

#[tokio::test]
async fn the_prediction_is_the_mean_of_the_medians_of_the_last_four() {
    let test = example().await;
    let numbers = async |selection| {
        let groups = test.groups("NOVA", selection).await;
        groups.iter().map(|group| (group.available_time, group.predicted_audience)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(Selection::All).await, [(50, Some(220.0))]);
    assert_eq!(numbers(days(date(2021, 3, 22), date(2021, 3, 22))).await, [(50, Some(250.0))]);
    assert_eq!(numbers(days(date(2021, 3, 8), date(2021, 3, 22))).await, [(50, Some(216.666_666_666_666_66))]);
    assert_eq!(numbers(days(date(2021, 3, 23), date(2021, 3, 28))).await, []);
}

#[tokio::test]
async fn slots_without_exhibitions_have_no_prediction_and_exhibitions_without_slots_are_not_listed() {
    let test = example().await;
    let slots = "signal;program_code;date;available_time\nDF;NOVA;06/04/2021;45\n";
    let exhibition = "signal,program_code,exhibition_date,program_start_time,average_audience\n\
        SP1,NOVA,2021-03-02,2021-03-02T10:00:00Z,1\nSP1,ALONE,2021-03-02,2021-03-02T10:00:00Z,1\n";
    test.import("slots.csv", 3, slots).await;
    test.import("exhibitions.csv", 4, exhibition).await;
    let groups = test.groups("NOVA", Selection::All).await;
    let told: Vec<_> =
        groups.iter().map(|group| (group.signal.as_str(), group.weekday, group.predicted_audience)).collect();
    assert_eq!(told, [("DF", Weekday::Tuesday, None), ("RJ", Weekday::Monday, Some(220.0))]);
    assert_eq!(test.groups("ALONE", Selection::All).await, []);
    assert_eq!(test.groups("nova", Selection::All).await, []);
}

#[tokio::test]
async fn an_explanation_names_the_values_and_where_they_came_from() {
    let test = example().await;
    let of = GroupQuestion { program_code: "NOVA".to_owned(), selection: days(date(2021, 3, 29), date(2021, 3, 29)) };
    let question = ExplainQuestion { of, signal: Some("RJ".to_owned()), weekday: Some(Weekday::Monday) };
    let groups = test.database.explain(test.version().await, &question).await.unwrap();
    let [group] = groups.as_slice() else { panic!("{groups:?}") };
    let [exhibition] = group.exhibitions.as_slice() else { panic!("{group:?}") };
    let values: Vec<_> = exhibition.values.iter().map(|value| (value.average_audience, value.origin.line)).collect();
    assert_eq!(values, [(300.0, 3), (200.0, 4), (400.0, 5), (500.0, 6)]);
    assert_eq!(exhibition.predicted_audience, 350.0);
    assert_eq!(exhibition.values[0].origin.key, "audience.csv");
    let slots: Vec<_> = group.slots.iter().map(|slot| (slot.available_time, slot.origin.line)).collect();
    assert_eq!(slots, [(30, 2), (20, 3)]);
    let other = ExplainQuestion { weekday: Some(Weekday::Tuesday), ..question };
    assert_eq!(test.database.explain(test.version().await, &other).await.unwrap(), []);
}

#[tokio::test]
async fn accuracy_compares_each_prediction_with_the_next_exhibition() {
    let test = example().await;
    let question = GroupQuestion { program_code: "NOVA".to_owned(), selection: Selection::All };
    // Predictions 100, 200, 200, 250 against 300, 200, 400, 500.
    let errors = [-200.0 / 3.0, 0.0, -50.0, -50.0];
    let rows = test.database.accuracy(&question).await.unwrap();
    let [AccuracyRow { predictions, mape, bias, p10, p50, p90, .. }] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(*predictions, 4);
    let near =
        |found: &Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} {expected}");
    near(mape, errors.iter().map(|error: &f64| error.abs()).sum::<f64>() / 4.0);
    near(bias, errors.iter().sum::<f64>() / 4.0);
    // Sorted -66.7, -50, -50, 0: the tenth lies 0.3 of the way from the first to the second.
    near(p10, errors[0] + 0.3 * (-50.0 - errors[0]));
    near(p50, -50.0);
    near(p90, -50.0 + 0.7 * 50.0);
    let late = GroupQuestion { selection: days(date(2021, 3, 29), date(2021, 3, 29)), ..question };
    assert_eq!(test.database.accuracy(&late).await.unwrap()[0].predictions, 1);
}

#[tokio::test]
async fn programs_are_listed_with_their_days_in_pages() {
    let test = example().await;
    let more = "signal,program_code,exhibition_date,program_start_time,average_audience\n\
        SP1,ALFA,2021-03-02,2021-03-02T10:00:00Z,1\nRJ,ZULU,2021-03-03,2021-03-03T10:00:00Z,1\n";
    test.import("more.csv", 3, more).await;
    let page = test.database.programs(None, 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.program_code.as_str()).collect::<Vec<_>>(), ["ALFA", "NOVA"]);
    assert_eq!((page[0].signals.as_slice(), page[0].first_slot_day), (["SP1".to_owned()].as_slice(), None));
    assert_eq!((page[1].first_day, page[1].last_day), (Some(date(2021, 3, 1)), Some(date(2021, 3, 29))));
    assert_eq!((page[1].first_slot_day, page[1].last_slot_day), (Some(date(2021, 4, 5)), Some(date(2021, 4, 12))));
    assert_eq!(page[1].signals, ["RJ"]);
    let page = test.database.programs(Some("NOVA"), 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.program_code.as_str()).collect::<Vec<_>>(), ["ZULU"]);
    // What no longer counts is not listed, and does not end the list.
    test.import("more.csv", 4, &audience(&[])).await;
    assert_eq!(test.database.programs(None, 1).await.unwrap()[0].program_code, "NOVA");
}

/// Whatever happens to uploads, the list says what the rows that count say.
#[tokio::test]
async fn the_list_of_programs_agrees_with_the_rows() {
    let test = TestDatabase::create().await;
    let file = |rows: &[(&str, &str, u8)]| {
        let rows = rows
            .iter()
            .map(|(signal, code, day)| format!("{signal},{code},2021-03-{day:02},2021-03-{day:02}T10:00:00Z,1\n"));
        "signal,program_code,exhibition_date,program_start_time,average_audience\n".to_owned()
            + &rows.collect::<String>()
    };
    test.import("a.csv", 1, &file(&[("RJ", "NOVA", 3), ("SP1", "NOVA", 9), ("RJ", "ALFA", 5)])).await;
    assert_eq!(agreed(&test).await, 2);
    // The same rows and more in another file, then a version without the first program, then one in pieces.
    test.import("b.csv", 2, &file(&[("RJ", "NOVA", 3), ("RJ", "NOVA", 20), ("DF", "BETA", 1)])).await;
    assert_eq!(agreed(&test).await, 3);
    test.import("a.csv", 3, &file(&[("SP1", "NOVA", 9)])).await;
    assert_eq!(agreed(&test).await, 2);
    test.import("slots.csv", 4, &availability(&SLOTS)).await;
    let importer = test.another();
    let mut client = importer.client().await.unwrap();
    let mut import = work(&mut client, &object("pieces.csv", 5)).await;
    let text = file(&[("BH", "NOVA", 1), ("BH", "NOVA", 30), ("BH", "ZULU", 7), ("BH", "NOVA", 2)]);
    let (mut rows, mut reader) = (import.rows(&LIMITS), Reader::new());
    for half in [&text.as_bytes()[..130], &text.as_bytes()[130..]] {
        reader.feed(half, &mut rows).unwrap();
        let place = reader.checkpoint().unwrap();
        import.piece(&mut client).await.unwrap().commit(&mut import, place, &mut rows).await.unwrap();
    }
    assert_eq!(agreed(&test).await, 2, "what is being read does not count");
    let end = reader.finish(&mut rows).unwrap();
    let piece = import.piece(&mut client).await.unwrap();
    piece.finish(&import, &end, &mut rows, &LIMITS).await.unwrap();
    assert_eq!(agreed(&test).await, 3);
    test.database.revert(import.id, Timestamp::now()).await.unwrap();
    assert_eq!(agreed(&test).await, 2);
    let dry = Object { dry_run: true, ..object("dry.csv", 6) };
    test.import_object(&dry, &file(&[("RJ", "DRY", 1)])).await;
    assert_eq!(agreed(&test).await, 2);
    let noted = "SELECT count(*) FROM upload_program WHERE program_code = 'DRY'";
    assert_eq!(test.count(noted).await, 0, "what is deleted leaves nothing behind");
}

/// How many programs are listed, after comparing them with the rows.
async fn agreed(test: &TestDatabase) -> usize {
    let counted = "
        SELECT program_code, array_agg(DISTINCT signal ORDER BY signal), min(shown), max(shown), min(slot), max(slot)
        FROM (
            SELECT program_code, signal, exhibition_date AS shown, NULL::date AS slot FROM current_exhibition
            UNION ALL SELECT program_code, signal, NULL, day FROM current_slot
        ) AS counts GROUP BY program_code ORDER BY program_code";
    let rows = test.owner().await.query(counted, &[]).await.unwrap();
    let expected = rows.iter().map(|row| ProgramRow {
        program_code: row.get(0),
        signals: row.get(1),
        first_day: row.get(2),
        last_day: row.get(3),
        first_slot_day: row.get(4),
        last_slot_day: row.get(5),
    });
    let listed = test.database.programs(None, 100).await.unwrap();
    assert_eq!(listed, expected.collect::<Vec<_>>());
    listed.len()
}

#[tokio::test]
async fn people_query_the_table_that_they_know() {
    let test = example().await;
    let rows = test
        .owner()
        .await
        .query("SELECT weekday, available_time, predicted_audience FROM program_data ORDER BY id", &[])
        .await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 10, "one a slot and exhibition");
    assert!(rows.iter().all(|row| row.get::<_, &str>(0) == "Monday"));
    let mut predictions: Vec<f64> = rows.iter().map(|row| row.get(2)).collect();
    predictions.sort_by(f64::total_cmp);
    assert_eq!(predictions, [100.0, 100.0, 200.0, 200.0, 200.0, 200.0, 250.0, 250.0, 350.0, 350.0]);
}
