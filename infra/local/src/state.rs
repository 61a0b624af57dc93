//! What is running, as `.local/state.json` records it and `status` reports it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::databases::{self, Database};
use crate::error::{At, Error};
use crate::layout::Layout;
use crate::process::Process;
use crate::service_name::ServiceName;
use crate::{Ports, ministack};

/// The local cloud as it is now; `infra local status --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Whether all services are alive.
    pub running: bool,
    /// For AWS SDKs: `http://127.0.0.1:4566`.
    pub endpoint: String,
    pub region: &'static str,
    /// Those that were started; none before `up` and after `down`.
    pub services: Vec<Service>,
    /// Those of the systems; none before `up` and after `down`.
    pub databases: Vec<DatabaseAddress>,
    /// Started by the `up` that returned this; empty for one that changed nothing, and in [`crate::status`].
    pub started: Vec<ServiceName>,
}

impl Status {
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services.iter().find(|service| service.name == *name)
    }

    /// The address of the service with this name.
    pub fn url(&self, service: &str) -> Option<&str> {
        self.service(&ServiceName::from(service)).map(|service| service.url.as_str())
    }

    /// How its owner connects to the database with this name.
    pub fn database_url(&self, name: &str) -> Option<&str> {
        self.databases.iter().find(|database| database.name == name).map(|database| database.url.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    pub name: ServiceName,
    pub pid: i32,
    pub port: u16,
    /// `http://127.0.0.1:8099`; PostgreSQL's names no database.
    pub url: String,
    pub version: String,
    /// False when the process ended without `down`.
    pub alive: bool,
    pub log: PathBuf,
}

/// A database and how its owner connects to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseAddress {
    pub name: String,
    /// `postgres://owner@127.0.0.1:54329/name`, without a password.
    pub url: String,
}

/// Contents of `state.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) services: Vec<Started>,
    /// Where PostgreSQL's data is; outside `.local` when its user cannot reach that.
    pub(crate) postgres_home: Option<PathBuf>,
    /// What was requested last; earlier ones may still exist.
    #[serde(default)]
    pub(crate) databases: Vec<RememberedDatabase>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RememberedDatabase {
    pub(crate) name: String,
    pub(crate) owner: String,
}

impl From<&Database> for RememberedDatabase {
    fn from(database: &Database) -> Self {
        Self { name: database.name.to_owned(), owner: database.owner.to_owned() }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) name: ServiceName,
    pub(crate) process: Process,
    pub(crate) port: u16,
    pub(crate) version: String,
    /// What it was started with: a difference means a restart.
    pub(crate) arguments: Vec<String>,
}

impl State {
    /// The recorded state, empty when there is none.
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

    pub(crate) fn started(&self, name: &ServiceName) -> Option<&Started> {
        self.services.iter().find(|service| service.name == *name)
    }

    pub(crate) fn alive(&self, name: &ServiceName) -> Option<&Started> {
        self.started(name).filter(|service| service.process.is_alive())
    }

    pub(crate) fn set(&mut self, service: Started) {
        self.services.retain(|other| other.name != service.name);
        self.services.push(service);
        self.services.sort_by(|one, other| one.name.cmp(&other.name));
    }

    pub(crate) fn status(&self, layout: &Layout, started: Vec<ServiceName>) -> Status {
        let defaults = Ports::default();
        let port = |name, default| self.started(&name).map_or(default, |service| service.port);
        let postgres = port(ServiceName::Postgres, defaults.postgres);
        let address = |database: &RememberedDatabase| DatabaseAddress {
            name: database.name.clone(),
            url: databases::url(&database.name, &database.owner, postgres),
        };
        let services: Vec<Service> = self.services.iter().map(|service| service.status(layout)).collect();
        Status {
            running: !services.is_empty() && services.iter().all(|service| service.alive),
            endpoint: format!("http://127.0.0.1:{}", port(ServiceName::MiniStack, defaults.ministack)),
            region: ministack::REGION,
            services,
            databases: self.databases.iter().map(address).collect(),
            started,
        }
    }
}

impl Started {
    fn status(&self, layout: &Layout) -> Service {
        let scheme = match self.name {
            ServiceName::Postgres => "postgres",
            ServiceName::MiniStack | ServiceName::Program(_) => "http",
        };
        Service {
            name: self.name.clone(),
            pid: self.process.pid,
            port: self.port,
            url: format!("{scheme}://127.0.0.1:{}", self.port),
            version: self.version.clone(),
            alive: self.process.is_alive(),
            log: layout.log(&self.name),
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
