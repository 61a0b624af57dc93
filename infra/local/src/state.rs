//! What runs, as `.local/state.json` remembers it and `status` tells it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Ports;
use crate::error::{At, Error};
use crate::layout::Layout;
use crate::process::Process;

/// The three services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceName {
    MiniStack,
    Postgres,
    Fipe,
}

impl ServiceName {
    pub const ALL: [Self; 3] = [Self::MiniStack, Self::Postgres, Self::Fipe];

    /// As in `infra local logs <name>`, log files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Postgres => "postgres",
            Self::Fipe => "fipe",
        }
    }

    pub(crate) fn port(self, ports: Ports) -> u16 {
        match self {
            Self::MiniStack => ports.ministack,
            Self::Postgres => ports.postgres,
            Self::Fipe => ports.fipe,
        }
    }

    /// How to ask for another port: the flag and the environment variable of the command line.
    pub(crate) fn port_setting(self) -> (&'static str, &'static str) {
        match self {
            Self::MiniStack => ("--ministack-port", "MINISTACK_PORT"),
            Self::Postgres => ("--postgres-port", "POSTGRES_PORT"),
            Self::Fipe => ("--fipe-port", "FIPE_PORT"),
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The local cloud as it is now; `infra local status --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Whether all three services live.
    pub running: bool,
    /// For AWS SDKs: `http://127.0.0.1:4566`.
    pub endpoint: String,
    pub region: &'static str,
    /// `postgres://fipe_owner@127.0.0.1:54329/fipedata`, without a password.
    pub database_url: String,
    /// Base of FIPE's API; `/api/veiculos/` follows.
    pub fipe_url: String,
    /// Those that were started; none before `up` and after `down`.
    pub services: Vec<Service>,
    /// Started by the `up` that returned this; empty for one that changed nothing, and in [`crate::status`].
    pub started: Vec<ServiceName>,
}

impl Status {
    /// `http://127.0.0.1:8099`, of a service by its name.
    pub fn address(&self, name: &str) -> Option<String> {
        let service = self.services.iter().find(|service| service.name.as_str() == name)?;
        Some(format!("http://127.0.0.1:{}", service.port))
    }

    pub fn service(&self, name: ServiceName) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    pub name: ServiceName,
    pub pid: i32,
    pub port: u16,
    pub version: String,
    /// False when the process ended without `down`.
    pub alive: bool,
    pub log: PathBuf,
}

/// Contents of `state.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) services: Vec<Started>,
    /// Where PostgreSQL's data is; outside `.local` when its user cannot reach that.
    pub(crate) postgres_home: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) name: ServiceName,
    pub(crate) process: Process,
    pub(crate) port: u16,
    pub(crate) version: String,
    /// What it was started with: another one means a restart.
    pub(crate) arguments: Vec<String>,
}

impl State {
    /// The remembered state, empty when there is none.
    pub(crate) fn read(layout: &Layout) -> Result<Self, Error> {
        let path = layout.state_file();
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::State { path, source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).at("read", path),
        }
    }

    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Error> {
        let (path, new) = (layout.state_file(), layout.state_dir().join("state.json.new"));
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::State { path: path.clone(), source })?;
        std::fs::write(&new, text).at("write", &new)?;
        std::fs::rename(&new, &path).at("write", path)
    }

    pub(crate) fn started(&self, name: ServiceName) -> Option<&Started> {
        self.services.iter().find(|service| service.name == name)
    }

    pub(crate) fn alive(&self, name: ServiceName) -> Option<&Started> {
        self.started(name).filter(|service| service.process.is_alive())
    }

    pub(crate) fn set(&mut self, service: Started) {
        self.services.retain(|other| other.name != service.name);
        self.services.push(service);
        self.services.sort_by_key(|service| service.name);
    }

    pub(crate) fn status(&self, layout: &Layout, started: Vec<ServiceName>) -> Status {
        let defaults = Ports::default();
        let port = |name: ServiceName| self.started(name).map_or(name.port(defaults), |service| service.port);
        let services: Vec<Service> = self.services.iter().map(|service| service.status(layout)).collect();
        Status {
            running: ServiceName::ALL.iter().all(|&name| self.alive(name).is_some()),
            endpoint: format!("http://127.0.0.1:{}", port(ServiceName::MiniStack)),
            region: crate::ministack::REGION,
            database_url: crate::postgres::database_url(port(ServiceName::Postgres)),
            fipe_url: format!("http://127.0.0.1:{}", port(ServiceName::Fipe)),
            services,
            started,
        }
    }
}

impl Started {
    fn status(&self, layout: &Layout) -> Service {
        Service {
            name: self.name,
            pid: self.process.pid,
            port: self.port,
            version: self.version.clone(),
            alive: self.process.is_alive(),
            log: layout.log(self.name),
        }
    }
}

/// The end of a log, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "(empty)".to_owned();
    }
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
