//! The third function's rules: the prices of some models, and what happens to those that cannot finish in time. Never
//! loses work: results are sent first, then the remaining work, and only then is the task acknowledged.

use std::cmp::Reverse;

use fipe_contract::metric;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::time::Instant;

use crate::call::{Models, PriceOf, YearFuels};
use crate::client::{Fipe, Http};
use crate::error::Error;
use crate::message::{Calls, Crawl, Load, ModelPrices, ModelTask, ModelWork, YearFuel};
use crate::queue::{Queue, send};

/// The most prices that one message carries, give or take a model: about 150 kB, far below SQS's 1 MiB.
const PRICES_PER_MESSAGE: usize = 1_000;

/// The outcome for a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Priced {
    pub prices: usize,
    /// Pairs that FIPE lists without a price.
    pub without_price: usize,
    /// Models that are on the queue again.
    pub handed_on: usize,
}

impl Priced {
    /// By the names of their metrics.
    pub fn named(self) -> [(&'static str, u64); 3] {
        let [prices, without_price, handed_on] = [self.prices, self.without_price, self.handed_on].map(|n| n as u64);
        [(metric::PRICES, prices), (metric::WITHOUT_PRICE, without_price), (metric::HANDED_ON, handed_on)]
    }
}

impl std::ops::Add for Priced {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            prices: self.prices + other.prices,
            without_price: self.without_price + other.without_price,
            handed_on: self.handed_on + other.handed_on,
        }
    }
}

/// One model after its calls.
struct Progress {
    calls: Calls,
    /// The pairs that FIPE lists, if this invocation asked for them.
    listed: Option<Vec<YearFuel>>,
    found: ModelPrices,
    /// The remaining work for it, and why.
    left: Option<(ModelWork, Error)>,
}

impl Progress {
    /// Whether any call succeeded.
    fn is_progress(&self) -> bool {
        self.listed.is_some() || !self.found.prices.is_empty() || !self.found.without_price.is_empty()
    }
}

/// Prices the models of a task. Models that there is no time for go to `handed_on` as a task of their own, after all
/// results were sent; a model that can never succeed is split off first and fails alone when it is redelivered.
///
/// # Errors
/// The task names what FIPE does not list, a queue did not accept everything, a single model failed for good, or [`Error::NoProgress`]: not one call succeeded. If
/// that is an outage, its [`Error::wait`] says for how long, and the task is postponed; otherwise it ends in the dead-letter queue and not in an endless loop.
pub async fn load_prices<H: Http>(
    fipe: &Fipe<H>,
    prices: &impl Queue,
    handed_on: &impl Queue,
    mut task: ModelTask,
    until: Instant,
) -> Result<Priced, Error> {
    let count = task.models.len();
    let successes = fipe.successes();
    let Some(first) = task.models.first_mut() else { return Err(Error::NoModel) };
    if let Err(error) = fipe.check_month(&task.crawl, until, &mut first.calls).await {
        if !error.is_crowded_out() || fipe.successes() == successes {
            return Err(error);
        }
        send(handed_on, "a model task that there was no time for", &[&task]).await?;
        return Ok(Priced { handed_on: count, ..Priced::default() });
    }
    let progress: Vec<Progress> = stream::iter(&task.models)
        .map(|work| price_model(fipe, &task, work, until))
        .buffer_unordered(fipe.width())
        .collect()
        .await;

    let mut outcome = Priced::default();
    let mut found = Vec::with_capacity(progress.len());
    let mut left = Vec::new();
    for model in progress {
        outcome.prices += model.found.prices.len();
        outcome.without_price += model.found.without_price.len();
        if model.is_progress() {
            found.push(model.found);
        }
        left.extend(model.left);
    }
    send(prices, "prices", &loads(&task.crawl, found.clone())).await?;
    if left.is_empty() {
        return Ok(outcome);
    }
    if found.is_empty() {
        // Other tasks used the time successfully: put the same task back. Several models, one of them hopeless: split below. Of what failed, an upstream that takes
        // no calls for a while is told first.
        let splits = count > 1 && left.iter().any(|(_, error)| !error.is_transient());
        let crowded_out = fipe.successes() > successes && left.iter().all(|(_, error)| error.is_crowded_out());
        if !splits && !crowded_out {
            let index =
                (0..left.len()).max_by_key(|index| (weight(&left[*index].1), Reverse(*index))).unwrap_or_default();
            let (_, first) = left.swap_remove(index);
            return Err(if count == 1 { first } else { Error::NoProgress { models: count, first: Box::new(first) } });
        }
    }
    outcome.handed_on = left.len();
    let (later, hopeless): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, error)| error.is_transient());
    let ModelTask { crawl, vehicle_type, brand_code, .. } = &task;
    let rest = |models: Vec<ModelWork>| ModelTask {
        crawl: crawl.clone(),
        vehicle_type: *vehicle_type,
        brand_code: brand_code.clone(),
        models,
    };
    let mut tasks: Vec<ModelTask> = hopeless.into_iter().map(|(work, _)| rest(vec![work])).collect();
    if !later.is_empty() {
        tasks.push(rest(later.into_iter().map(|(work, _)| work).collect()));
    }
    send(handed_on, "model tasks that are handed on", &tasks).await?;
    Ok(outcome)
}

