//! The custom resource with a real PostgreSQL, responding to a real HTTP server.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use db_init::{bring_up, handle};
use function_postgres::migrations::Migration;
use function_postgres::{Endpoint, Error, Pool, Secret, SecretSource, ServerLimits, Tls};
use function_runtime::Invocation;
use serde_json::{Value, json};
use test_postgres::{OWNER, OWNER_PASSWORD, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ID: &str = "fipe-db-init";

fn fipe() -> Vec<Migration> {
    Migration::read_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/fipe"))).unwrap()
}

struct Fixed(Secret);

impl SecretSource for Fixed {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + '_>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

fn fixed(username: &str, password: &str) -> Arc<Fixed> {
    Arc::new(Fixed(Secret { username: username.to_owned(), password: password.to_owned() }))
}

fn pool(port: u16, database: &str, username: &str, password: &str) -> Pool {
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        hostaddr: None,
        port,
        database: database.to_owned(),
        tls: Tls::Disable,
        application_name: "db-init tests".to_owned(),
        limits: ServerLimits::of_timeout(Duration::from_secs(60)),
    };
    Pool::new(endpoint, None, fixed(username, password))
}

/// The server behind a ResponseURL: accepts responses, after as many failures as configured.
#[derive(Clone, Default)]
struct Sink {
    answers: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Sink {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=hidden", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn answers(&self) -> Vec<Value> {
        self.answers.lock().unwrap().clone()
    }
}

async fn take(State(sink): State<Sink>, headers: HeaderMap, body: String) -> StatusCode {
    let mut refusals = sink.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    assert!(headers.get("content-type").is_none(), "the address is signed for a request without a content type");
    assert!(body.len() <= 4_096);
    sink.answers.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    StatusCode::OK
}

async fn panics() -> Result<Vec<String>, Error> {
    panic!("secret inside")
}

async fn nothing() -> Result<Vec<String>, Error> {
    Ok(Vec::new())
}

fn event(request_type: &str, url: &str) -> Value {
    json!({
        "RequestType": request_type, "ResponseURL": url, "StackId": "arn:stack", "RequestId": "r-1",
        "LogicalResourceId": "Schema", "ResourceType": "Custom::Schema", "ResourceProperties": {"ServiceToken": "arn:function"},
    })
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn until(seconds: u64) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(seconds)
}

fn invocation() -> Invocation {
    Invocation::new("request", Duration::from_secs(60))
}

#[tokio::test]
async fn create_brings_the_database_up_and_the_application_role_can_log_in() {
    let server = Server::start(&[("log_statement", "all")]);
    let database = server.create_database().await;
    // As on RDS: the database owner is not a superuser, but may create roles and grant rds_iam.
    let superuser = server.connect(&database).await;
    let set_up = format!(
        "CREATE ROLE rds_iam; CREATE ROLE fipe_owner LOGIN CREATEROLE PASSWORD 'owner';
        GRANT rds_iam TO fipe_owner WITH ADMIN TRUE; ALTER DATABASE {database} OWNER TO fipe_owner"
    );
    superuser.batch_execute(&set_up).await.unwrap();
    let sink = Sink::default();
    let url = sink.start().await;
    let owner = pool(server.port(), &database, "fipe_owner", "owner");
    let all = fipe();
    let run = async |request_type: &str, password: &str| {
        let application = fixed("fipe_app", password);
        let work = bring_up(&owner, application.as_ref(), &all, until(20), |_| ());
        handle(event(request_type, &url), &invocation(), &http(), ID, work).await.unwrap();
        sink.answers().last().unwrap().clone()
    };

    let names = all.iter().map(|migration| migration.name.to_string()).collect::<Vec<_>>().join(" ");
    assert!(names.starts_with("fipe/0001_"), "{names}");
    let created = run("Create", "opensesame-1").await;
    let expected = |applied: &str| {
        json!({
            "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": ID, "StackId": "arn:stack",
            "RequestId": "r-1", "LogicalResourceId": "Schema", "Data": {"Applied": applied},
        })
    };
    assert_eq!(created, expected(&names));
    let application = pool(server.port(), &database, "fipe_app", "opensesame-1");
    application.get().await.unwrap().query("SELECT * FROM fipe_prices", &[]).await.unwrap();

    assert_eq!(run("Update", "opensesame-2").await, expected(""), "the same physical id, so nothing is replaced");
    assert!(pool(server.port(), &database, "fipe_app", "opensesame-2").get().await.is_ok());
    assert!(pool(server.port(), &database, "fipe_app", "opensesame-1").get().await.is_err());

    let members =
        "SELECT pg_has_role('fipe_reader', 'rds_iam', 'member'), pg_has_role('fipe_app', 'rds_iam', 'member')";
    let row = superuser.query_one(members, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (true, false), "a member of rds_iam cannot log in with a password on RDS");
    let log = server.log();
    assert!(log.contains("ALTER ROLE") && !log.contains("opensesame"));
}

#[tokio::test]
async fn delete_succeeds_without_a_database() {
    let sink = Sink::default();
    let url = sink.start().await;
    let mut event = event("Delete", &url);
    event["PhysicalResourceId"] = json!("2026/11/21/[$LATEST]0123");
    let nowhere = pool(1, "none", OWNER, OWNER_PASSWORD);
    handle(event, &invocation(), &http(), ID, bring_up(&nowhere, fixed("a", "b").as_ref(), &[], until(20), |_| ()))
        .await
        .unwrap();
    let answer = sink.answers().remove(0);
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(answer["PhysicalResourceId"], "2026/11/21/[$LATEST]0123", "also what a failed creation left behind");
}

#[tokio::test]
async fn a_resource_keeps_the_id_that_it_has() {
    let sink = Sink::default();
    let url = sink.start().await;
    let mut event = event("Update", &url);
    event["PhysicalResourceId"] = json!("an-older-id");
    handle(event, &invocation(), &http(), ID, nothing()).await.unwrap();
    assert_eq!(sink.answers()[0]["PhysicalResourceId"], "an-older-id");
}

#[tokio::test]
async fn an_error_is_answered_with_its_reason_and_without_secrets() {
    let sink = Sink::default();
    let url = sink.start().await;
    let wrong = pool(Server::shared().port(), "postgres", OWNER, "wrong-password");
    handle(
        event("Create", &url),
        &invocation(),
        &http(),
        ID,
        bring_up(&wrong, fixed("a", "b").as_ref(), &[], until(2), |_| ()),
    )
    .await
    .unwrap();
    let answer = sink.answers().remove(0);
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("password authentication failed for user \"postgres\""), "{reason}");
    assert!(!reason.contains("wrong-password"));
}

