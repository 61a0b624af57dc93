//! Whole batches on a real PostgreSQL, with a topic and a server that fail on demand.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fipe_contract::{NEWEST_MONTH, StatusQuestion};
use fipe_core::message::{Brand, Calls, Crawl, Load, ModelPrices, Price, Reference};
use fipe_soma_ingestor::{CrawlComplete, Ingestor, Topic};
use fipe_store::BoxError;
use function_postgres::migrations::{Migration, apply};
use function_postgres::{Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls, roles};
use function_runtime::{Failure, Function, Invocation, Message, Outcomes};
use test_postgres::{OWNER, OWNER_PASSWORD, Server};
use uuid::Uuid;

struct Fixed(Secret);

impl SecretSource for Fixed {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A secret that still has the old password for the next few fetches, as during a rotation.
struct Rotating(AtomicU32, Secret);

impl SecretSource for Rotating {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        let old = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let password = if old { "the old one".to_owned() } else { self.1.password.clone() };
        Box::pin(async { Ok(Secret { password, ..self.1.clone() }) })
    }
}

/// A topic that fails this many times before it accepts a message.
#[derive(Default)]
struct FlakyTopic {
    failures: Cell<u32>,
    told: RefCell<Vec<CrawlComplete>>,
}

impl Topic for &FlakyTopic {
    async fn publish(&self, message: &CrawlComplete) -> Result<(), BoxError> {
        if self.failures.get() > 0 {
            self.failures.set(self.failures.get() - 1);
            return Err("the topic is away".into());
        }
        self.told.borrow_mut().push(message.clone());
        Ok(())
    }
}

fn pool(server: &Server, database: &str, user: &str, password: &str) -> Pool {
    let secret = Secret { username: user.to_owned(), password: password.to_owned() };
    pool_with(server, database, Fixed(secret))
}

fn pool_with(server: &Server, database: &str, secrets: impl SecretSource + 'static) -> Pool {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port: server.port(),
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "ingestor tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    Pool::new(endpoint, None, Arc::new(secrets))
}

/// A pool of the application role over an empty database with the schema.
async fn prepare(server: &Server, database: &str) -> Pool {
    let migrations = Migration::read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/fipe")).unwrap();
    static ROLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = ROLES.lock().await;
    let mut owner = pool(server, database, OWNER, OWNER_PASSWORD).get().await.unwrap();
    apply(&mut owner, &migrations).await.unwrap();
    let secret = Secret { username: "fipe_app".to_owned(), password: "application".to_owned() };
    roles::set_password(&owner, &secret).await.unwrap();
    owner.batch_execute("SELECT fipe_establish_references('{336}', '{2026-08-01}')").await.unwrap();
    pool(server, database, "fipe_app", "application")
}

async fn fresh() -> (String, Pool) {
    let database = Server::shared().create_database().await;
    let pool = prepare(Server::shared(), &database).await;
    (database, pool)
}

fn function() -> Function {
    Function::new("FipeSomaIngestor", "local", "Fipe")
}

fn invocation() -> Invocation {
    Invocation::new("request", Duration::from_secs(60))
}

