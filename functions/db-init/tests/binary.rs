//! The binary as Lambda starts it, against a stand-in Runtime API: a fault before the first event gets a response too.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Serves one event, then lets the function wait; forwards what is put to `/answer`.
struct Lambda {
    event: Value,
    given: AtomicBool,
    answers: mpsc::UnboundedSender<Value>,
}

async fn next(State(lambda): State<Arc<Lambda>>) -> Response {
    if lambda.given.swap(true, Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(30);
    let headers = [
        ("lambda-runtime-aws-request-id", "8b8a1f6c-5f0e-4b8c-9c39-5f7c6f6f0a11".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:FipeDbInit".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
    ];
    (headers, Json(lambda.event.clone())).into_response()
}

async fn answer(State(lambda): State<Arc<Lambda>>, body: String) -> StatusCode {
    lambda.answers.send(serde_json::from_str(&body).unwrap()).unwrap();
    StatusCode::OK
}

/// The response to a `Create` by the binary with these variables.
async fn answered(variables: &[(&str, &str)]) -> Value {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (answers, mut answered) = mpsc::unbounded_channel();
    let event = json!({
        "RequestType": "Create", "ResponseURL": format!("http://{address}/answer"), "StackId": "arn:stack",
        "RequestId": "r-1", "LogicalResourceId": "Schema", "ResourceType": "Custom::FipeSchema",
    });
    let lambda = Arc::new(Lambda { event, given: AtomicBool::new(false), answers });
    let app = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(async || StatusCode::ACCEPTED))
        .route("/answer", put(answer))
        .with_state(lambda);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut function = Command::new(env!("CARGO_BIN_EXE_db-init"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "FipeDbInit-dev")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("STAGE", "dev")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), answered.recv()).await;
    function.kill().unwrap();
    function.wait().unwrap();

    told.expect("an answer in time").unwrap()
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_told_to_cloudformation() {
    let told = answered(&[]).await;
    assert_eq!((&told["Status"], &told["PhysicalResourceId"]), (&json!("FAILED"), &json!("fipe-db-init")));
    let reason = told["Reason"].as_str().unwrap();
    assert!(reason.contains("RDS_HOST is not set") && reason.contains("DB_APP_SECRET_ARN is not set"), "{reason}");
}

#[tokio::test]
async fn an_archive_without_migrations_is_told_to_cloudformation() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let settings = [
        ("RDS_HOST", "127.0.0.1"),
        ("RDS_PORT", "1"),
        ("RDS_DATABASE", "fipedata"),
        ("RDS_TLS", "verify-full"),
        ("RDS_CA_BUNDLE", "/nowhere"),
        ("DB_OWNER_SECRET_ARN", "arn:owner"),
        ("DB_APP_SECRET_ARN", "arn:application"),
        ("LAMBDA_TASK_ROOT", root),
    ];
    let reason = async || answered(&settings).await["Reason"].as_str().unwrap().to_owned();
    let missing = reason().await;
    assert!(missing.contains(&format!("its archive must contain {root}/sql;")), "{missing}");
    std::fs::create_dir_all(folder.path().join("sql/fipe")).unwrap();
    let empty = reason().await;
    assert!(empty.contains("must hold the folder of one system") && empty.contains("found [\"fipe\"]"), "{empty}");
    std::fs::write(folder.path().join("sql/fipe/0001_first.sql"), "SELECT 1").unwrap();
    let next = reason().await;
    assert!(next.contains("no certificate authorities in /nowhere"), "the migrations are there: {next}");
}
