//! The names of services of the local cloud: its own two, and programs under names of their own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the services; the same plain strings in `infra local logs <name>`, log files and JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ServiceName {
    MiniStack,
    Postgres,
    /// A [`Program`](crate::Program), by its name.
    Program(String),
}

impl ServiceName {
    pub fn as_str(&self) -> &str {
        match self {
            Self::MiniStack => "ministack",
            Self::Postgres => "postgres",
            Self::Program(name) => name,
        }
    }
}

impl From<&str> for ServiceName {
    fn from(name: &str) -> Self {
        match name {
            "ministack" => Self::MiniStack,
            "postgres" => Self::Postgres,
            _ => Self::Program(name.to_owned()),
        }
    }
}

impl From<String> for ServiceName {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
