//! The budget of calls, divided among loaders and instances.

use std::cell::RefCell;

use system::{Section, StageName};

use super::*;

fn settings(stage: StageName) -> Settings {
    let text = match stage {
        StageName::Local => include_str!("../../../../../environments/local/fipe.toml"),
        _ => include_str!("../../../../../environments/prd/fipe.toml"),
    };
    let (table, faults) = (text.parse().expect("TOML"), RefCell::default());
    Settings::read(Section::root("fipe.toml", &table, &faults), stage)
}

fn calls_a_minute(settings: &Settings, pacing: &Pacing) -> f64 {
    let of = |pace: Pace, consumer: ConsumerSize| pace.calls_per_minute * f64::from(consumer.max_concurrency);
    pacing.manufacturer_loader.calls_per_minute
        + of(pacing.model_loader, settings.model_loader)
        + of(pacing.price_loader, settings.price_loader)
}

#[test]
fn forty_calls_a_minute_are_divided_over_functions_and_instances() {
    let pacing = Pacing::of(&settings(StageName::Prd)).expect("it can finish");
    assert_eq!(pacing.manufacturer_loader, Pace { calls_per_minute: 2.0, calls_in_flight: 1 });
    assert_eq!(pacing.model_loader, Pace { calls_per_minute: 3.0, calls_in_flight: 1 });
    assert_eq!(pacing.price_loader, Pace { calls_per_minute: 16.0, calls_in_flight: 1 });
    assert_eq!((pacing.brands_per_batch, pacing.messages_per_batch, pacing.models_per_message), (10, 10, 1));
}

#[test]
fn the_local_budget_lets_calls_overlap() {
    let pacing = Pacing::of(&settings(StageName::Local)).expect("it can finish");
    assert_eq!(pacing.price_loader.calls_in_flight, 16);
    assert_eq!(pacing.messages_per_batch, 10);
    assert!(pacing.models_per_message > 1);
}

#[test]
fn a_full_batch_finishes_within_its_timeout_and_parts_never_exceed_the_whole() {
    let mut settings = settings(StageName::Prd);
    for budget in [13, 20, 33, 40, 41, 59, 100, 601, 1_000, 10_000, 1_000_000] {
        for concurrency in [2, 3, 7] {
            settings.calls_per_minute = budget;
            settings.price_loader.max_concurrency = concurrency;
            let Ok(pacing) = Pacing::of(&settings) else { continue };
            assert!(calls_a_minute(&settings, &pacing) <= f64::from(budget), "{budget}/{concurrency}: {pacing:?}");
            let calls = f64::from(pacing.messages_per_batch * pacing.models_per_message) * CALLS_PER_MODEL;
            let minutes = calls / pacing.price_loader.calls_per_minute;
            assert!(minutes * 60.0 <= 280.0, "{budget}/{concurrency}: {minutes} minutes with {pacing:?}");
        }
    }
}

#[test]
fn a_smaller_budget_makes_smaller_batches_before_it_is_refused() {
    let mut settings = settings(StageName::Prd);
    settings.calls_per_minute = 20;
    let pacing = Pacing::of(&settings).expect("it can finish");
    assert_eq!((pacing.brands_per_batch, pacing.messages_per_batch, pacing.models_per_message), (6, 6, 1));
    settings.calls_per_minute = 10;
    let error = Pacing::of(&settings).expect_err("four calls need more than the time there is");
    assert_eq!(error.to_string(), "FipeManufacturerLoader can make 2.2 calls in 266 s and needs 4 for one message");
}

#[test]
fn what_is_planned_fits_into_what_the_runtime_allows() {
    // What passes between Lambda's clock and the function's first reading of it.
    let late = Duration::from_millis(20);
    for timeout in (1..=900).map(Duration::from_secs) {
        assert!(planned(timeout) <= work_time(timeout - late), "{timeout:?}");
    }
}
