//! Writing batches.

use fipe_core::message::{Load, YearFuel};
use fipe_store::{Error, write};
use function_postgres::Client;
use rust_decimal::Decimal;

use crate::support::{Database, brands, crawl, model, models, prices, references};

/// Every row of every table with the transactions that made and last locked it.
async fn everything(database: &Database) -> Vec<String> {
    let owner = database.owner().await;
    let mut rows = Vec::new();
    for table in [
        "fipe_reference_month",
        "fipe_vehicle_manufacturer",
        "fipe_vehicle_model",
        "fipe_fuel",
        "fipe_vehicle_model_value",
        "fipe_crawl",
        "fipe_crawl_vehicle_type",
        "fipe_crawl_brand",
        "fipe_crawl_model",
        "fipe_crawl_result",
    ] {
        let all = format!("SELECT '{table} ' || t.xmin || ' ' || t.ctid || ' ' || t FROM {table} AS t ORDER BY 1");
        rows.extend(owner.query(&all, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    rows
}

async fn prices_of(database: &Database, month: &str) -> Vec<String> {
    let owner = database.owner().await;
    let sql =
        "SELECT concat_ws('|', vehicle_type, brand_code, brand_name, model_code, model_name, model_year, fuel_code,
            fuel, fipe_code, price)
        FROM fipe_prices WHERE reference_month = $1::text::date ORDER BY model_code, model_year, fuel_code";
    owner.query(sql, &[&month]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn batch(crawl: &fipe_core::message::Crawl) -> [Load; 3] {
    [
        brands(crawl, 1, &[("25", "Hyundai"), ("3", "Agrale")]),
        models(crawl, 1, "25", "Hyundai", &[(7, "HB20  1.0\u{a0}"), (8, "i30")]),
        prices(
            crawl,
            vec![
                model(
                    7,
                    Some(&["32000-1", "2014-1", "2013-3"]),
                    &[("2014-1", "39225.00"), ("32000-1", "50000")],
                    &["2013-3"],
                ),
                model(8, Some(&[]), &[], &[]),
            ],
        ),
    ]
}

async fn store(client: &mut Client, loads: &[Load]) -> Result<(), Error> {
    write(&mut *client, &loads.iter().collect::<Vec<_>>()).await
}

#[tokio::test]
async fn a_batch_becomes_one_row_a_price() {
    let database = Database::create().await;
    store(&mut database.connect().await, &batch(&crawl(1))).await.unwrap();
    assert_eq!(
        prices_of(&database, "2026-08-01").await,
        [
            "1|25|Hyundai|7|HB20  1.0\u{a0}|2014|1|Gasolina|015069-0|39225.00",
            "1|25|Hyundai|7|HB20  1.0\u{a0}|32000|1|Gasolina|015069-0|50000.00",
        ]
    );
}

#[tokio::test]
async fn a_redelivered_price_changes_nothing() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    let batch = batch(&crawl(1));
    store(&mut client, &batch).await.unwrap();
    let before = everything(&database).await;
    assert_eq!(before.len(), 28 + 2 + 2 + 1 + 2 + 1 + 1 + 1 + 2);
    store(&mut client, &batch).await.unwrap();
    for load in &batch {
        store(&mut client, std::slice::from_ref(load)).await.unwrap();
    }
    assert_eq!(everything(&database).await, before);
}

#[tokio::test]
async fn an_old_crawl_never_overwrites_what_a_newer_one_stored_or_confirmed() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    let told = |id, name: &str, fuel: &str, amount: &str| {
        let mut prices = model(7, Some(&["2014-1"]), &[("2014-1", amount)], &[]);
        prices.prices[0].fuel = fuel.to_owned();
        let crawl = crawl(id);
        [
            brands(&crawl, 1, &[("25", name)]),
            models(&crawl, 1, "25", name, &[(7, name)]),
            super::support::prices(&crawl, vec![prices]),
        ]
    };
    let newer = "1|25|New|7|New|2014|1|New fuel|015069-0|2.00";
    store(&mut client, &told(1, "New", "New fuel", "2")).await.unwrap();
    // Confirming is enough: what the crawl between them says is older.
    store(&mut client, &told(3, "New", "New fuel", "2")).await.unwrap();
    store(&mut client, &told(2, "Old", "Old fuel", "1")).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await, [newer]);
    // In one batch too, whatever the order.
    let both: Vec<Load> = told(5, "New", "New fuel", "2").into_iter().chain(told(4, "Old", "Old fuel", "1")).collect();
    store(&mut client, &both).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await, [newer]);
    store(&mut client, &told(6, "Newer", "Fuel", "3")).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await, ["1|25|Newer|7|Newer|2014|1|Fuel|015069-0|3.00"]);
}

