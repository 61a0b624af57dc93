//! The local cloud as child processes: MiniStack, PostgreSQL and the FIPE server, all on 127.0.0.1, no Docker.
//! Refuses to print, to read the environment, and to touch a process that it did not start.

mod cloud;
mod error;
mod fipe;
mod health;
mod layout;
mod logs;
mod ministack;
mod port;
mod postgres;
mod process;
mod state;
mod tools;

pub use cloud::{Event, down, status, stop, up};
pub use error::Error;
pub use layout::Layout;
pub use logs::{LogFollower, logs};
pub use state::{Service, ServiceName, Status};
pub use tools::{install, install_into, python};

use std::path::PathBuf;

/// What [`up`] starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The repository: state goes to `.local`, tools are in `.tools`.
    pub root: PathBuf,
    pub ports: Ports,
    pub fipe: FipeData,
    /// The binary `fipe-server`.
    pub fipe_server: PathBuf,
}

/// Where the services listen, on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub ministack: u16,
    pub postgres: u16,
    pub fipe: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { ministack: 4566, postgres: 54_329, fipe: 8099 }
    }
}

/// What the FIPE server serves, and how badly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FipeData {
    pub months: FipeMonths,
    /// `429=0.05,..` as `fipe-server --faults` takes it; empty for none.
    pub faults: String,
    /// Seconds that a 429 among the faults asks to wait.
    pub retry_after: Option<u32>,
    /// Calls in any 60 seconds, over all callers.
    pub rate_limit: Option<u32>,
}

/// The months that the FIPE server serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FipeMonths {
    /// The files that it serves already; else the server's own default, about 5,000 prices of 2026-08 and the month before.
    #[default]
    Shipped,
    Generated {
        seed: u64,
        prices: u32,
        months: u16,
    },
    /// Files named `YYYY-MM-refNNN.csv.gz`; relative paths are taken from the current folder.
    Files(Vec<PathBuf>),
}
