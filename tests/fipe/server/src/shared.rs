//! What all handlers of a running server share: months, faults, the rate limit and the counters.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::answer::Catalog;
use crate::dataset::Dataset;
use crate::fault::{FaultSource, Faults};
use crate::rate_limit::RateLimit;
use crate::stats::Counters;

#[derive(Debug)]
pub(crate) struct Shared {
    catalog: RwLock<Arc<Catalog>>,
    faults: RwLock<Arc<FaultSource>>,
    rate_limit: Option<Mutex<RateLimit>>,
    pub(crate) counters: Counters,
}

impl Shared {
    /// `rate_limit` in calls a minute over all callers.
    pub(crate) fn new(months: Vec<Dataset>, faults: Faults, rate_limit: Option<u32>) -> Self {
        Self {
            catalog: RwLock::new(Arc::new(Catalog::new(months))),
            faults: RwLock::new(Arc::new(FaultSource::new(faults))),
            rate_limit: rate_limit.map(|calls| Mutex::new(RateLimit::new(calls))),
            counters: Counters::default(),
        }
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn faults(&self) -> Arc<FaultSource> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(FaultSource::new(faults));
    }

    pub(crate) fn add(&self, dataset: Dataset) {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        *catalog = Arc::new(catalog.with(dataset));
    }

    pub(crate) fn ask_rate_limit(&self, now: Instant) -> Result<(), Duration> {
        match &self.rate_limit {
            Some(limit) => limit.lock().unwrap_or_else(PoisonError::into_inner).ask(now),
            None => Ok(()),
        }
    }
}
