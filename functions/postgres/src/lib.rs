//! Pooled PostgreSQL connections with TLS and secrets, migrations, and which failures a retry can fix.
//!
//! No unverified TLS, no passwords in texts (errors, `Debug`, statements), and no SQL beyond migrations and roles.

mod connect;
mod error;
mod limits;
pub mod migrations;
mod pool;
pub mod roles;
mod secret;

pub use connect::{Endpoint, Tls};
pub use error::{Error, Failed, Fault, classify};
pub use limits::ServerLimits;
pub use pool::{Client, Pool, work_on};
#[cfg(feature = "secrets-manager")]
pub use secret::SecretsManager;
pub use secret::{Secret, SecretSource};
