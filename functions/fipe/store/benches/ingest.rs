//! Measures the ingestor's writes: from decoded messages to committed rows in a local PostgreSQL, 1,000 prices per batch,
//! `synchronous_commit` off and otherwise PostgreSQL's defaults, on the one pooled connection that a function has.
//!
//! Prints the median of the rounds next to the rate of one plain `COPY` of the same rows, which is the limit, and the time of
//! a completeness check and a status query of that month. Exits 1 below 60,000 new or 45,000 changed prices per second.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::path::Path;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fipe_core::message::{Brand, Calls, Crawl, Load, Model, ModelPrices, Price, YearFuel};
use fipe_store::{Settled, settle, status, write};
use function_postgres::migrations::{Migration, apply};
use function_postgres::{Client, Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use rust_decimal::Decimal;
use test_postgres::{OWNER, OWNER_PASSWORD, Server};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

const ROUNDS: i32 = 5;
/// A month of FIPE's size: 48,000 prices of 12,000 models, in batches of ten messages.
const BATCHES: usize = 48;
const MESSAGES: usize = 10;
const MODELS: usize = 25;
const YEARS: usize = 4;
const PRICES: usize = BATCHES * MESSAGES * MODELS * YEARS;

struct Owner;

impl SecretSource for Owner {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: OWNER.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let server = Server::start(&[("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "off")]);
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: server.port(),
        database: "postgres".to_owned(),
        tls: Tls::Disable,
        application_name: "bench".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    let pool = Pool::new(endpoint, None, Arc::new(Owner));
    let mut client = pool.get().await.expect("connect");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/fipe");
    apply(&mut client, &Migration::read_folder(&folder).expect("read sql/fipe")).await.expect("apply sql/fipe");
    let months = "SELECT fipe_establish_references(array_agg(330 + n), array_agg(make_date(2026, n, 1))) FROM generate_series(1, 12) AS n";
    client.batch_execute(months).await.expect("establish the months");
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
        let counted = status(&mut client, Some(crawl.id)).await.expect("ask").expect("a crawl");
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
    println!(
        "completeness of a month, with its notification       {:>8.1} ms",
        median(&mut checks).as_secs_f64() * 1e3
    );
    println!(
        "status of a month                                    {:>8.1} ms",
        median(&mut statuses).as_secs_f64() * 1e3
    );
    if fast_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn crawl(round: i32) -> Crawl {
    let month = format!("2026-{round:02}").parse().expect("a month");
    Crawl {
        id: Uuid::from_u128(round as u128),
        reference_code: 330 + round,
        month,
        started_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// The code with this number: one of the ten check digits is right.
fn fipe_code(number: usize) -> String {
    let codes = (0..10).map(|digit| format!("{number:06}-{digit}"));
    codes.into_iter().find(|code| fipe_core::is_fipe_code(code)).expect("a check digit")
}

/// Batches of messages; `change` is added to each price.
fn month(crawl: &Crawl, change: i64) -> Vec<Vec<Load>> {
    let price = |model: usize, year: usize| Price {
        year_fuel: YearFuel::new(2000 + year as i32, 1).expect("a year and fuel"),
        fuel: "Gasolina".to_owned(),
        fipe_code: fipe_code(model / 3),
        price: Decimal::new((model * 7 + year * 1_000 + 10_000) as i64 * 100 + change * 100, 2),
    };
    let model = |code: usize| {
        let prices: Vec<Price> = (0..YEARS).map(|year| price(code, year)).collect();
        let expected = Some(prices.iter().map(|price| price.year_fuel).collect());
        let calls = Calls { made: 5, retried: 0 };
        ModelPrices { code: code as i32, expected, prices, without_price: Vec::new(), calls }
    };
    let message =
        |first: usize| Load::Prices { crawl: crawl.clone(), models: (first..first + MODELS).map(model).collect() };
    let batch = |batch: usize| (0..MESSAGES).map(|n| message((batch * MESSAGES + n) * MODELS)).collect();
    (0..BATCHES).map(batch).collect()
}

fn manifests(crawl: &Crawl) -> Vec<Load> {
    let brand = Brand { code: "1".to_owned(), name: "Brand".to_owned() };
    let brands =
        |vehicle_type, brands| Load::Brands { crawl: crawl.clone(), vehicle_type, brands, calls: Calls::default() };
    let model = |code| Model { code, name: format!("Model {code}") };
    let models = (0..(PRICES / YEARS) as i32).map(model).collect();
    vec![
        brands(1, vec![brand.clone()]),
        brands(2, Vec::new()),
        brands(3, Vec::new()),
        Load::Models { crawl: crawl.clone(), vehicle_type: 1, brand, models, calls: Calls::default() },
    ]
}

async fn store(client: &mut Client, batches: &[Vec<Load>]) -> Duration {
    let started = Instant::now();
    for batch in batches {
        write(&mut *client, &batch.iter().collect::<Vec<_>>()).await.expect("store a batch");
    }
    started.elapsed()
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

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn rate(times: &mut [Duration]) -> f64 {
    PRICES as f64 / median(times).as_secs_f64()
}