fn crawl() -> Crawl {
    Crawl {
        id: Uuid::from_u128(1),
        reference_code: 336,
        month: "2026-08".parse().unwrap(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn brands(vehicle_type: i16) -> Load {
    Load::Brands { crawl: crawl(), vehicle_type, brands: Vec::new(), calls: Calls::default() }
}

fn prices(model: i32, amount: &str) -> Load {
    let year_fuel = "2014-1".parse().unwrap();
    let price = Price {
        year_fuel,
        fuel: "Gasolina".to_owned(),
        fipe_code: "015069-0".to_owned(),
        price: amount.parse().unwrap(),
    };
    let prices = vec![price];
    let model = ModelPrices {
        code: model,
        expected: Some(vec![year_fuel]),
        prices,
        without_price: Vec::new(),
        calls: Calls::default(),
    };
    Load::Prices { crawl: crawl(), models: vec![model] }
}

fn messages(loads: impl IntoIterator<Item = Load>) -> Vec<Message<Load>> {
    let message = |(index, body)| Message {
        id: format!("m{index}"),
        group: None,
        receive_count: 1,
        hand_ons: 0,
        attributes: BTreeMap::new(),
        body,
    };
    loads.into_iter().enumerate().map(message).collect()
}

fn ends(outcomes: &Outcomes) -> Vec<String> {
    let end = |outcome: &Result<(), Failure>| match outcome {
        Ok(()) => "done".to_owned(),
        Err(failure) if failure.is_retryable() => format!("comes back: {}", failure.reason()),
        Err(failure) => format!("{}: {}", failure.kind(), failure.reason()),
    };
    outcomes.iter().map(|(id, outcome)| format!("{id} {}", end(outcome))).collect()
}

async fn models(server: &Server, database: &str) -> Vec<i32> {
    let sql = "SELECT model_code FROM fipe_vehicle_model_value ORDER BY 1";
    server.connect(database).await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_poison_message_does_not_take_its_batch_along() {
    let (database, pool) = fresh().await;
    let topic = FlakyTopic::default();
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    let mut other_month = prices(3, "3");
    if let Load::Prices { crawl, .. } = &mut other_month {
        (crawl.id, crawl.reference_code) = (Uuid::from_u128(2), 400);
    }
    let batch = messages([prices(1, "1"), prices(2, "0"), other_month, prices(4, "4")]);
    let outcomes = ingestor.ingest(batch, &invocation()).await;
    let ends = ends(&outcomes);
    assert_eq!(ends[0], "m0 done");
    assert_eq!(
        ends[1],
        "m1 unstorable: price 0 of model 2 year 2014-1 is not an amount above 0 and below 10^10 with at most two places"
    );
    // What only the database can know, and what only FIPE's table can change: it waits.
    assert!(
        ends[2].starts_with("m2 comes back: reference 400 (2026-08) is not in FIPE's table of references yet"),
        "{}",
        ends[2]
    );
    assert_eq!(ends[3], "m3 done");
    assert_eq!(models(Server::shared(), &database).await, [1, 4]);
}

#[tokio::test]
async fn the_completing_message_comes_back_until_the_topic_was_told() {
    let (_, pool) = fresh().await;
    let topic = FlakyTopic { failures: Cell::new(1), ..FlakyTopic::default() };
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    let batch = || messages([brands(1), brands(2), brands(3)]);
    let id = crawl().id;
    let outcomes = ingestor.ingest(batch(), &invocation()).await;
    let failed = format!("m2 comes back: telling that crawl {id} is complete: the topic is away");
    assert_eq!(ends(&outcomes), ["m0 done".to_owned(), "m1 done".to_owned(), failed]);
    assert_eq!(topic.told.borrow().len(), 0);

    let redelivered = vec![batch().remove(2)];
    assert_eq!(ends(&ingestor.ingest(redelivered, &invocation()).await), ["m2 done"]);
    assert_eq!(ends(&ingestor.ingest(batch(), &invocation()).await), ["m0 done", "m1 done", "m2 done"]);
    let told = topic.told.borrow();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].crawl_id, told[0].reference_month.as_str()), (id, "2026-08"));
}

#[tokio::test]
async fn the_notification_counts_what_was_loaded() {
    let (_, pool) = fresh().await;
    let topic = FlakyTopic::default();
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    let brand = Brand { code: "25".to_owned(), name: "Hyundai".to_owned() };
    let cars = Load::Brands { crawl: crawl(), vehicle_type: 1, brands: vec![brand.clone()], calls: Calls::default() };
    let model = fipe_core::message::Model { code: 7, name: "HB20".to_owned() };
    let models = Load::Models { crawl: crawl(), vehicle_type: 1, brand, models: vec![model], calls: Calls::default() };
    let batch = messages([prices(7, "39225.00"), models, cars, brands(2), brands(3)]);
    assert!(ingestor.ingest(batch, &invocation()).await.iter().all(|(_, end)| end.is_ok()));
    let told = topic.told.take();
    assert_eq!((told[0].brands, told[0].models, told[0].prices, told[0].prices_absent), (1, 1, 1, 0));
    assert!(told[0].completed_at.is_some());

    let asked = async |crawl_id: Option<u128>, month: Option<&str>| {
        let question = StatusQuestion { crawl_id: crawl_id.map(Uuid::from_u128), month: month.map(str::to_owned) };
        ingestor.status(question).await
    };
    let status = asked(None, None).await.unwrap().unwrap();
    assert_eq!(status.completed_at, told[0].completed_at);
    assert_eq!(asked(Some(9), None).await.unwrap(), None);
    for month in [NEWEST_MONTH, &status.reference_month] {
        assert_eq!(asked(None, Some(month)).await.unwrap().as_ref(), Some(&status), "{month}");
    }
    assert_eq!(asked(None, Some("2001-01")).await.unwrap(), None);
    let failure = asked(None, Some("august")).await.unwrap_err();
    assert_eq!((failure.kind(), failure.is_retryable()), ("month", false));
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let mut server = Server::start(&[]);
    let database = server.create_database().await;
    let pool = prepare(&server, &database).await;
    let topic = FlakyTopic::default();
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    assert_eq!(ends(&ingestor.ingest(messages([prices(1, "1")]), &invocation()).await), ["m0 done"]);

    server.stop();
    let short = Invocation::new("request", Duration::from_secs(1));
    let outcomes = ingestor.ingest(messages([prices(2, "2")]), &short).await;
    assert!(ends(&outcomes)[0].starts_with("m0 comes back: the database is out of reach: "), "{outcomes:?}");

    let invocation = invocation();
    let ingest = ingestor.ingest(messages([prices(3, "3")]), &invocation);
    let resume = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.resume();
    };
    let (outcomes, ()) = tokio::join!(ingest, resume);
    assert_eq!(ends(&outcomes), ["m0 done"]);
    assert_eq!(models(&server, &database).await, [1, 3]);
}

