//! A database with the schema of `sql/analytics`.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use analytics_store::Database;
use function_postgres::migrations::{self, Migration};
use function_postgres::{Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use test_postgres::{OWNER, OWNER_PASSWORD, Server};

const APPLICATION: &str = "analytics_app";

struct Login(&'static str);

impl SecretSource for Login {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: self.0.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

pub(crate) struct TestDatabase {
    name: String,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let name = Server::shared().create_database().await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/analytics");
        let migrations = Migration::read_folder(&folder).unwrap();
        // Roles belong to the whole server, so they are created one after the other.
        static ROLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _alone = ROLES.lock().await;
        let mut client = pool(&name, OWNER).get().await.unwrap();
        migrations::apply(&mut client, &migrations).await.unwrap();
        client.batch_execute(&format!("ALTER ROLE {APPLICATION} PASSWORD '{OWNER_PASSWORD}'")).await.unwrap();
        Self { name }
    }

    /// As a function's instance has it: one connection.
    pub(crate) fn instance(&self) -> Database {
        Database::new(pool(&self.name, APPLICATION), Duration::from_secs(10))
    }

    pub(crate) async fn owner(&self) -> tokio_postgres::Client {
        Server::shared().connect(&self.name).await
    }

    pub(crate) async fn clear(&self) {
        self.owner().await.batch_execute("TRUNCATE upload, exhibition, slot, rejected_row").await.unwrap();
    }

    /// Ends every connection of the functions.
    pub(crate) async fn break_connections(&self) {
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{APPLICATION}'");
        self.owner().await.batch_execute(&end).await.unwrap();
    }
}

fn pool(database: &str, role: &'static str) -> Pool {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: Server::shared().port(),
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "csv-importer tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    Pool::new(endpoint, None, Arc::new(Login(role)))
}
