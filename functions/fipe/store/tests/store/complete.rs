//! When a crawl is complete, and when the notification is sent.

use std::cell::Cell;

use fipe_core::message::{Crawl, Load};
use fipe_store::{CrawlStatus, Error, Settled, Which, settle, status, write};
use function_postgres::Client;

use crate::support::{Database, brands, crawl, model, models, prices};

/// A whole crawl in its smallest messages, each once.
fn parts(crawl: &Crawl) -> Vec<Load> {
    vec![
        brands(crawl, 1, &[("25", "Hyundai"), ("3", "Agrale")]),
        brands(crawl, 2, &[("80", "Honda")]),
        brands(crawl, 3, &[]),
        models(crawl, 1, "25", "Hyundai", &[(7, "HB20"), (8, "i30")]),
        models(crawl, 1, "3", "Agrale", &[]),
        models(crawl, 2, "80", "Honda", &[(9, "CG 160")]),
        prices(crawl, vec![model(7, Some(&["2014-1", "2013-1", "2012-3"]), &[("2014-1", "39225.00")], &[])]),
        prices(crawl, vec![model(7, None, &[("2013-1", "37000.00")], &[])]),
        prices(crawl, vec![model(7, None, &[], &["2012-3"])]),
        prices(crawl, vec![model(8, Some(&[]), &[], &[])]),
        prices(crawl, vec![model(9, Some(&["2020-1"]), &[], &["2020-1"])]),
    ]
}

async fn tell_nobody(_: &CrawlStatus) -> Result<(), fipe_store::BoxError> {
    Ok(())
}

async fn store(client: &mut Client, load: &Load) {
    write(&mut *client, &[load]).await.unwrap();
}

async fn missing(database: &Database) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', what, vehicle_type, brand_code, model_code, year_code) FROM fipe_crawl_missing ORDER BY 1";
    database.owner().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_crawl_is_complete_with_its_last_part_whichever_that_is() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for last in 0..parts(&crawl(0)).len() {
        let crawl = crawl(last as u128);
        // Each crawl is of its own month, so that no row of another can help it.
        let crawl = Crawl { reference_code: last as i32, month: format!("20{last:02}-01").parse().unwrap(), ..crawl };
        let mut parts = parts(&crawl);
        let last = parts.remove(last);
        let middle = parts.len() / 2;
        parts.rotate_left(middle);
        parts.reverse();
        for part in &parts {
            store(&mut client, part).await;
            assert_eq!(
                settle(&mut client, crawl.id, tell_nobody).await.unwrap(),
                Settled::Incomplete,
                "without {last:?}"
            );
        }
        store(&mut client, &last).await;
        assert_eq!(settle(&mut client, crawl.id, tell_nobody).await.unwrap(), Settled::Notified, "with {last:?}");
    }
}

#[tokio::test]
async fn what_is_missing_is_listed() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    let parts = parts(&crawl(1));
    store(&mut client, &parts[0]).await;
    assert_eq!(missing(&database).await, ["brand 1 25", "brand 1 3", "vehicle type 2", "vehicle type 3"]);
    for part in [1, 2, 3, 4, 5, 6] {
        store(&mut client, &parts[part]).await;
    }
    assert_eq!(missing(&database).await, ["model 25 8", "model 80 9", "price 7 2012-3", "price 7 2013-1"]);
    let sql = "SELECT concat_ws(' ', brands_expected, brands_loaded, brands_missing, models_expected, models_loaded,
            models_missing, prices_expected, prices_loaded, prices_absent, prices_missing, calls, retries)
        FROM fipe_crawl_completeness";
    let counts: String = database.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(counts, "3 3 0 3 1 2 3 1 0 2 12 4");
    for part in [7, 8, 9, 10] {
        store(&mut client, &parts[part]).await;
    }
    assert_eq!(missing(&database).await, Vec::<String>::new());
    let counts: String = database.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(counts, "3 3 0 3 3 0 4 2 2 0 18 6");
}

#[tokio::test]
async fn a_price_of_an_earlier_crawl_does_not_complete_a_later_one() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    let again = parts(&crawl(2));
    for part in again.iter().filter(|part| **part != again[7]) {
        store(&mut client, part).await;
    }
    assert_eq!(missing(&database).await, ["price 7 2013-1"]);
}

#[tokio::test]
async fn a_price_that_was_deleted_is_missing() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    database.owner().await.batch_execute("DELETE FROM fipe_vehicle_model_value WHERE model_year = 2013").await.unwrap();
    assert_eq!(missing(&database).await, ["price 7 2013-1"]);
    assert_eq!(settle(&mut client, crawl(1).id, tell_nobody).await.unwrap(), Settled::Incomplete);
    store(&mut client, &parts(&crawl(1))[7]).await;
    assert_eq!(settle(&mut client, crawl(1).id, tell_nobody).await.unwrap(), Settled::Notified);
}

#[tokio::test]
async fn a_complete_crawl_is_told_once() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    let told = Cell::new(0);
    let tell = async |status: &CrawlStatus| {
        told.set(told.get() + 1);
        assert!(status.completed_at.is_some());
        Ok(())
    };
    assert_eq!(settle(&mut client, crawl(1).id, tell).await.unwrap(), Settled::Notified);
    assert_eq!(settle(&mut client, crawl(1).id, tell).await.unwrap(), Settled::ByOther);
    store(&mut client, &parts(&crawl(1))[7]).await;
    assert_eq!(settle(&mut client, crawl(1).id, tell).await.unwrap(), Settled::ByOther);
    assert_eq!(told.get(), 1);
}

