//! The secret's adapter: the real AWS client against an HTTP server that imitates Secrets Manager.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use function_postgres::{Error, Secret, SecretSource, SecretsManager};
use serde_json::{Value, json};

use aws_sdk_secretsmanager::config::{Credentials, Region, SharedCredentialsProvider};

async fn answer(headers: HeaderMap, body: String) -> impl IntoResponse {
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    let request: Value = serde_json::from_str(&body).expect("a JSON body");
    let text = match request["SecretId"].as_str() {
        Some("good") => r#"{"username":"fipe_app","password":"hidden","engine":"postgres","port":5432}"#,
        Some("text") => "hidden",
        Some("empty") => r#"{"username":"fipe_app","password":""}"#,
        Some("number") => r#"{"username":"fipe_app","password":12345678}"#,
        _ => {
            return (
                StatusCode::BAD_REQUEST,
                json!({"__type": "ResourceNotFoundException", "message": "no such"}).to_string(),
            );
        }
    };
    (StatusCode::OK, json!({"ARN": "arn", "Name": "name", "SecretString": text}).to_string())
}

async fn client() -> aws_sdk_secretsmanager::Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let credentials = SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "test"));
    let config = function_runtime::sdk_config().into_builder().endpoint_url(url).region(Region::new("sa-east-1"));
    aws_sdk_secretsmanager::Client::new(&config.credentials_provider(credentials).build())
}

#[tokio::test]
async fn a_secret_is_a_user_name_and_a_password() {
    let secret = SecretsManager::new(client().await, "good").fetch().await.expect("a secret");
    assert_eq!(secret, Secret { username: "fipe_app".to_owned(), password: "hidden".to_owned() });
}

#[tokio::test]
async fn a_secret_of_another_shape_is_named_and_not_shown() {
    let client = client().await;
    for id in ["text", "empty", "number"] {
        let error = SecretsManager::new(client.clone(), id).fetch().await.expect_err("another shape");
        assert!(matches!(error, Error::SecretShape { .. }), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(id) && !shown.contains("hidden") && !shown.contains("12345678"), "{shown}");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_no_reason_to_try_again() {
    let error = SecretsManager::new(client().await, "missing").fetch().await.expect_err("no such secret");
    assert_eq!(error.to_string(), "fetching secret missing");
    assert!(!error.is_retryable());
}
