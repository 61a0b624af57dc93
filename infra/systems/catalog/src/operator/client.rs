//! The API as its clients use it: who writes and who reads says who it is, as the stage wants it.

use std::time::{Duration, Instant};

use aws_access::{Answer, Unsigned, call_error, signature};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client as Secrets;
use contract::Authorization;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Body, Client, Response, StatusCode, header};
use serde_json::{Value, json};
use system::{DeployedStack, Failed, StageName, is_busy};

use super::{CatalogError, Invoke};
use crate::stack::{READING_AUTHORIZATION, WRITING_AUTHORIZATION};

/// Before the first poll; after that the API says how long to wait.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The API as a client.
pub(super) struct Api<'a> {
    config: &'a SdkConfig,
    client: Client,
    pub(super) url: String,
    writing: Credential,
    reading: Credential,
}

/// How a client says who it is.
enum Credential {
    Nobody,
    Token(String),
    /// Signature Version 4, with the credentials of the configuration.
    Signature,
}

pub(super) struct Posted {
    pub(super) id: String,
    pub(super) location: String,
    at: Instant,
    pub(super) took: Duration,
}

pub(super) struct Saved {
    pub(super) product: Value,
    /// Since the product was submitted.
    pub(super) took: Duration,
}

impl<'a> Api<'a> {
    /// The deployed API, with what it wants of those who write and of those who read.
    pub(super) async fn open(config: &'a SdkConfig, deployed: &DeployedStack) -> Result<Self, Failed> {
        let credential = async |output| match deployed.optional_output(output) {
            Some(said) if said == Authorization::Token.as_str() => {
                let arn = deployed.output("ApiTokenArn")?;
                Ok(Credential::Token(read_token(&Secrets::new(config), arn).await?))
            }
            Some(said) if said == Authorization::Iam.as_str() => Ok(Credential::Signature),
            _ => Ok::<_, Failed>(Credential::Nobody),
        };
        let writing = credential(WRITING_AUTHORIZATION).await?;
        let reading = credential(READING_AUTHORIZATION).await?;
        Self::new(config, deployed.address("ApiUrl")?, writing, reading)
    }

    fn new(config: &'a SdkConfig, url: String, writing: Credential, reading: Credential) -> Result<Self, Failed> {
        // This fails only if a provider is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(CALL_TIMEOUT).build().map_err(Failed::other)?;
        Ok(Self { config, client, url, writing, reading })
    }

    pub(super) async fn post(&self, arguments: &Invoke) -> Result<Posted, CatalogError> {
        let url = format!("{}/products", self.url);
        let product = json!({"name": arguments.name, "description": arguments.description, "price": arguments.price});
        let mut request = self.client.post(&url).json(&product);
        if let Some(key) = &arguments.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let at = Instant::now();
        let response = self.answer(&self.writing, request, &url).await?;
        let took = at.elapsed();
        let status = response.status();
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_default().to_owned();
        let body = self.json(response, &url).await?;
        match (status, body["id"].as_str()) {
            (StatusCode::ACCEPTED, Some(id)) if !location.is_empty() => {
                Ok(Posted { id: id.to_owned(), location, at, took })
            }
            (status, _) if status.is_client_error() && !is_busy(status.as_u16()) => {
                Err(CatalogError::Refused { status, detail: detail(&body) })
            }
            _ => Err(CatalogError::Unexpected { request: format!("POST {url}"), status, detail: detail(&body) }),
        }
    }

    pub(super) async fn until_saved(
        &self,
        posted: &Posted,
        stage: StageName,
        limit: Duration,
    ) -> Result<Saved, CatalogError> {
        let url = format!("{}{}", self.url, posted.location);
        let mut pause = FIRST_LOOK;
        loop {
            tokio::time::sleep(pause).await;
            let response = self.answer(&self.reading, self.client.get(&url), &url).await?;
            let status = response.status();
            let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            pause = Duration::from_secs(retry_after.and_then(|seconds| seconds.parse().ok()).unwrap_or(1));
            let body = self.json(response, &url).await?;
            let waited = posted.at.elapsed();
            match status {
                StatusCode::OK => return Ok(Saved { product: body, took: waited }),
                status if status != StatusCode::ACCEPTED && !is_busy(status.as_u16()) => {
                    let request = format!("GET {url}");
                    return Err(CatalogError::Unexpected { request, status, detail: detail(&body) });
                }
                _ if waited + pause > limit => {
                    return Err(CatalogError::NotSaved { id: posted.id.clone(), stage, waited });
                }
                _ => {}
            }
        }
    }

