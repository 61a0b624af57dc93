//! Measures the store on a local PostgreSQL, on the one pooled connection that a function has: what the ingestor writes into tables of five
//! months, and what people ask of 308 months.
//!
//! `FIPE_MONTHS` sets the number of months instead of 308, which take about three minutes and 4 GB. Exits 1 when a limit is missed.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

mod database;
mod history;
mod ingest;
mod month;

use std::process::ExitCode;
use std::time::Duration;

/// Months that FIPE has published, January 2001 to August 2026.
const MONTHS: i32 = 308;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let months = std::env::var("FIPE_MONTHS").map_or(MONTHS, |text| text.parse().expect("FIPE_MONTHS is a number"));
    let writes = ingest::measure().await;
    let questions = history::measure(months).await;
    if writes && questions { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