#[tokio::test]
async fn only_fipes_own_table_establishes_a_month_and_mends_a_wrong_one() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    let mut october = crawl(1);
    (october.reference_code, october.month) = (338, "2026-10".parse().unwrap());
    let load = prices(&october, vec![model(7, Some(&["2014-1"]), &[("2014-1", "5")], &[])]);
    let error = store(&mut client, std::slice::from_ref(&load)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "reference 338 (2026-10) is not in FIPE's table of references yet; each crawl brings the table"
    );
    assert!(error.is_of_single_messages() && !error.is_the_messages_fault(), "it waits: {error:?}");

    // Somebody established October wrongly, under a code of its own and under the code of another month.
    let wrong = "INSERT INTO fipe_reference_month VALUES (400, '2026-10-01'), (338, '2026-11-01')";
    database.owner().await.batch_execute(wrong).await.unwrap();
    let error = store(&mut client, std::slice::from_ref(&load)).await.unwrap_err();
    assert!(error.is_the_messages_fault(), "{error:?}");
    assert!(client.batch_execute("INSERT INTO fipe_reference_month VALUES (401, '2027-01-01')").await.is_err());

    let table = references(&october, &[(338, "2026-10".to_owned()), (336, "2026-08".to_owned())]);
    store(&mut client, &[table.clone(), load]).await.unwrap();
    assert_eq!(prices_of(&database, "2026-10-01").await.len(), 1);
    let before = everything(&database).await;
    store(&mut client, &[table]).await.unwrap();
    assert_eq!(everything(&database).await, before, "the same table again changes no row");
    let sql = "SELECT count(*) FROM fipe_reference_month WHERE reference_code IN (335, 336, 338, 400)";
    let known: i64 = database.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(known, 3, "what the table does not mention stays, what contradicts it goes");
}

#[tokio::test]
async fn the_same_month_crawled_again_changes_no_price() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    let before = prices_of(&database, "2026-08-01").await;
    store(&mut client, &batch(&crawl(2))).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await, before);
}

#[tokio::test]
async fn a_changed_price_updates_its_row_alone() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    let before = everything(&database).await;
    let changed = prices(&crawl(1), vec![model(7, None, &[("2014-1", "39226"), ("32000-1", "50000.0")], &[])]);
    store(&mut client, &[changed]).await.unwrap();
    let after = everything(&database).await;
    assert_eq!(after.iter().filter(|row| !before.contains(row)).count(), 1, "{after:?}");
    assert!(prices_of(&database, "2026-08-01").await[0].ends_with("|39226.00"));
}

#[tokio::test]
async fn history_by_month_is_kept_with_the_names_of_each_month() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    let mut september = crawl(2);
    (september.reference_code, september.month) = (337, "2026-09".parse().unwrap());
    let loads = [
        models(&september, 1, "25", "HYUNDAI", &[(7, "HB20")]),
        prices(&september, vec![model(7, Some(&["2014-1"]), &[("2014-1", "39000")], &[])]),
    ];
    store(&mut client, &loads).await.unwrap();
    let old = prices_of(&database, "2026-08-01").await;
    assert_eq!(old[0], "1|25|Hyundai|7|HB20  1.0\u{a0}|2014|1|Gasolina|015069-0|39225.00");
    assert_eq!(prices_of(&database, "2026-09-01").await, ["1|25|HYUNDAI|7|HB20|2014|1|Gasolina|015069-0|39000.00"]);
}

