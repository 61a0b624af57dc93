//! What people ask of many months, before and after the migrations that are for it, in one run over the same rows; and what these cost the
//! ingestor, which writes a month beside them.
//!
//! The months are generated in PostgreSQL in the shape of FIPE's: 11,357 models of 238 brands in the last month and three tenths of them in
//! the first, 4.2 pairs of year and fuel a model, one model in two hundred with 37; 9.4 million prices over 308 months.

use std::time::{Duration, Instant};

use function_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::month::{PRICES, crawl, establish, month, store};
use crate::{database, median, milliseconds};

/// A model of every month with four pairs, and one with 37.
const CODES: [&str; 2] = ["000003-3", "000200-0"];
/// As the view reads, for the schema that does not have it yet.
const WITHOUT_VIEW: &str = "SELECT v.model_year::integer, v.fuel_code::integer, r.month, v.price
    FROM fipe_vehicle_model_value AS v LEFT JOIN fipe_reference_month AS r ON r.reference_code = v.reference_code
    WHERE v.fipe_code = $1 ORDER BY v.model_year, v.fuel_code, r.month";
const HISTORY: &str = "SELECT model_year, fuel_code, reference_month, price FROM fipe_price_history
    WHERE fipe_code = $1 ORDER BY model_year, fuel_code, reference_month";
const COMPLETENESS: &str = "SELECT * FROM fipe_crawl_completeness";

/// The longest that a history, and the completeness of all crawls, may take.
const HISTORY_LIMIT: Duration = Duration::from_millis(50);
const COMPLETENESS_LIMIT: Duration = Duration::from_millis(100);
/// The rate of writing that must be left, as a share of that without the index in the same run.
const LEAST_SHARE: f64 = 0.6;
/// Months written before the migrations, and as many after.
const ROUNDS: i32 = 3;

/// Every model with its pairs, once.
const VEHICLES: &str = "
    CREATE TEMPORARY TABLE vehicle AS
    SELECT model_code, fuel_code, years, lpad(model_code::text, 6, '0') || '-' || model_code % 10 AS fipe_code,
        ARRAY(SELECT (1985 + year) * 100 + fuel_code FROM generate_series(1, years) AS year) AS pairs
    FROM generate_series(1, 11357) AS model_code
    CROSS JOIN LATERAL (
        SELECT 1 + 2 * (model_code % 2) AS fuel_code, CASE WHEN model_code % 200 = 0 THEN 37 ELSE 1 + model_code % 7 END AS years
    ) AS shape";
/// One month: $1 its reference, $2 the last model in it, $3 its crawl, which is complete.
const MONTH: [&str; 5] = [
    "INSERT INTO fipe_vehicle_model_value (reference_code, model_code, model_year, fuel_code, fipe_code, price)
     SELECT $1::integer, model_code, 1985 + year, fuel_code, fipe_code, 10000 + model_code * 7 + year * 1000 + $1::integer
     FROM vehicle CROSS JOIN LATERAL generate_series(1, years) AS year
     WHERE model_code <= $2::integer AND $3::uuid IS NOT NULL",
    "INSERT INTO fipe_crawl_model (crawl_id, model_code, expected_pairs, priced_pairs, absent_pairs, calls, retries)
     SELECT $3::uuid, model_code, pairs, pairs, '{}', 1 + years, 0
     FROM vehicle WHERE model_code <= $2::integer AND $1::integer IS NOT NULL",
    "INSERT INTO fipe_crawl_brand (crawl_id, brand_code, model_codes, calls, retries)
     SELECT $3::uuid, (1 + model_code % 238)::text, array_agg(model_code), 1, 0
     FROM vehicle WHERE model_code <= $2::integer AND $1::integer IS NOT NULL GROUP BY 2",
    "INSERT INTO fipe_crawl_vehicle_type (crawl_id, vehicle_type, brand_codes, calls, retries)
     SELECT $3::uuid, vehicle_type, array_agg(brand::text), 1, 0
     FROM generate_series(1, 238) AS brand
     CROSS JOIN LATERAL (SELECT CASE WHEN brand <= 107 THEN 1 WHEN brand <= 209 THEN 2 ELSE 3 END AS vehicle_type) AS of
     WHERE $1::integer IS NOT NULL AND $2::integer IS NOT NULL GROUP BY 2",
    "INSERT INTO fipe_crawl (crawl_id, reference_code, started_at, completed_at, notified_at)
     SELECT $3::uuid, $1::integer, now(), now(), now() WHERE $2::integer IS NOT NULL",
];

