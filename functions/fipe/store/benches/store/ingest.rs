//! The ingestor's writes: from decoded messages to committed rows, 1,000 prices per batch.
//!
//! Prints the median of the rounds next to the rate of one plain `COPY` of the same rows, which is the limit, and the time of
//! a completeness check and a status query of that month. At least 60,000 new and 45,000 changed prices per second.

use std::pin::pin;
use std::time::{Duration, Instant};

use fipe_core::message::{Crawl, Load};
use fipe_store::{Settled, Which, settle, status, write};
use function_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::month::{PRICES, crawl, establish, manifests, month, store};
use crate::{database, median, milliseconds};

const ROUNDS: i32 = 5;

/// Whether every rate is high enough.
pub(crate) async fn measure() -> bool {
    let server = database::start();
    let mut client = database::connect(&server).await;
    database::migrate(&mut client, "9999").await;
    establish(&client, ROUNDS).await;
    client.batch_execute("CREATE TABLE plain (LIKE fipe_vehicle_model_value INCLUDING ALL)").await.expect("create");

    let (mut copied, mut new, mut changed, mut same) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut confirmed = Vec::new();
    let (mut checks, mut statuses) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let crawl = crawl(round);
        let months = [month(&crawl, 0), month(&crawl, 1)];
        copied.push(copy(&client, &months[0]).await);
        new.push(store(&mut client, &months[0]).await);
        changed.push(store(&mut client, &months[1]).await);
        same.push(store(&mut client, &months[1]).await);

        let manifests = manifests(&crawl);
        write(&mut client, &manifests.iter().collect::<Vec<_>>()).await.expect("store the manifests");
        let started = Instant::now();
        let settled = settle(&mut client, crawl.id, async |_| Ok(())).await.expect("settle");
        checks.push(started.elapsed());
        assert_eq!(settled, Settled::Notified, "the month is complete");
        let started = Instant::now();
        let counted = status(&mut client, Which::Crawl(crawl.id)).await.expect("ask").expect("a crawl");
        statuses.push(started.elapsed());
        assert_eq!(counted.by_vehicle_type[0].prices_loaded, PRICES as u64);

        let id = Uuid::from_u128(100 + round as u128);
        let later = Crawl { id, started_at: crawl.started_at + jiff::SignedDuration::from_hours(1), ..crawl };
        confirmed.push(store(&mut client, &month(&later, 1)).await);
    }

    println!("plain COPY of the same rows                          {:>8.0} prices/s", rate(&mut copied));
    let mut fast_enough = true;
    let mut report = |what: &str, times: &mut [Duration], floor: f64| {
        let rate = rate(times);
        fast_enough &= rate >= floor;
        let verdict = if rate >= floor { "ok" } else { "UNDER" };
        println!("{what:<52} {rate:>8.0} prices/s at least {floor:>6.0}  {verdict}");
    };
    report("new prices, stored", &mut new, 60_000.0);
    report("changed prices, stored", &mut changed, 45_000.0);
    report("prices delivered again, nothing to store", &mut same, 45_000.0);
    report("the same prices by a later crawl, confirmed", &mut confirmed, 45_000.0);
    println!("completeness of a month, with its notification       {:>8.1} ms", milliseconds(median(&mut checks)));
    println!("status of a month                                    {:>8.1} ms", milliseconds(median(&mut statuses)));
    fast_enough
}

/// One binary COPY of all rows into a table of the same shape.
async fn copy(client: &Client, batches: &[Vec<Load>]) -> Duration {
    let started = Instant::now();
    let sink = client.copy_in("COPY plain FROM STDIN BINARY").await.expect("begin to copy");
    let types = [Type::INT4, Type::INT4, Type::INT2, Type::INT2, Type::TEXT, Type::NUMERIC, Type::TIMESTAMPTZ];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for load in batches.iter().flatten() {
        let Load::Prices { crawl, models } = load else { continue };
        for (model, price) in models.iter().flat_map(|model| model.prices.iter().map(move |price| (model, price))) {
            let year = price.year_fuel.model_year as i16;
            let fuel = &price.year_fuel.fuel_code;
            let row: [&(dyn ToSql + Sync); 7] =
                [&crawl.reference_code, &model.code, &year, fuel, &price.fipe_code, &price.price, &crawl.started_at];
            writer.as_mut().write(&row).await.expect("copy a row");
        }
    }
    assert_eq!(writer.finish().await.expect("finish the copy"), PRICES as u64);
    started.elapsed()
}

fn rate(times: &mut [Duration]) -> f64 {
    PRICES as f64 / median(times).as_secs_f64()
}