#[tokio::test]
async fn the_same_price_twice_in_a_batch_is_one_row_with_the_later_value() {
    let database = Database::create().await;
    let first = prices(&crawl(1), vec![model(7, Some(&["2014-1"]), &[("2014-1", "1")], &[])]);
    let second = prices(&crawl(1), vec![model(7, None, &[("2014-1", "2")], &[])]);
    store(&mut database.connect().await, &[first.clone(), second, first.clone(), first]).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await, ["7|2014|1|Gasolina|015069-0|1.00"]);
}

#[tokio::test]
async fn a_price_shows_before_its_model_is_known() {
    let database = Database::create().await;
    let [brands, models, prices] = batch(&crawl(1));
    let mut client = database.connect().await;
    store(&mut client, &[prices]).await.unwrap();
    assert_eq!(prices_of(&database, "2026-08-01").await[0], "7|2014|1|Gasolina|015069-0|39225.00");
    store(&mut client, &[models]).await.unwrap();
    store(&mut client, &[brands]).await.unwrap();
    assert!(prices_of(&database, "2026-08-01").await[0].starts_with("1|25|Hyundai|7|"));
}

#[tokio::test]
async fn concurrent_batches_over_the_same_rows_do_not_deadlock() {
    let database = Database::create().await;
    let months: Vec<(i32, Vec<String>)> =
        (0..200).map(|code| (code, (1980..1990).map(|year| format!("{year}-1")).collect())).collect();
    let load = |amount: &str, reversed: bool| {
        let mut models: Vec<_> = months
            .iter()
            .map(|(code, pairs)| {
                let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
                let priced: Vec<(&str, &str)> = pairs.iter().map(|pair| (*pair, amount)).collect();
                model(*code, Some(&pairs), &priced, &[])
            })
            .collect();
        if reversed {
            models.reverse();
        }
        prices(&crawl(1), models)
    };
    let write_often = async |amount: &str, reversed: bool| {
        let mut client = database.connect().await;
        for round in 1..6 {
            store(&mut client, &[load(&format!("{amount}{round}"), reversed)]).await.unwrap();
        }
    };
    tokio::join!(write_often("1", false), write_often("2", true), write_often("3", false), write_often("4", true));
    assert_eq!(prices_of(&database, "2026-08-01").await.len(), 2_000);
}

#[tokio::test]
async fn a_failed_batch_leaves_nothing_behind() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    let before = everything(&database).await;
    let good = prices(&crawl(1), vec![model(9, Some(&["2014-1"]), &[("2014-1", "5")], &[])]);
    // Another month than that of the reference: only the database can know.
    let mut other = crawl(3);
    other.month = "2026-07".parse().unwrap();
    let bad = prices(&other, vec![model(9, Some(&["2014-1"]), &[("2014-1", "5")], &[])]);
    let error = store(&mut client, &[good, bad]).await.unwrap_err();
    assert!(matches!(error, Error::OtherMonth { .. }) && error.is_the_messages_fault(), "{error:?}");
    assert_eq!(everything(&database).await, before);
}

#[tokio::test]
async fn a_message_that_can_never_be_stored_says_why() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    let before = everything(&database).await;

    let mut other_month = crawl(1);
    (other_month.reference_code, other_month.month) = (335, "2026-07".parse().unwrap());
    let mut code = model(7, None, &[("2014-1", "5")], &[]);
    code.prices[0].fipe_code = "15069-0".to_owned();
    let mut thirds = model(7, None, &[("2014-1", "5")], &[]);
    thirds.prices[0].price = Decimal::new(10_001, 3);
    let poison = [
        (
            prices(&other_month, vec![]),
            "crawl 00000000-0000-0000-0000-000000000001 says reference 335 of 2026-07, but it, or the reference, is known otherwise",
        ),
        (brands(&crawl(1), 4, &[("25", "Hyundai")]), "vehicle type 4 is none of 1 car, 2 motorcycle, 3 truck"),
        (
            brands(&crawl(1), 1, &[("25", "Hyun\0dai")]),
            "text \"Hyun\\0dai\" is empty, holds a NUL character or was decoded twice",
        ),
        (
            brands(&crawl(1), 1, &[("25", "CitroÃ«n")]),
            "text \"CitroÃ«n\" is empty, holds a NUL character or was decoded twice",
        ),
        (models(&crawl(1), 1, "", "Hyundai", &[]), "text \"\" is empty, holds a NUL character or was decoded twice"),
        (prices(&crawl(1), vec![code]), "fipe code \"15069-0\" of model 7 is not NNNNNN-D with its check digit"),
        (
            prices(&crawl(1), vec![thirds]),
            "price 10.001 of model 7 year 2014-1 is not an amount above 0 and below 10^10 with at most two places",
        ),
        (
            prices(&crawl(1), vec![model(7, None, &[("2014-1", "0")], &[])]),
            "price 0 of model 7 year 2014-1 is not an amount above 0 and below 10^10 with at most two places",
        ),
        (
            prices(&crawl(1), vec![model(7, None, &[("2014-1", "10000000000")], &[])]),
            "price 10000000000 of model 7 year 2014-1 is not an amount above 0 and below 10^10 with at most two places",
        ),
        (
            prices(&crawl(1), vec![model(7, Some(&["2014-1"]), &[], &["2015-1"])]),
            "model 7 has an answer for year 2015-1, which its own message does not expect",
        ),
    ];
    for (load, reason) in poison {
        let error = store(&mut client, &[load]).await.unwrap_err();
        assert_eq!(error.to_string(), reason);
        assert!(error.is_the_messages_fault());
    }
    assert_eq!(everything(&database).await, before);
}

