//! A database with the schema of `sql/analytics`, and short ways to import files.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use analytics_core::{Group, GroupQuestion, Selection, Store};
use analytics_reader::Reader;
use analytics_store::{Begun, Database, Ended, Import, Limits, Object, begin, count_repeated};
use function_postgres::migrations::{self, Migration};
use function_postgres::{Client, Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use jiff::Timestamp;
use test_postgres::{OWNER, OWNER_PASSWORD, Server};
use uuid::Uuid;

/// The application role's password on the test server.
const APPLICATION: &str = "analytics_app";

struct Login(&'static str);

impl SecretSource for Login {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: self.0.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

/// A database of its own with the schema.
pub(crate) struct TestDatabase {
    name: String,
    pub(crate) database: Database,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let name = Server::shared().create_database().await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/analytics");
        let migrations = Migration::read_folder(&folder).expect("read sql/analytics");
        // Roles belong to the whole server, which the tests of this binary share, so they are created one after the other.
        static ROLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _alone = ROLES.lock().await;
        let mut client = pool(&name, OWNER).get().await.expect("connect");
        migrations::apply(&mut client, &migrations).await.expect("apply sql/analytics");
        let password = format!("ALTER ROLE {APPLICATION} PASSWORD '{OWNER_PASSWORD}'");
        client.batch_execute(&password).await.expect("a password");
        let database = Database::new(pool(&name, APPLICATION), Duration::from_secs(10));
        Self { name, database }
    }

    /// Another connection of the application role.
    pub(crate) fn another(&self) -> Database {
        Database::new(pool(&self.name, APPLICATION), Duration::from_secs(10))
    }

    /// A connection that may do anything.
    pub(crate) async fn owner(&self) -> tokio_postgres::Client {
        Server::shared().connect(&self.name).await
    }

    /// How many rows a query's first column counts.
    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.owner().await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// A whole file as this version of a key, the `time`-th second of the day.
    pub(crate) async fn import(&self, key: &str, time: u8, file: &str) -> Ended {
        self.import_object(&object(key, time), file).await
    }

    pub(crate) async fn import_object(&self, object: &Object, file: &str) -> Ended {
        let mut client = self.database.client().await.unwrap();
        let mut import = work(&mut client, object).await;
        let (mut rows, mut reader) = (import.rows(&LIMITS), Reader::new());
        reader.feed(file.as_bytes(), &mut rows).unwrap();
        let place = reader.finish(&mut rows).unwrap();
        let piece = import.piece(&mut client).await.unwrap();
        let ended = piece.finish(&import, &place, &mut rows, &LIMITS).await.unwrap();
        if let Ended::Applied { taken, .. } = ended {
            count_repeated(&mut client, &import, taken, Duration::from_secs(5)).await.unwrap();
        }
        ended
    }

    pub(crate) async fn version(&self) -> i64 {
        self.database.version().await.unwrap()
    }

    pub(crate) async fn groups(&self, program_code: &str, selection: Selection) -> Vec<Group> {
        let question = GroupQuestion { program_code: program_code.to_owned(), selection };
        let mut groups = self.database.groups(self.version().await, &question).await.unwrap();
        groups.sort_by(|a, b| {
            (&a.signal, a.weekday.to_monday_one_offset()).cmp(&(&b.signal, b.weekday.to_monday_one_offset()))
        });
        groups
    }

    /// The one prediction of a program with one group.
    pub(crate) async fn prediction(&self, program_code: &str) -> Option<f64> {
        let groups = self.groups(program_code, Selection::All).await;
        assert!(groups.len() <= 1, "{groups:?}");
        groups.first()?.predicted_audience
    }
}

pub(crate) const LIMITS: Limits = Limits { reject_above_percent: 50, rejected_rows: 3, piece_rows: 2 };

/// The `time`-th version of a key.
pub(crate) fn object(key: &str, time: u8) -> Object {
    Object {
        bucket: "uploads".to_owned(),
        key: key.to_owned(),
        version: format!("v{time}"),
        sequencer: format!("00{time:02X}"),
        event_time: Timestamp::from_second(1_790_000_000 + i64::from(time)).unwrap(),
        bytes: 1,
        announced_as: None,
        dry_run: false,
    }
}

pub(crate) async fn work(client: &mut Client, object: &Object) -> Import {
    match begin(client, object, Uuid::new_v4()).await.unwrap() {
        Begun::Work(import) => *import,
        ended @ Begun::Ended { .. } => panic!("{ended:?}"),
    }
}

/// An audience file of (RJ, NOVA) with one exhibition a day: its day and its audience.
pub(crate) fn audience(rows: &[(&str, f64)]) -> String {
    let rows = rows.iter().map(|(day, audience)| format!("RJ,NOVA,{day},{day}T23:05:00Z,{audience}\n"));
    "signal,program_code,exhibition_date,program_start_time,average_audience\n".to_owned() + &rows.collect::<String>()
}

/// An availability file of (RJ, NOVA).
pub(crate) fn availability(rows: &[(&str, i32)]) -> String {
    let rows = rows.iter().map(|(day, time)| format!("RJ;NOVA;{day};{time}\n"));
    "signal;program_code;date;available_time\n".to_owned() + &rows.collect::<String>()
}

fn pool(database: &str, role: &'static str) -> Pool {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: Server::shared().port(),
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "analytics-store tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    Pool::new(endpoint, None, Arc::new(Login(role)))
}
