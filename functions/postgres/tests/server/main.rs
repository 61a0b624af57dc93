//! Against a real PostgreSQL: TLS, the pool with its secret, migrations.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

mod migrations;
mod pool;
mod tls;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use function_postgres::{Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use test_postgres::{OWNER, OWNER_PASSWORD, Server};

/// The secret of the test servers' superuser.
struct Owner;

impl SecretSource for Owner {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: OWNER.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

fn endpoint(server: &Server, database: &str) -> Endpoint {
    Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: server.port(),
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "function-postgres tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    }
}

fn owner(server: &Server, database: &str) -> Pool {
    Pool::new(endpoint(server, database), None, Arc::new(Owner))
}
