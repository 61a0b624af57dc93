//! The pool, secrets and roles against a real PostgreSQL.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use function_postgres::{Endpoint, Error, Fault, Pool, Secret, SecretSource, ServerLimits, classify, roles};
use test_postgres::Server;

use crate::{Owner, endpoint, owner};

/// A secret that can be rotated, and counts how often it is read.
struct Rotating {
    secret: Mutex<Secret>,
    fetches: AtomicUsize,
}

impl Rotating {
    fn new(username: &str, password: &str) -> Arc<Self> {
        Arc::new(Self { secret: Mutex::new(secret(username, password)), fetches: AtomicUsize::new(0) })
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

impl SecretSource for Rotating {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let secret = self.secret.lock().unwrap().clone();
        Box::pin(async { Ok(secret) })
    }
}

fn secret(username: &str, password: &str) -> Secret {
    Secret { username: username.to_owned(), password: password.to_owned() }
}

async fn kick_everybody_out(role: &str) {
    let sql = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = $1";
    Server::shared().connect("postgres").await.query_one(sql, &[&role]).await.unwrap();
}

#[tokio::test]
async fn a_rotated_password_is_fetched_again_once() {
    let server = Server::shared();
    let owner = owner(server, "postgres").get().await.unwrap();
    owner.batch_execute("CREATE ROLE rotated LOGIN").await.unwrap();
    roles::set_password(&owner, &secret("rotated", "first")).await.unwrap();

    let source = Rotating::new("rotated", "first");
    let pool = Pool::new(endpoint(server, "postgres"), Some("rotated".to_owned()), source.clone());
    assert_eq!(source.fetches(), 0, "nothing is fetched before it is needed");
    for _ in 0..3 {
        pool.get().await.unwrap().batch_execute("SELECT 1").await.unwrap();
    }
    kick_everybody_out("rotated").await;
    pool.get().await.unwrap().batch_execute("SELECT 1").await.unwrap();
    assert_eq!(source.fetches(), 1, "the secret is cached over connections");

    roles::set_password(&owner, &secret("rotated", "second")).await.unwrap();
    *source.secret.lock().unwrap() = secret("rotated", "second");
    kick_everybody_out("rotated").await;
    pool.get().await.unwrap().batch_execute("SELECT 1").await.unwrap();
    assert_eq!(source.fetches(), 2);

    roles::set_password(&owner, &secret("rotated", "third")).await.unwrap();
    kick_everybody_out("rotated").await;
    let error = pool.get().await.unwrap_err();
    assert_eq!(source.fetches(), 3, "once, not for ever");
    assert!(matches!(&error, Error::Connect { source, .. } if source.code().unwrap().code() == "28P01"), "{error:?}");
    assert!(error.is_refused_login() && error.is_retryable(), "the secret may follow in a moment");
    assert!(!format!("{error:?}{error}").contains("second"));
}

#[tokio::test]
async fn a_broken_connection_is_replaced_before_it_is_given_out() {
    let pool = owner(Server::shared(), "postgres");
    let pid =
        async || -> i32 { pool.get().await.unwrap().query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0) };
    let first = pid().await;
    assert_eq!(pid().await, first, "one connection serves all");
    let killer = Server::shared().connect("postgres").await;
    killer.query_one("SELECT pg_terminate_backend($1, 5000)", &[&first]).await.unwrap();
    assert_ne!(pid().await, first);
}

#[tokio::test]
async fn a_connection_is_kept_after_good_work_and_faults_of_the_data_alone() {
    let pool = owner(Server::shared(), "postgres");
    let run = async |sql: &str| {
        pool.work(async |client| {
            let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
            Ok::<_, Error>((pid, client.batch_execute(sql).await.is_ok()))
        })
        .await
    };
    let fails = async |sql: &str| pool.work(async |client| Ok::<_, Error>(client.batch_execute(sql).await?)).await;
    let pid = async || run("SELECT 1").await.unwrap().0;
    let first = pid().await;
    fails("SELECT 1 / 0").await.unwrap_err();
    assert_eq!(pid().await, first, "a value was at fault");
    for sql in ["SELECT * FROM nothing", "SET statement_timeout = 1; SELECT pg_sleep(1)"] {
        let before = pid().await;
        fails(sql).await.unwrap_err();
        assert_ne!(pid().await, before, "{sql}: it may hold settings or locks");
    }
    let before = pid().await;
    let unfinished = fails("SELECT pg_sleep(60)");
    tokio::time::timeout(std::time::Duration::from_millis(200), unfinished).await.unwrap_err();
    assert_ne!(pid().await, before, "nobody waited for the end of its work");
}

