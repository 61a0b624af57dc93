//! The running server: what it serves, on 127.0.0.1 alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::connection::{ResettableListener, Resetter};
use crate::dataset::Dataset;
use crate::fault::Faults;
use crate::shared::Shared;
use crate::stats::Stats;

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
        let shared = Arc::new(Shared::new(options.months, options.faults, options.rate_limit));
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