/// Whether every answer is quick enough.
pub(crate) async fn measure(months: i32) -> bool {
    let server = database::start();
    let mut client = database::connect(&server).await;
    database::migrate(&mut client, "0006").await;
    establish(&client, months + 2 * ROUNDS).await;
    let started = Instant::now();
    let prices = generate(&client, months).await;
    println!();
    println!("{months} months with {prices} prices, generated in {:.0} s", started.elapsed().as_secs_f64());

    let before = Answers::of(&client, WITHOUT_VIEW, 3).await;
    let written_before = written(&mut client, months).await;
    let index = database::migrate(&mut client, "0007").await;
    let frozen = database::migrate(&mut client, "9999").await;
    let after = Answers::of(&client, HISTORY, 9).await;
    let written_after = written(&mut client, months + ROUNDS).await;

    println!("building the index of histories                      {:>8.1} s", index.as_secs_f64());
    println!("freezing the counts of {months} complete crawls           {:>8.1} s", frozen.as_secs_f64());
    let mut quick_enough = true;
    let mut report = |what: &str, [before, after]: [Duration; 2], limit: Duration| {
        quick_enough &= after <= limit;
        let verdict = if after <= limit { "ok" } else { "OVER" };
        let [before, after, limit] = [before, after, limit].map(milliseconds);
        println!("{what:<52} {after:>8.1} ms, {before:.1} ms before; at most {limit:.0}  {verdict}");
    };
    for ((code, rows), times) in CODES.iter().zip(after.rows).zip(before.histories.into_iter().zip(after.histories)) {
        report(&format!("history of {code}, {rows} prices"), times.into(), HISTORY_LIMIT);
    }
    report("completeness of all crawls", [before.completeness, after.completeness], COMPLETENESS_LIMIT);
    let rates = written_before.into_iter().zip(written_after);
    for (what, (before, after)) in ["new", "changed"].into_iter().zip(rates) {
        let is_enough = after >= before * LEAST_SHARE;
        quick_enough &= is_enough;
        let verdict = if is_enough { "ok" } else { "UNDER" };
        let what = format!("{what} prices beside them, stored");
        println!("{what:<52} {after:>8.0} prices/s, {before:.0} before; at least {LEAST_SHARE} of it  {verdict}");
    }
    quick_enough
}

/// Fills the tables and gives the number of prices.
async fn generate(client: &Client, months: i32) -> u64 {
    client.batch_execute(VEHICLES).await.expect("generate the models");
    let mut prices = 0;
    for reference in 1..=months {
        let last = 11_357 * 3 / 10 + 11_357 * 7 / 10 * reference / months;
        let crawl = uuid::Uuid::from_u128(1_000_000 + reference as u128);
        let values: [&(dyn ToSql + Sync); 3] = [&reference, &last, &crawl];
        for (index, sql) in MONTH.iter().enumerate() {
            let rows = client.execute(*sql, &values).await.expect("generate a month");
            prices += if index == 0 { rows } else { 0 };
        }
    }
    client.batch_execute("VACUUM (ANALYZE)").await.expect("vacuum");
    prices
}

/// How long the questions take, in medians; the completeness is asked for twice at most.
struct Answers {
    histories: [Duration; 2],
    rows: [usize; 2],
    completeness: Duration,
}

impl Answers {
    async fn of(client: &Client, history: &str, rounds: usize) -> Self {
        let (mut histories, mut rows) = ([Duration::ZERO; 2], [0; 2]);
        for (index, code) in CODES.iter().enumerate() {
            let mut times = Vec::new();
            for _ in 0..rounds {
                let started = Instant::now();
                rows[index] = client.query(history, &[code]).await.expect("ask for a history").len();
                times.push(started.elapsed());
            }
            histories[index] = median(&mut times);
        }
        let started = Instant::now();
        client.query(COMPLETENESS, &[]).await.expect("ask for the completeness");
        Self { histories, rows, completeness: started.elapsed() }
    }
}

/// Prices per second of the months after `last` that are new, and of the same with other prices, in medians.
async fn written(client: &mut Client, last: i32) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for reference in last + 1..=last + ROUNDS {
        let crawl = crawl(reference);
        for (change, times) in times.iter_mut().enumerate() {
            times.push(store(client, &month(&crawl, change as i64)).await);
        }
    }
    times.map(|mut times| PRICES as f64 / median(&mut times).as_secs_f64())
}