#[tokio::test]
async fn what_a_complete_crawl_loaded_stays_whatever_arrives_later() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    let told = Cell::new(None);
    let tell = async |status: &CrawlStatus| {
        told.set(Some(status.clone()));
        Ok(())
    };
    assert_eq!(settle(&mut client, crawl(1).id, tell).await.unwrap(), Settled::Notified);
    let complete = told.take().expect("it was told");
    let total = complete.total();
    assert_eq!((total.brands_loaded, total.models_loaded, total.prices_loaded, total.prices_absent), (3, 3, 2, 2));
    assert_eq!((total.brands_expected, total.models_expected, total.prices_expected), (3, 3, 4));
    assert_eq!((complete.calls, complete.retries), (18, 6));

    // A redelivery, manifests that were sent late and say more, and a later crawl of the same month that is not complete.
    let late = [
        parts(&crawl(1)).swap_remove(6),
        brands(&crawl(1), 1, &[("25", "Hyundai"), ("4", "Late")]),
        models(&crawl(1), 2, "80", "Honda", &[(9, "CG 160"), (10, "Late")]),
        prices(&crawl(1), vec![model(8, Some(&["2024-1"]), &[], &[])]),
        prices(&crawl(2), vec![model(7, Some(&["2014-1"]), &[], &["2014-1"])]),
        brands(&crawl(2), 1, &[("25", "Hyundai")]),
    ];
    for load in &late {
        store(&mut client, load).await;
    }
    assert_eq!(settle(&mut client, crawl(1).id, tell_nobody).await.unwrap(), Settled::ByOther);
    assert_eq!(status(&mut client, Which::Crawl(crawl(1).id)).await.unwrap(), Some(complete));
    let counts =
        "SELECT concat_ws(' ', brands_expected, brands_missing, models_expected, models_missing, prices_expected,
            prices_loaded, prices_absent, prices_missing, calls, retries)
        FROM fipe_crawl_completeness ORDER BY started_at";
    let counts: Vec<String> =
        database.owner().await.query(counts, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(counts, ["3 0 3 0 4 2 2 0 18 6", "1 1 0 0 0 0 0 0 1 0"]);
    assert_eq!(missing(&database).await, ["brand 1 25", "vehicle type 2", "vehicle type 3"], "of the later crawl");
}

#[tokio::test]
async fn crawls_that_were_complete_before_counts_were_frozen_keep_theirs() {
    let database = Database::create_until("0007").await;
    let months = "SELECT fipe_establish_references('{336}', '{2026-08-01}')";
    database.owner().await.batch_execute(months).await.unwrap();
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    store(&mut client, &parts(&crawl(2))[0]).await;
    let before = [1, 2].map(|id| crawl(id).id);
    let complete = "UPDATE fipe_crawl SET completed_at = now() WHERE crawl_id = $1";
    database.owner().await.execute(complete, &[&before[0]]).await.unwrap();
    let counted = [
        status(&mut client, Which::Crawl(before[0])).await.unwrap(),
        status(&mut client, Which::Crawl(before[1])).await.unwrap(),
    ];
    database.migrate("9999").await;
    store(&mut client, &brands(&crawl(1), 3, &[("5", "Late")])).await;
    let kept = [
        status(&mut client, Which::Crawl(before[0])).await.unwrap(),
        status(&mut client, Which::Crawl(before[1])).await.unwrap(),
    ];
    assert_eq!(kept, counted);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    for part in parts(&crawl(1)) {
        store(&mut client, &part).await;
    }
    let error = settle(&mut client, crawl(1).id, async |_| Err("the topic is away".into())).await.unwrap_err();
    assert!(matches!(error, Error::Notify { .. }) && !error.is_the_messages_fault(), "{error:?}");
    assert_eq!(settle(&mut client, crawl(1).id, tell_nobody).await.unwrap(), Settled::Notified);
}

#[tokio::test]
async fn two_that_finish_at_once_tell_it_once() {
    let database = Database::create().await;
    let told = Cell::new(0);
    for id in 1..=20 {
        let crawl = crawl(id);
        let parts = parts(&crawl);
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        for part in &parts[2..] {
            store(&mut first, part).await;
        }
        let finish = async |client: &mut Client, part: &Load| {
            store(client, part).await;
            let tell = async |_: &CrawlStatus| {
                told.set(told.get() + 1);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                Ok(())
            };
            settle(client, crawl.id, tell).await.unwrap()
        };
        let settled = tokio::join!(finish(&mut first, &parts[0]), finish(&mut second, &parts[1]));
        assert!(settled.0 == Settled::Notified || settled.1 == Settled::Notified, "{settled:?}");
        assert_eq!(told.get(), id);
    }
}

#[tokio::test]
async fn a_crawl_nobody_knows_is_not_complete() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    assert_eq!(settle(&mut client, crawl(1).id, tell_nobody).await.unwrap(), Settled::Incomplete);
}
