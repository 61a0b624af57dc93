//! The three functions that call FIPE: each module is settings, adapters, run. The rules are in `fipe-core`.

pub mod manufacturer;
pub mod model;
pub mod price;

use fipe_core::{Counts, Fipe, FipeHttp};
use function_runtime::{Failure, Log};
use serde_json::json;

/// The client of one instance.
fn fipe(url: &str, calls_per_minute: f64, calls_in_flight: u16) -> Fipe<FipeHttp> {
    Fipe::new(FipeHttp::new(url), calls_per_minute, calls_in_flight)
}

/// What FIPE takes no calls for is postponed until it does.
fn failure(error: fipe_core::Error) -> Failure {
    match error.wait() {
        Some(wait) => Failure::postponed(wait, error.kind(), error),
        None => Failure::of(error.is_transient(), error.kind(), error),
    }
}

/// The calls since the last time. If FIPE blocks this address, the log says so immediately.
fn take_counts(fipe: &Fipe<FipeHttp>, log: &Log) -> Counts {
    let counts = fipe.take_counts();
    if counts.blocked > 0 {
        log.error("call_fipe", json!({"reason": "blocked (HTTP 403)", "calls": counts.blocked}));
    }
    counts
}