#[tokio::test]
async fn a_password_that_is_being_rotated_is_waited_for_and_a_wrong_one_comes_back() {
    let (database, _) = fresh().await;
    let topic = FlakyTopic::default();
    let function = function();
    let ingest = async |stale: u32, left: Duration| {
        let secret = Secret { username: "fipe_app".to_owned(), password: "application".to_owned() };
        let pool = pool_with(Server::shared(), &database, Rotating(stale.into(), secret));
        let invocation = Invocation::new("request", left);
        ends(&Ingestor::new(&function, pool, &topic).ingest(messages([prices(1, "1")]), &invocation).await)
    };
    assert_eq!(ingest(5, Duration::from_secs(60)).await, ["m0 done"]);
    let wrong = ingest(u32::MAX, Duration::from_secs(1)).await;
    assert!(wrong[0].starts_with("m0 comes back: the database is out of reach: "), "{wrong:?}");
    assert!(!wrong[0].contains("the old one"), "no password in a reason: {wrong:?}");
}

#[tokio::test]
async fn a_connection_that_dies_in_mid_batch_costs_nothing() {
    let (database, pool) = fresh().await;
    let topic = FlakyTopic::default();
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    let batch = |n: i32| messages((0..10).map(move |model| prices(n * 10 + model, "5")));
    let killer = Server::shared().connect(&database).await;
    let mut killed = 0;
    for n in 0..20 {
        let invocation = invocation();
        let ingest = ingestor.ingest(batch(n), &invocation);
        let kill = async {
            tokio::time::sleep(Duration::from_millis(n.unsigned_abs().into())).await;
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = 'fipe_app' AND datname = current_database()";
            killer.query(sql, &[]).await.unwrap().len()
        };
        let (outcomes, victims) = tokio::join!(ingest, kill);
        assert!(outcomes.iter().all(|(_, end)| end.is_ok()), "{outcomes:?}");
        killed += victims;
    }
    assert!(killed > 5, "{killed}");
    assert_eq!(models(Server::shared(), &database).await, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_missing_table_is_no_fault_of_the_message() {
    let database = Server::shared().create_database().await;
    let pool = pool(Server::shared(), &database, OWNER, OWNER_PASSWORD);
    let topic = FlakyTopic::default();
    let function = function();
    let ingestor = Ingestor::new(&function, pool, &topic);
    let outcomes = ingestor.ingest(messages([prices(1, "1")]), &invocation()).await;
    assert!(ends(&outcomes)[0].starts_with("m0 comes back: storing in PostgreSQL: "), "{outcomes:?}");
}

#[tokio::test]
async fn a_message_that_overtakes_the_table_of_references_waits_for_it() {
    let (database, pool) = fresh().await;
    let (topic, function) = (FlakyTopic::default(), function());
    let ingestor = Ingestor::new(&function, pool, &topic);
    let owner = Server::shared().connect(&database).await;
    owner.batch_execute("DELETE FROM fipe_reference_month").await.unwrap();
    let table = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let references = vec![Reference { code: 336, month: "2026-08".parse().unwrap() }];
        ingestor.ingest(messages([Load::References { crawl: crawl(), references }]), &invocation()).await
    };
    let begun = invocation();
    let early = ingestor.ingest(messages([prices(1, "1")]), &begun);
    let (early, table) = tokio::join!(early, table);
    assert_eq!((ends(&early), ends(&table)), (vec!["m0 done".to_owned()], vec!["m0 done".to_owned()]));
}
