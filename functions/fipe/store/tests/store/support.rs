//! A database with the schema of `sql/fipe`, and short ways to write messages.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fipe_core::message::{Brand, Calls, Crawl, Load, Model, ModelPrices, Price, Reference, YearFuel};
use function_postgres::migrations::{self, Migration};
use function_postgres::{Client, Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use jiff::Timestamp;
use test_postgres::{OWNER, OWNER_PASSWORD, Server};
use uuid::Uuid;

struct Owner;

impl SecretSource for Owner {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(Secret { username: OWNER.to_owned(), password: OWNER_PASSWORD.to_owned() }) })
    }
}

/// A database of its own with the schema; connections act as `fipe_app` and have its privileges only.
pub(crate) struct Database {
    name: String,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let database = Self::create_until("9999").await;
        // FIPE's table as a crawl brings it: 336 is August 2026, and for tests of many months 0 is January 2000.
        let months = "SELECT fipe_establish_references(array_agg(code), array_agg(month::date))
            FROM (VALUES (335, '2026-07-01'), (336, '2026-08-01'), (337, '2026-09-01')
                UNION ALL SELECT year, (2000 + year) || '-01-01' FROM generate_series(0, 24) AS year) AS listed (code, month)";
        database.owner().await.batch_execute(months).await.expect("FIPE's table");
        database
    }

    /// With the migrations that are numbered below `end` alone, and without FIPE's table.
    pub(crate) async fn create_until(end: &str) -> Self {
        let database = Self { name: Server::shared().create_database().await };
        database.migrate(end).await;
        database
    }

    /// Applies what is missing of the migrations that are numbered below `end`.
    pub(crate) async fn migrate(&self, end: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/fipe");
        let mut migrations = Migration::read_folder(&folder).expect("read sql/fipe");
        migrations.retain(|migration| *migration.name < *format!("fipe/{end}"));
        // Roles belong to the whole server, which the tests of this binary share, so they are created one after the other.
        static ROLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _alone = ROLES.lock().await;
        let mut client = pool(&self.name).get().await.expect("connect");
        migrations::apply(&mut client, &migrations).await.expect("apply sql/fipe");
    }

    /// A connection with the privileges of the application role.
    pub(crate) async fn connect(&self) -> Client {
        let client = pool(&self.name).get().await.expect("connect");
        client.batch_execute("SET ROLE fipe_app").await.expect("act as fipe_app");
        client
    }

    /// A connection that may do anything.
    pub(crate) async fn owner(&self) -> tokio_postgres::Client {
        Server::shared().connect(&self.name).await
    }
}

fn pool(database: &str) -> Pool {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: Server::shared().port(),
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "fipe-store tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    Pool::new(endpoint, None, Arc::new(Owner))
}

/// A crawl that started this many seconds after 1970.
pub(crate) fn crawl(id: u128) -> Crawl {
    let started_at = Timestamp::from_second(i64::try_from(id).expect("a small number")).expect("a time");
    Crawl { id: Uuid::from_u128(id), reference_code: 336, month: "2026-08".parse().expect("a month"), started_at }
}

pub(crate) fn references(crawl: &Crawl, table: &[(i32, String)]) -> Load {
    let reference = |(code, month): &(i32, String)| Reference { code: *code, month: month.parse().expect("a month") };
    Load::References { crawl: crawl.clone(), references: table.iter().map(reference).collect() }
}

pub(crate) fn brand(code: &str, name: &str) -> Brand {
    Brand { code: code.to_owned(), name: name.to_owned() }
}

pub(crate) fn brands(crawl: &Crawl, vehicle_type: i16, brands: &[(&str, &str)]) -> Load {
    let brands = brands.iter().map(|(code, name)| brand(code, name)).collect();
    Load::Brands { crawl: crawl.clone(), vehicle_type, brands, calls: Calls { made: 1, retried: 0 } }
}

pub(crate) fn models(crawl: &Crawl, vehicle_type: i16, code: &str, name: &str, models: &[(i32, &str)]) -> Load {
    let models = models.iter().map(|(code, name)| Model { code: *code, name: (*name).to_owned() }).collect();
    Load::Models {
        crawl: crawl.clone(),
        vehicle_type,
        brand: brand(code, name),
        models,
        calls: Calls { made: 2, retried: 1 },
    }
}

pub(crate) fn year_fuel(text: &str) -> YearFuel {
    text.parse().expect("a year and fuel")
}

pub(crate) fn price(pair: &str, amount: &str) -> Price {
    let year_fuel = year_fuel(pair);
    let fuel = if year_fuel.fuel_code == 3 { "Diesel" } else { "Gasolina" };
    Price {
        year_fuel,
        fuel: fuel.to_owned(),
        fipe_code: "015069-0".to_owned(),
        price: amount.parse().expect("an amount"),
    }
}

/// What is known of one model: pairs expected (`None` on a continuation), priced and without price.
pub(crate) fn model(code: i32, expected: Option<&[&str]>, priced: &[(&str, &str)], absent: &[&str]) -> ModelPrices {
    ModelPrices {
        code,
        expected: expected.map(|pairs| pairs.iter().map(|pair| year_fuel(pair)).collect()),
        prices: priced.iter().map(|(pair, amount)| price(pair, amount)).collect(),
        without_price: absent.iter().map(|pair| year_fuel(pair)).collect(),
        calls: Calls { made: 3, retried: 1 },
    }
}

pub(crate) fn prices(crawl: &Crawl, models: Vec<ModelPrices>) -> Load {
    Load::Prices { crawl: crawl.clone(), models }
}