    async fn answer(
        &self,
        credential: &Credential,
        request: reqwest::RequestBuilder,
        url: &str,
    ) -> Result<Response, CatalogError> {
        let not_asked =
            |source: reqwest::Error| CatalogError::NotAsked { url: url.to_owned(), source: source.without_url() };
        let request = match credential {
            Credential::Token(token) => request.bearer_auth(token),
            Credential::Nobody | Credential::Signature => request,
        };
        let mut request = request.build().map_err(not_asked)?;
        if let Credential::Signature = credential {
            let not_signed = |source| CatalogError::NotSigned { url: url.to_owned(), source };
            let unsigned = Unsigned {
                service: "execute-api",
                method: request.method().as_str(),
                url: request.url().as_str(),
                headers: &[],
                body: request.body().and_then(Body::as_bytes).unwrap_or_default(),
            };
            for (name, value) in signature(self.config, unsigned).await.map_err(not_signed)? {
                let name = HeaderName::try_from(name).map_err(|error| not_signed(error.into()))?;
                let value = HeaderValue::try_from(value).map_err(|error| not_signed(error.into()))?;
                request.headers_mut().insert(name, value);
            }
        }
        self.client.execute(request).await.map_err(not_asked)
    }

    /// What is not JSON becomes a string.
    async fn json(&self, response: Response, url: &str) -> Result<Value, CatalogError> {
        let text = response.text().await;
        let text =
            text.map_err(|source| CatalogError::NotAsked { url: url.to_owned(), source: source.without_url() })?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// The token in the secret, which no error quotes.
async fn read_token(secrets: &Secrets, arn: &str) -> Result<String, Failed> {
    let answer = secrets.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| call_error("GetSecretValue", error))?;
    let text = Answer("GetSecretValue").text("SecretString", answer.secret_string())?;
    let token =
        serde_json::from_str::<Value>(&text).ok().and_then(|secret| Some(secret["password"].as_str()?.to_owned()));
    token.ok_or_else(|| CatalogError::NoToken { arn: arn.to_owned() }.into())
}

/// Every field error, or the problem's overall detail.
fn detail(body: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let fault = |fault: &Value| {
        let pointer = fault["pointer"].as_str().unwrap_or_default().trim_start_matches('/');
        format!("{pointer} {}", fault["detail"].as_str().unwrap_or_default()).trim().to_owned()
    };
    let faults: Vec<String> = body["errors"].as_array().into_iter().flatten().map(fault).collect();
    if !faults.is_empty() {
        return faults.join("; ");
    }
    ["detail", "message", "title"].iter().find_map(|name| text(&body[*name])).unwrap_or_else(|| body.to_string())
}

#[cfg(test)]
mod tests {
    use aws_config::Region;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_refusal_names_every_fault() {
        let body = json!({
            "title": "Unprocessable Content", "detail": "the body is not a product",
            "errors": [{"pointer": "/name", "detail": "is missing"}, {"pointer": "", "detail": "must be an object"}],
        });
        assert_eq!(detail(&body), "name is missing; must be an object");
        assert_eq!(detail(&json!({"message": "Not Found"})), "Not Found");
        assert_eq!(detail(&json!("bad gateway")), "\"bad gateway\"");
    }

    /// What the API receives of a request with a credential.
    async fn received(credential: Credential) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = connection.read(&mut request).await.unwrap();
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&request[..length]).to_lowercase()
        });
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test");
        let config = SdkConfig::builder()
            .region(Region::new("sa-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let api = Api::new(&config, url.clone(), credential, Credential::Nobody).unwrap();
        let request = api.client.post(format!("{url}/products")).json(&json!({ "name": "Cup" }));
        api.answer(&api.writing, request, &url).await.unwrap();
        server.await.unwrap()
    }

    #[tokio::test]
    async fn a_request_has_the_credential_that_the_stage_wants() {
        assert!(!received(Credential::Nobody).await.contains("authorization:"));
        assert!(received(Credential::Token("abc".to_owned())).await.contains("authorization: bearer abc\r\n"));
        let signed = received(Credential::Signature).await;
        assert!(signed.contains("authorization: aws4-hmac-sha256 credential=akidexample/"), "{signed}");
        assert!(signed.contains("/sa-east-1/execute-api/aws4_request"), "{signed}");
        assert!(signed.contains("x-amz-security-token: session\r\n"), "{signed}");
        assert!(!signed.contains("secret\r\n"), "{signed}");
    }
}
