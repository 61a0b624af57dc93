//! Pooled PostgreSQL connections with TLS and secrets, migrations, and which failures trying again can help.
//!
//! Refuses unverified TLS, passwords in texts (errors, `Debug`, statements) and SQL of its own beyond migrations and roles.

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
