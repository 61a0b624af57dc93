//! The running server: what it serves, on 127.0.0.1 alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::answer::Catalog;
use crate::connection::{ResettableListener, Resetter};
use crate::dataset::Dataset;
use crate::fault::{FaultSource, Faults};
use crate::rate_limit::RateLimit;
use crate::stats::{Counters, Stats};

/// What a server starts with.
#[derive(Debug, Default)]
pub struct Options {
    /// 0 lets the system choose.
    pub port: u16,
    pub months: Vec<Dataset>,
    pub faults: Faults,
    /// Calls a minute over all callers; none means no limit. FIPE itself allows 40 to 50 for each address.
    pub rate_limit: Option<u32>,
}

/// A server in this process; dropping it stops it.
#[derive(Debug)]
pub struct FipeServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl FipeServer {
    /// Binds and serves in the background of the current tokio runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            catalog: RwLock::new(Arc::new(Catalog::new(options.months))),
            faults: RwLock::new(Arc::new(FaultSource::new(options.faults))),
            rate_limit: options.rate_limit.map(|calls| Mutex::new(RateLimit::new(calls))),
            counters: Counters::default(),
        });
        let router: Router = crate::api::routes().merge(crate::admin::routes()).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Resetter>();
        let serving = tokio::spawn(async move {
            // It returns only when the process ends: accepting handles its own errors.
            let _ = axum::serve(ResettableListener(listener), service).await;
        });
        Ok(Self { address, shared, serving })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:8099`; FIPE's endpoints are below `/api/veiculos/`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    pub fn set_faults(&self, faults: Faults) {
        self.shared.set_faults(faults);
    }

    /// Serves one month more, or another version of one.
    pub fn add(&self, dataset: Dataset) {
        self.shared.add(dataset);
    }

    /// Serves until the process is told to end.
    pub async fn wait(mut self) {
        let _ = (&mut self.serving).await;
    }
}

impl Drop for FipeServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What all handlers see.
#[derive(Debug)]
pub(crate) struct Shared {
    catalog: RwLock<Arc<Catalog>>,
    faults: RwLock<Arc<FaultSource>>,
    rate_limit: Option<Mutex<RateLimit>>,
    pub(crate) counters: Counters,
}

impl Shared {
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