async fn price_model<H: Http>(fipe: &Fipe<H>, task: &ModelTask, work: &ModelWork, until: Instant) -> Progress {
    let ModelTask { crawl, vehicle_type, brand_code, .. } = task;
    let of = YearFuels {
        of: Models { reference_code: crawl.reference_code, vehicle_type: *vehicle_type, brand_code },
        model_code: work.code,
    };
    let found = ModelPrices {
        code: work.code,
        expected: None,
        prices: Vec::new(),
        without_price: Vec::new(),
        calls: Calls::default(),
    };
    let mut progress = Progress { calls: work.calls, listed: None, found, left: None };
    let pairs = match &work.pending {
        Some(pending) => pending.clone(),
        None => match fipe.year_fuels(&of, until, &mut progress.calls).await {
            Ok(pairs) => progress.listed.insert(pairs).clone(),
            Err(error) => {
                progress.left = Some((ModelWork { code: work.code, pending: None, calls: progress.calls }, error));
                return progress;
            }
        },
    };
    let asked = stream::iter(&pairs).map(|pair| async move {
        let mut calls = Calls::default();
        let call = PriceOf { of, year_fuel: *pair, month: crawl.month };
        let mut answer = fipe.ask(&call, until, &mut calls).await;
        // FIPE lists the pair, so that it has no price is a fact only when it says so twice.
        if matches!(answer, Ok(None)) {
            answer = fipe.ask(&call, until, &mut calls).await;
        }
        (*pair, calls, answer)
    });
    let answers: Vec<_> = asked.buffered(fipe.width()).collect().await;
    let mut pending = Vec::new();
    let mut blamed: Option<Error> = None;
    for (pair, calls, answer) in answers {
        progress.calls.made += calls.made;
        progress.calls.retried += calls.retried;
        match answer {
            Ok(Some(price)) => progress.found.prices.push(price),
            Ok(None) => progress.found.without_price.push(pair),
            Err(error) => {
                pending.push(pair);
                // A pair that can be retried later keeps the model from being hopeless; a fault of the upstream outweighs
                // a lack of time.
                let keeps = blamed.as_ref().is_some_and(|first| weight(first) >= weight(&error));
                if !keeps {
                    blamed = Some(error);
                }
            }
        }
    }
    progress.found.expected.clone_from(&progress.listed);
    progress.found.calls = progress.calls;
    if let Some(error) = blamed {
        progress.left = Some((ModelWork { code: work.code, pending: Some(pending), calls: progress.calls }, error));
    }
    progress
}

/// Which of several errors of one model is reported.
fn weight(error: &Error) -> u8 {
    match (error.is_transient(), error.is_upstreams(), error.wait()) {
        (_, _, Some(_)) => 3,
        (true, true, _) => 2,
        (true, false, _) => 1,
        (false, _, _) => 0,
    }
}

/// Packs models into messages.
fn loads(crawl: &Crawl, models: Vec<ModelPrices>) -> Vec<Load> {
    let mut loads: Vec<Load> = Vec::new();
    let mut size = usize::MAX;
    for model in models {
        // A model without prices has weight too: its manifest takes space in the message.
        let weight = 1 + model.prices.len() + model.expected.as_ref().map_or(0, Vec::len) / 4;
        match loads.last_mut() {
            Some(Load::Prices { models, .. }) if size + weight <= PRICES_PER_MESSAGE => {
                models.push(model);
                size += weight;
            }
            _ => {
                loads.push(Load::Prices { crawl: crawl.clone(), models: vec![model] });
                size = weight;
            }
        }
    }
    loads
}

#[cfg(test)]
mod tests;