#[tokio::test]
async fn a_fault_of_the_set_up_is_not_the_messages_fault() {
    let database = Database::create().await;
    database.owner().await.batch_execute("REVOKE INSERT ON fipe_vehicle_model_value FROM fipe_app").await.unwrap();
    let error = store(&mut database.connect().await, &batch(&crawl(1))).await.unwrap_err();
    assert!(matches!(&error, Error::Database(source) if source.code().unwrap().code() == "42501"), "{error:?}");
    assert!(!error.is_the_messages_fault());
}

#[tokio::test]
async fn the_application_role_can_do_no_more_than_it_needs() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    store(&mut client, &batch(&crawl(1))).await.unwrap();
    for statement in [
        "CREATE TABLE mine ()",
        "DROP TABLE fipe_vehicle_model_value",
        "DELETE FROM fipe_vehicle_model_value",
        "TRUNCATE fipe_vehicle_model_value",
        "UPDATE fipe_reference_month SET month = '2026-01-01'",
        "UPDATE fipe_crawl SET started_at = now()",
        "UPDATE fipe_crawl_result SET prices = 0",
        "DELETE FROM fipe_crawl_result",
        "SELECT * FROM schema_migration",
        "ALTER TABLE fipe_vehicle_model_value ADD mine text",
    ] {
        let error = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("42501"), "{statement}");
    }
}

#[tokio::test]
async fn a_pair_that_a_model_lists_for_zero_km_keeps_its_year() {
    let zero_km: YearFuel = "32000-99".parse().unwrap();
    let database = Database::create().await;
    let load = prices(&crawl(1), vec![model(7, Some(&["32000-99"]), &[("32000-99", "1")], &[])]);
    store(&mut database.connect().await, &[load]).await.unwrap();
    let row = database.owner().await.query_one("SELECT model_year, fuel_code FROM fipe_prices", &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (zero_km.model_year, i32::from(zero_km.fuel_code)));
}

/// Two batches that lock rows in different orders would wait for each other.
#[tokio::test]
async fn months_are_locked_in_key_order_whatever_the_order_of_the_crawls() {
    let database = Database::create().await;
    let (mut holder, other) = (database.owner().await, database.owner().await);
    let held = holder.transaction().await.unwrap();
    held.batch_execute("INSERT INTO fipe_reference_month VALUES (400, '2031-12-01')").await.unwrap();

    // FIPE lists the newest month first.
    let loads = [references(&crawl(1), &[(401, "2032-01".to_owned()), (400, "2031-12".to_owned())])];
    let mut client = database.connect().await;
    let writing = tokio::spawn(async move { store(&mut client, &loads).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while other.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let later = "SET lock_timeout = '1s'; INSERT INTO fipe_reference_month VALUES (401, '2032-01-01')";
    other.batch_execute(later).await.expect("whoever waits for the first row has not locked the second");
    held.rollback().await.unwrap();
    writing.await.unwrap().unwrap();
}
