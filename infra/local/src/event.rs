//! What `up` and `down` do, step by step.

use std::fmt;
use std::time::Duration;

use crate::service_name::ServiceName;

/// Progress of [`up`](crate::up) and [`down`](crate::down); `Display` is a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Starting {
        service: ServiceName,
    },
    Ready {
        service: ServiceName,
        version: String,
        port: u16,
        after: Duration,
    },
    AlreadyRunning {
        service: ServiceName,
    },
    /// Real data replaces this program's generated data, or the other way round: everything starts empty.
    Emptied {
        service: ServiceName,
    },
    /// A program has changed arguments or was rebuilt; PostgreSQL lacks a database.
    Changed {
        service: ServiceName,
    },
    Stopped {
        service: ServiceName,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { service } => write!(f, "{service}: starting"),
            Self::Ready { service, version, port, after } => {
                write!(f, "{service}: {version} ready on 127.0.0.1:{port} after {:.1} s", after.as_secs_f64())
            }
            Self::AlreadyRunning { service } => write!(f, "{service}: already running"),
            Self::Emptied { service } => {
                write!(f, "{service}: real and made-up data must not mix, starting with an empty database")
            }
            Self::Changed { service } => write!(f, "{service}: changed, restarting"),
            Self::Stopped { service } => write!(f, "{service}: stopped"),
        }
    }
}
