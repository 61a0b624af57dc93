//! Pooled PostgreSQL connections with TLS and secrets, migrations, and which failures a retry can fix.
//!
//! No unverified TLS, no passwords in texts (errors, `Debug`, statements), and no SQL beyond migrations and roles.

mod connect;
mod error;
pub mod migrations;
mod pool;
pub mod roles;
mod secret;

pub use connect::{Endpoint, Tls};
pub use error::{Error, Fault, classify};
pub use pool::{Client, Pool};
#[cfg(feature = "secrets-manager")]
pub use secret::SecretsManager;
pub use secret::{Secret, SecretSource};