/// A server that refuses log-ins with this SQLSTATE as a cluster does while it resumes, so many times, and then hands over to the real one.
async fn waking(code: &'static str, refusals: usize, real: u16) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            if number < refusals {
                let mut request = [0; 1024];
                let _ = client.read(&mut request).await.unwrap();
                let fields = format!("SFATAL\0VFATAL\0C{code}\0Mno pg_hba.conf entry for host\0\0");
                let mut answer = vec![b'E'];
                answer.extend_from_slice(&u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
                answer.extend_from_slice(fields.as_bytes());
                client.write_all(&answer).await.unwrap();
            } else {
                let mut server = tokio::net::TcpStream::connect(("127.0.0.1", real)).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    port
}

#[tokio::test]
async fn a_cluster_that_refuses_log_ins_while_it_resumes_is_waited_for() {
    let database = Server::shared().create_database().await;
    for code in ["28000", "57P03", "53300"] {
        let port = waking(code, 2, Server::shared().port()).await;
        let owner = pool(port, &database, OWNER, OWNER_PASSWORD);
        let application = fixed(OWNER, OWNER_PASSWORD);
        let told = Mutex::new(Vec::new());
        let work = bring_up(&owner, application.as_ref(), &[], until(20), |error| {
            told.lock().unwrap().push(error.is_retryable());
        });
        assert_eq!(work.await.unwrap(), Vec::<String>::new(), "{code}");
        assert_eq!(*told.lock().unwrap(), [true], "{code}: a reason is told once");
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_not_waited_for() {
    let owner = pool(Server::shared().port(), "no_such_database", OWNER, OWNER_PASSWORD);
    let application = fixed("a", "b");
    let error =
        bring_up(&owner, application.as_ref(), &[], until(20), |_| panic!("no reason to wait")).await.unwrap_err();
    assert!(matches!(error, db_init::SchemaError::Failed(_)), "{error:?}");
}

#[tokio::test]
async fn a_migration_that_fails_names_itself() {
    let sink = Sink::default();
    let url = sink.start().await;
    let database = Server::shared().create_database().await;
    let owner = pool(Server::shared().port(), &database, OWNER, OWNER_PASSWORD);
    let mut broken = fipe();
    broken[1].sql = "CREATE TABLE fipe_vehicle_model ()".into();
    handle(
        event("Create", &url),
        &invocation(),
        &http(),
        ID,
        bring_up(&owner, fixed("a", "b").as_ref(), &broken, until(20), |_| ()),
    )
    .await
    .unwrap();
    let reason = sink.answers()[0]["Reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with(&format!("migration {} failed and was rolled back: ", broken[1].name)), "{reason}");
    assert!(reason.contains("already exists"), "{reason}");
}

#[tokio::test]
async fn a_panic_is_answered() {
    let sink = Sink::default();
    let url = sink.start().await;
    handle(event("Update", &url), &invocation(), &http(), ID, panics()).await.unwrap();
    let answer = sink.answers().remove(0);
    assert_eq!(
        (&answer["Status"], &answer["Reason"]),
        (&json!("FAILED"), &json!("the function panicked: see its log"))
    );
}

#[tokio::test]
async fn a_waking_database_is_waited_for() {
    let mut server = Server::start(&[]);
    let database = server.create_database().await;
    let owner = pool(server.port(), &database, OWNER, OWNER_PASSWORD);
    let sink = Sink::default();
    let url = sink.start().await;
    server.stop();
    let all = fipe();
    let http = http();
    let invocation = invocation();
    let application = fixed("fipe_app", "p");
    let work = handle(
        event("Create", &url),
        &invocation,
        &http,
        ID,
        bring_up(&owner, application.as_ref(), &all, until(20), |_| ()),
    );
    let wake = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.resume();
    };
    tokio::join!(work, wake).0.unwrap();
    assert_eq!(sink.answers()[0]["Status"], "SUCCESS");
}

#[tokio::test]
async fn the_deadline_is_answered_before_it_strikes() {
    let sink = Sink::default();
    let url = sink.start().await;
    let nobody = pool(1, "none", OWNER, OWNER_PASSWORD);
    let invocation = Invocation::new("request", Duration::from_secs(3));
    handle(
        event("Create", &url),
        &invocation,
        &http(),
        ID,
        bring_up(&nobody, fixed("a", "b").as_ref(), &[], invocation.work_until, |_| ()),
    )
    .await
    .unwrap();
    assert!(tokio::time::Instant::now() < invocation.deadline);
    let answer = sink.answers().remove(0);
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.starts_with("the database was not available for 2 s: retry when it is: connecting to "), "{reason}");
    assert!(reason.contains("Connection refused"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let sink = Sink::default();
    *sink.refusals.lock().unwrap() = 2;
    let url = sink.start().await;
    handle(event("Delete", &url), &invocation(), &http(), ID, nothing()).await.unwrap();
    assert_eq!(sink.answers().len(), 1);

    *sink.refusals.lock().unwrap() = u32::MAX;
    let failure = handle(event("Delete", &url), &invocation(), &http(), ID, nothing()).await.unwrap_err();
    assert_eq!(failure.reason(), "answering CloudFormation: status 503 Service Unavailable");
    let nobody = "http://127.0.0.1:1/answer?X-Amz-Signature=hidden";
    let failure = handle(event("Delete", nobody), &invocation(), &http(), ID, nothing()).await.unwrap_err();
    assert!(failure.is_retryable() && !format!("{failure:?} {}", failure.reason()).contains("hidden"), "{failure:?}");
}

#[tokio::test]
async fn a_request_of_another_kind_fails_and_one_without_an_address_is_malformed() {
    let sink = Sink::default();
    let url = sink.start().await;
    handle(event("Rename", &url), &invocation(), &http(), ID, nothing()).await.unwrap();
    assert_eq!(sink.answers()[0]["Reason"], "request type \"Rename\" is none of Create, Update, Delete");
    let failure = handle(json!({"RequestType": "Create"}), &invocation(), &http(), ID, nothing()).await.unwrap_err();
    assert_eq!(failure.kind(), "malformed");
}
