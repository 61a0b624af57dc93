//! How fast each loader calls FIPE: the stage's budget divided among functions and instances, and batches that can finish.
//! A budget so small that a batch of one message cannot finish is an error.

use std::time::Duration;

use cfn::Diagnostic;
use contract::work_time;
use fipe_contract::{MANUFACTURER_LOADER, MODEL_LOADER, MOST_MODELS_PER_MESSAGE, PRICE_LOADER};
use system::{ConsumerSize, Stage};

use crate::Settings;

/// The shares of price, model and manufacturer loader in the stage's budget, in percent. Of a month's 62,600 calls 99.6 % are
/// the price loader's; the others get enough to start a crawl within the hour.
const PRICE_SHARE: u32 = 80;
const MODEL_SHARE: u32 = 15;
const MANUFACTURER_SHARE: u32 = 5;

/// Calls for one model: its list of model years, and one for each of its prices (48,900 prices of 11,357 models).
const CALLS_PER_MODEL: f64 = 5.3;
/// Reference months, and the brands of the three vehicle types.
const CALLS_PER_CRAWL: f64 = 4.0;
/// The part of the time for work that a batch is planned to take; the rest is for retries.
const PLANNED: f64 = 0.95;
/// The longest time that FIPE usually takes to respond.
const SECONDS_PER_ANSWER: f64 = 0.25;
/// From this rate on, calls overlap; below it, one at a time is fast enough.
const OVERLAPPING_FROM: f64 = 600.0;
const CALLS_IN_FLIGHT: u16 = 16;
const LARGEST_BATCH: u32 = 10;

/// The settings of one instance of a loader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Above 0.
    pub calls_per_minute: f64,
    pub calls_in_flight: u16,
}

/// The settings of all loaders of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    pub manufacturer_loader: Pace,
    pub model_loader: Pace,
    pub price_loader: Pace,
    /// Brands in a batch of the model loader, 1 to 10.
    pub brands_per_batch: u32,
    /// Messages in a batch of the price loader, 1 to 10.
    pub messages_per_batch: u32,
    /// Models in one such message, 1 to [`MOST_MODELS_PER_MESSAGE`].
    pub models_per_message: u32,
}

/// A loader that cannot finish its smallest piece of work.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{function} can make {calls:.1} calls in {planned:.0} s and needs {needed} for one message")]
pub struct PacingError {
    /// Logical id.
    pub function: &'static str,
    pub calls: f64,
    /// Seconds of its timeout that a batch may take.
    pub planned: f64,
    pub needed: f64,
}

impl PacingError {
    /// The same as a synth diagnostic.
    pub(crate) fn into_diagnostic(self, stage: &Stage) -> Diagnostic {
        Diagnostic {
            rule: "upstream-pace",
            stack: format!("FipeApi-{}", stage.name),
            logical_id: self.function.to_owned(),
            kind: "AWS::Lambda::Function".to_owned(),
            path: "Environment.Variables.FIPE_CALLS_PER_MINUTE".to_owned(),
            message: format!(
                "{:.1} calls in {:.0} s, which is what the timeout leaves; allowed: at least {}, so that one message can finish",
                self.calls, self.planned, self.needed
            ),
            fix: "raise calls_per_minute or the function's timeout_seconds, or lower its max_concurrency".to_owned(),
        }
    }
}

impl Pacing {
    /// Divides the stage's budget.
    ///
    /// # Errors
    /// Names the loader whose share is too small for one message.
    pub fn of(settings: &Settings) -> Result<Self, PacingError> {
        let budget = settings.calls_per_minute;
        let manufacturer_loader = pace(budget, MANUFACTURER_SHARE, 1);
        let model_loader = pace(budget, MODEL_SHARE, settings.model_loader.max_concurrency);
        let price_loader = pace(budget, PRICE_SHARE, settings.price_loader.max_concurrency);

        let timeout = settings.manufacturer_loader.timeout;
        at_least(MANUFACTURER_LOADER.name, manufacturer_loader.calls_within(timeout), timeout, CALLS_PER_CRAWL)?;
        let brands = calls_of(MODEL_LOADER.name, model_loader, settings.model_loader, 1.0)?;
        let prices = calls_of(PRICE_LOADER.name, price_loader, settings.price_loader, CALLS_PER_MODEL)?;
        let models = whole(prices / CALLS_PER_MODEL);
        let messages_per_batch = models.clamp(1, LARGEST_BATCH);
        Ok(Self {
            manufacturer_loader,
            model_loader,
            price_loader,
            brands_per_batch: whole(brands).clamp(1, LARGEST_BATCH),
            messages_per_batch,
            models_per_message: (models / messages_per_batch).clamp(1, u32::from(MOST_MODELS_PER_MESSAGE)),
        })
    }
}

impl Pace {
    /// Calls that one instance is planned to make within `timeout`, limited by its rate or by its calls in flight.
    fn calls_within(self, timeout: Duration) -> f64 {
        let planned = planned(timeout).as_secs_f64();
        (self.calls_per_minute / 60.0 * planned).min(f64::from(self.calls_in_flight) * planned / SECONDS_PER_ANSWER)
    }
}

fn pace(budget: u32, share: u32, instances: u32) -> Pace {
    // Rounded down to a thousandth, so that the parts never add up to more than the whole.
    let calls_per_minute = (f64::from(budget) * f64::from(share) * 10.0 / f64::from(instances)).floor() / 1000.0;
    let calls_in_flight = if calls_per_minute >= OVERLAPPING_FROM { CALLS_IN_FLIGHT } else { 1 };
    Pace { calls_per_minute, calls_in_flight }
}

/// How long a batch may take: nearly all the time that the runtime allows for work.
fn planned(timeout: Duration) -> Duration {
    work_time(timeout).mul_f64(PLANNED)
}

fn calls_of(function: &'static str, pace: Pace, consumer: ConsumerSize, needed: f64) -> Result<f64, PacingError> {
    let timeout = consumer.size.timeout;
    let calls = pace.calls_within(timeout);
    at_least(function, calls, timeout, needed)?;
    Ok(calls)
}

fn at_least(function: &'static str, calls: f64, timeout: Duration, needed: f64) -> Result<(), PacingError> {
    if calls >= needed {
        return Ok(());
    }
    Err(PacingError { function, calls, planned: planned(timeout).as_secs_f64(), needed })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast to an integer saturates")]
fn whole(number: f64) -> u32 {
    number.floor() as u32
}

#[cfg(test)]
#[path = "pacing/tests.rs"]
mod tests;