#[tokio::test]
async fn the_server_stops_what_no_function_waits_for() {
    let limited = Endpoint {
        limits: ServerLimits::of_timeout(std::time::Duration::from_secs(1)),
        ..endpoint(Server::shared(), "postgres")
    };
    let pool = Pool::new(limited, None, Arc::new(Owner));
    let setting = async |name: &str| -> String {
        pool.get().await.unwrap().query_one(&format!("SHOW {name}"), &[]).await.unwrap().get(0)
    };
    assert_eq!(setting("statement_timeout").await, "800ms");
    assert_eq!(setting("lock_timeout").await, "400ms");
    assert_eq!(setting("idle_in_transaction_session_timeout").await, "200ms");
    assert_eq!(setting("client_connection_check_interval").await, "2s");

    let code = async |sql: &str| {
        let error = pool.get().await.unwrap().batch_execute(sql).await.unwrap_err();
        assert_eq!(classify(&error), Fault::Transient, "{sql}: {error}");
        error.code().unwrap().code().to_owned()
    };
    assert_eq!(code("SELECT pg_sleep(60)").await, "57014");
    let holder = Server::shared().connect("postgres").await;
    holder.batch_execute("SELECT pg_advisory_lock(4711)").await.unwrap();
    assert_eq!(code("SELECT pg_advisory_lock(4711)").await, "55P03");

    let mut client = pool.get().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let error = transaction.batch_execute("SELECT 1").await.unwrap_err();
    assert_eq!(classify(&error), Fault::Transient, "a frozen function keeps no locks: {error}");
}

/// Closing the socket is what the kernel does for a process that is killed.
#[tokio::test]
async fn a_statement_ends_with_the_function_that_was_killed() {
    let pool = owner(Server::shared(), "postgres");
    let client = pool.get().await.unwrap();
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let killed = tokio::time::timeout(Duration::from_millis(200), client.batch_execute("SELECT pg_sleep(60)")).await;
    killed.unwrap_err();
    let observer = Server::shared().connect("postgres").await;
    let is_running = async || -> bool {
        let sql = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')";
        observer.query_one(sql, &[&pid]).await.unwrap().get(0)
    };
    assert!(is_running().await, "the statement has begun");
    drop(deadpool::managed::Object::take(client));
    let closed = Instant::now();
    while is_running().await {
        assert!(closed.elapsed() < Duration::from_secs(10), "it runs on after {:?}", closed.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_worth_another_try() {
    let mut server = Server::start(&[]);
    let pool = owner(&server, "postgres");
    let client = pool.get().await.unwrap();
    server.stop();
    let error = client.batch_execute("SELECT 1").await.unwrap_err();
    assert_eq!(classify(&error), Fault::Transient, "{error:?}");
    drop(client);
    let error = pool.get().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    server.resume();
    pool.get().await.unwrap().batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn failures_are_told_apart_by_whose_fault_they_are() {
    let client = Server::shared().connect("postgres").await;
    for (sql, fault) in [
        ("SELECT 1 / 0", Fault::Data),
        ("SELECT 1e10::numeric(3)", Fault::Data),
        ("DO $$ BEGIN RAISE unique_violation; END $$", Fault::Data),
        ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", Fault::Transient),
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", Fault::Transient),
        ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", Fault::Transient),
        ("DO $$ BEGIN RAISE SQLSTATE '57P03'; END $$", Fault::Transient),
        ("SET statement_timeout = 1; SELECT pg_sleep(1)", Fault::Transient),
        ("BEGIN READ ONLY; CREATE TABLE t ()", Fault::Transient),
        ("SELECT * FROM nothing", Fault::Permanent),
        ("DO $$ BEGIN RAISE SQLSTATE '42501'; END $$", Fault::Permanent),
    ] {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(classify(&error), fault, "{sql}: {error}");
        client.batch_execute("ROLLBACK; RESET ALL").await.unwrap();
    }
    let error = client.execute("SELECT $1::integer", &[&"a text"]).await.unwrap_err();
    assert_eq!(classify(&error), Fault::Data, "{error}");
}

#[test]
fn a_password_is_not_shown() {
    assert_eq!(format!("{:?}", secret("fipe_app", "hidden")), r#"Secret { username: "fipe_app", .. }"#);
    let pool = Pool::new(endpoint(Server::shared(), "postgres"), None, Rotating::new("fipe_app", "hidden"));
    assert!(!format!("{pool:?}").contains("hidden"));
}

#[tokio::test]
async fn a_password_reaches_the_server_as_a_verifier_alone() {
    let server = Server::start(&[("log_statement", "all")]);
    let owner = owner(&server, "postgres").get().await.unwrap();
    let name = r#"o"dd"#;
    owner.batch_execute(r#"CREATE ROLE "o""dd" LOGIN"#).await.unwrap();
    roles::set_password(&owner, &secret(name, "hun'ter2")).await.unwrap();
    let log = server.log();
    assert!(log.contains(r#"ALTER ROLE "o""dd" PASSWORD 'SCRAM-SHA-256$"#), "{log}");
    assert!(!log.contains("ter2"));
    let pool = Pool::new(endpoint(&server, "postgres"), None, Rotating::new(name, "hun'ter2"));
    assert!(pool.get().await.is_ok());
}

#[test]
fn pghostaddr_is_an_address_or_nothing() {
    let read =
        |value: Option<&str>| Endpoint::hostaddr(|name| (name == "PGHOSTADDR").then(|| value.map(str::to_owned))?);
    assert_eq!(read(None).unwrap(), None);
    assert_eq!(read(Some("")).unwrap(), None);
    assert_eq!(read(Some("127.0.0.1")).unwrap(), Some([127, 0, 0, 1].into()));
    assert_eq!(read(Some("localhost")).unwrap_err().to_string(), "PGHOSTADDR \"localhost\" is not an IP address");
}
