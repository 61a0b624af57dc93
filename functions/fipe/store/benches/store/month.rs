//! A month of FIPE's size as messages: 48,000 prices of 12,000 models, in batches of ten messages with 1,000 prices.

use std::time::{Duration, Instant};

use fipe_core::message::{Brand, Calls, Crawl, Load, Model, ModelPrices, Price, YearFuel};
use fipe_store::write;
use function_postgres::Client;
use rust_decimal::Decimal;
use uuid::Uuid;

const BATCHES: usize = 48;
const MESSAGES: usize = 10;
const MODELS: usize = 25;
const YEARS: usize = 4;
pub(crate) const PRICES: usize = BATCHES * MESSAGES * MODELS * YEARS;

/// Establishes this many months from January 2001 on, the first as reference 1.
pub(crate) async fn establish(client: &Client, months: i32) {
    let sql = "SELECT fipe_establish_references(array_agg(n), array_agg((date '2000-12-01' + make_interval(months => n))::date))
        FROM generate_series(1, $1::integer) AS n";
    client.execute(sql, &[&months]).await.expect("establish the months");
}

/// The first crawl of reference `code`, which is the month that many months after December 2000.
pub(crate) fn crawl(code: i32) -> Crawl {
    let month = format!("{}-{:02}", 2001 + (code - 1) / 12, 1 + (code - 1) % 12).parse().expect("a month");
    Crawl { id: Uuid::from_u128(code as u128), reference_code: code, month, started_at: jiff::Timestamp::UNIX_EPOCH }
}

/// The code with this number: one of the ten check digits is right.
fn fipe_code(number: usize) -> String {
    let codes = (0..10).map(|digit| format!("{number:06}-{digit}"));
    codes.into_iter().find(|code| fipe_core::is_fipe_code(code)).expect("a check digit")
}

/// Batches of messages; `change` is added to each price.
pub(crate) fn month(crawl: &Crawl, change: i64) -> Vec<Vec<Load>> {
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

pub(crate) fn manifests(crawl: &Crawl) -> Vec<Load> {
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

pub(crate) async fn store(client: &mut Client, batches: &[Vec<Load>]) -> Duration {
    let started = Instant::now();
    for batch in batches {
        write(&mut *client, &batch.iter().collect::<Vec<_>>()).await.expect("store a batch");
    }
    started.elapsed()
}
