//! Counters of what was asked and what was answered, for tests to check.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::fault::Fault;

/// FIPE's five endpoints, all below `/api/veiculos/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    References,
    Brands,
    Models,
    Years,
    Price,
}

impl Endpoint {
    const ALL: [Self; 5] = [Self::References, Self::Brands, Self::Models, Self::Years, Self::Price];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::References => "ConsultarTabelaDeReferencia",
            Self::Brands => "ConsultarMarcas",
            Self::Models => "ConsultarModelos",
            Self::Years => "ConsultarAnoModelo",
            Self::Price => "ConsultarValorComTodosParametros",
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: [AtomicU64; Endpoint::ALL.len()],
    faults: [AtomicU64; Fault::ALL.len()],
    /// Prices in the right month, complete and on time or late.
    pub(crate) prices_served: AtomicU64,
    pub(crate) nothing_found: AtomicU64,
    pub(crate) invalid_parameters: AtomicU64,
    pub(crate) rate_limited: AtomicU64,
    pub(crate) not_a_browser: AtomicU64,
}

/// What `GET /_fipe/stats` answers, since the start or the last `DELETE /_fipe/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Calls of each endpoint, faults included.
    pub calls: BTreeMap<&'static str, u64>,
    pub calls_total: u64,
    /// Faults served, by the name used in `--faults`.
    pub faults: BTreeMap<&'static str, u64>,
    pub prices_served: u64,
    /// `codigo 0` answers: models without years, unknown combinations.
    pub nothing_found: u64,
    /// `codigo 2` answers: a caller's bug.
    pub invalid_parameters: u64,
    /// 429 because of `--rate-limit`, apart from the 429 among the faults.
    pub rate_limited: u64,
    /// 403 because of the User-Agent, apart from the 403 among the faults.
    pub not_a_browser: u64,
}

impl Counters {
    pub(crate) fn called(&self, endpoint: Endpoint) {
        add(&self.calls[endpoint as usize]);
    }

    pub(crate) fn served(&self, fault: Fault) {
        add(&self.faults[fault as usize]);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let calls: BTreeMap<_, _> = Endpoint::ALL.map(|e| (e.name(), get(&self.calls[e as usize]))).into();
        Stats {
            calls_total: calls.values().sum(),
            calls,
            faults: Fault::ALL.map(|fault| (fault.name(), get(&self.faults[fault as usize]))).into(),
            prices_served: get(&self.prices_served),
            nothing_found: get(&self.nothing_found),
            invalid_parameters: get(&self.invalid_parameters),
            rate_limited: get(&self.rate_limited),
            not_a_browser: get(&self.not_a_browser),
        }
    }

    pub(crate) fn clear(&self) {
        let rest = [
            &self.prices_served,
            &self.nothing_found,
            &self.invalid_parameters,
            &self.rate_limited,
            &self.not_a_browser,
        ];
        for counter in self.calls.iter().chain(&self.faults).chain(rest) {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

pub(crate) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
