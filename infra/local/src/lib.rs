//! The local cloud as child processes: MiniStack, PostgreSQL and the programs that systems need, all on 127.0.0.1, no Docker.
//! Never prints, never reads the environment, knows no system, and never touches a process that it did not start.

mod cloud;
mod databases;
mod error;
mod event;
mod health;
mod layout;
mod logs;
pub mod ministack;
mod port;
pub mod postgres;
mod process;
mod program;
mod service_name;
mod start;
mod state;
mod tools;

pub use cloud::{down, status, stop, up};
pub use databases::Database;
pub use error::Error;
pub use event::Event;
pub use layout::Layout;
pub use logs::{LogFollower, logs};
pub use program::{DataFiles, Program};
pub use service_name::ServiceName;
pub use state::{DatabaseAddress, Service, Status};
pub use tools::{install, install_files, install_into, python};

use std::path::PathBuf;

/// What [`up`] starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The repository: state goes to `.local`, tools are in `.tools`.
    pub root: PathBuf,
    pub ports: Ports,
    /// What the systems need besides MiniStack and PostgreSQL.
    pub programs: Vec<Program>,
    /// One per database cluster of the systems, all on the same PostgreSQL.
    pub databases: Vec<Database>,
    /// Where functions call AWS, for somebody who listens in between; MiniStack itself if `None`. A MiniStack that is running keeps its own.
    pub functions_endpoint: Option<String>,
}

/// Where MiniStack and PostgreSQL listen, on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub ministack: u16,
    pub postgres: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { ministack: 4566, postgres: 54_329 }
    }
}
