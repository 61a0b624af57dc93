//! A throw-away server with the schema of `sql/fipe`, `synchronous_commit` off and otherwise PostgreSQL's defaults.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use function_postgres::migrations::{Migration, apply};
use function_postgres::{Client, Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use test_postgres::{OWNER, OWNER_PASSWORD, Server};

struct Owner;

impl SecretSource for Owner {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: OWNER.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

pub(crate) fn start() -> Server {
    Server::start(&[("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "off")])
}

pub(crate) async fn connect(server: &Server) -> Client {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: server.port(),
        database: "postgres".to_owned(),
        tls: Tls::Disable,
        application_name: "bench".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(900)),
    };
    Pool::new(endpoint, None, Arc::new(Owner)).get().await.expect("connect")
}

/// Applies what is missing of the migrations that are numbered below `end`, and says how long it took.
pub(crate) async fn migrate(client: &mut Client, end: &str) -> Duration {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/fipe");
    let mut migrations = Migration::read_folder(&folder).expect("read sql/fipe");
    migrations.retain(|migration| *migration.name < *format!("fipe/{end}"));
    let started = Instant::now();
    apply(client, &migrations).await.expect("apply sql/fipe");
    started.elapsed()
}
