//! `infra invoke catalog`: one product through the whole chain, as a client of the API sees it, and its trace through the
//! functions. Uses only the public API, with the token of the stack's secret where the stage wants one, so curl can do the same.

use std::time::{Duration, Instant};

use aws_access::{Answer, call_error};
use aws_sdk_secretsmanager::Client as Secrets;
use clap::{Args, Command};
use jiff::{SignedDuration, Timestamp};
use operate::{Trace, sources, trace};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::{Value, json};
use system::{
    Action, DeployedStack, Failed, How, Interrupt, Operator, Site, StageName, Verb, is_busy, read_arguments,
    trace_lines,
};

use crate::{Catalog, NAME, stack};

const HELP: &str = "\
Sends the product with POST /products, polls until it is saved, and shows what the three functions logged about it, which all \
carry its id as their trace id. The address is the output ApiUrl of the stack Catalog; the token, on stages that want one, is in the secret \
ApiTokenArn.

Examples:
  infra invoke catalog
  infra invoke catalog --stage dev --name Cup --price 19.90
  infra invoke catalog --json | jq -r .product.id

Exit codes: 0 saved; 1 not saved in time, or the API failed; 64 the API refused the product, nothing is deployed, or the arguments are \
wrong; 75 the API or AWS was busy or unavailable.";

/// Which product.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
struct Invoke {
    /// 1 to 255 characters.
    #[arg(long, default_value = "Cup")]
    name: String,
    /// At most 4,000 characters.
    #[arg(long, default_value = "White, 0.3 l")]
    description: String,
    /// At least 0, with at most two decimal places.
    #[arg(long, default_value = "19.90", allow_negative_numbers = true)]
    price: String,
    /// Using the same key twice creates one product.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Why no product was saved.
#[derive(Debug, thiserror::Error)]
enum CatalogError {
    #[error("cannot reach {url}")]
    NotAsked {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error(
        "the secret {arn} is not a JSON object with the text password; `aws secretsmanager put-secret-value` mends it"
    )]
    NoToken { arn: String },
    #[error("the API refused the product with {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("{request} was answered with {status}: {detail}")]
    Unexpected { request: String, status: StatusCode, detail: String },
    #[error(
        "product {id} is not saved after {} s; `infra logs catalog --stage {stage} --trace {id}` and `infra status --stage {stage}` tell more",
        .waited.as_secs()
    )]
    NotSaved { id: String, stage: StageName, waited: Duration },
}

impl CatalogError {
    fn how(&self) -> How {
        match self {
            // Such as a key that is not a valid header value.
            Self::NotAsked { source, .. } if source.is_builder() => How::Usage,
            Self::NotAsked { .. } => How::Retryable,
            Self::Unexpected { status, .. } if is_busy(status.as_u16()) => How::Retryable,
            Self::Refused { .. } => How::Usage,
            Self::NoToken { .. } | Self::Unexpected { .. } | Self::NotSaved { .. } => How::Failed,
        }
    }
}

impl From<CatalogError> for Failed {
    fn from(error: CatalogError) -> Self {
        Self::new(error.how(), error)
    }
}

const ACTIONS: [Action; 1] = [Action {
    verb: Verb::Invoke,
    command: || {
        Invoke::augment_args(Command::new(NAME)).about("Send one product through the catalog and show its trace")
    },
    run: |site, arguments| Box::pin(async { invoke(site, &read_arguments(arguments)?).await }),
    interrupt: Interrupt::Drops("a product that was accepted is saved all the same"),
}];

impl Operator for Catalog {
    fn actions(&self) -> &'static [Action] {
        &ACTIONS
    }
}

/// How long to wait for a product and for its log lines. On AWS a first call starts three functions, and CloudWatch shows
/// lines some seconds late.
fn patience(stage: StageName) -> (Duration, Duration) {
    match stage {
        StageName::Local => (Duration::from_secs(20), Duration::from_secs(5)),
        _ => (Duration::from_secs(60), Duration::from_secs(30)),
    }
}

/// Before the first poll; after that the API says how long to wait.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

async fn invoke(site: &Site<'_>, arguments: &Invoke) -> Result<(), Failed> {
    let (stage, console) = (site.stage, site.console);
    let deployed = DeployedStack::find(site, stack::NAME).await?;
    let token = match deployed.optional_output("ApiTokenArn") {
        Some(arn) => Some(read_token(&Secrets::new(site.config), arn).await?),
        None => None,
    };
    let api = Api::new(deployed.address("ApiUrl")?, token)?;
    // The functions' clocks may differ from ours.
    let begun = Timestamp::now() - SignedDuration::from_mins(1);
    let posted = api.post(arguments).await?;
    if !arguments.json {
        console.data(&format!("POST {}/products", api.url));
        console.data(&format!("202 after {}: product {}", millis(posted.took), posted.id));
    }
    let (wait_saved, wait_lines) = patience(stage);
    let saved = api.until_saved(&posted, stage, wait_saved).await?;
    let sources = sources(&deployed.cloud, &deployed.inventory).await?;
    let Trace { lines, silent } = trace(&deployed.cloud, &sources, begun, &posted.id, wait_lines).await?;

    if arguments.json {
        let lines =
            lines.iter().map(|(place, line)| json!({"function": sources[*place].function, "line": line.document}));
        let document = json!({
            "api_url": api.url, "location": posted.location, "product": saved.product,
            "accepted_ms": posted.took.as_millis() as u64, "saved_ms": saved.took.as_millis() as u64,
            "trace_id": posted.id, "trace": lines.collect::<Vec<_>>(), "without_lines": silent,
        });
        console.data(&document.to_string());
        return Ok(());
    }
    console.data(&format!("GET {}{}", api.url, posted.location));
    console.data(&format!("200 after {} in all: {}", millis(saved.took), saved.product));
    console.data("");
    console.data(&format!("trace {}", posted.id));
    trace_lines(&sources, &lines).iter().for_each(|line| console.data(line));
    if !silent.is_empty() {
        let again = format!("`infra logs catalog --stage {stage} --trace {}` shows the logs again", posted.id);
        console.note(&format!("no line of {} has come yet; {again}", silent.join(", ")));
    }
    if stage == StageName::Local {
        try_it(&api.url, &posted.location).iter().for_each(|line| console.note(line));
    }
    Ok(())
}

/// Shell commands that do what this command did.
fn try_it(url: &str, location: &str) -> Vec<String> {
    let body = r#"{"name": "Cup", "description": "White, 0.3 l", "price": "19.90"}"#;
    vec![
        String::new(),
        "try it".to_owned(),
        format!("  curl -i {url}/products -H 'Content-Type: application/json' -H 'Idempotency-Key: cup-1' -d '{body}'"),
        format!("  curl -i {url}{location}"),
        format!("  curl {url}/openapi.json"),
        format!("  {url}/docs in a browser does the same interactively"),
    ]
}

/// The API as a client.
struct Api {
    client: Client,
    url: String,
    token: Option<String>,
}

struct Posted {
    id: String,
    location: String,
    at: Instant,
    took: Duration,
}

struct Saved {
    product: Value,
    /// Since the product was submitted.
    took: Duration,
}

impl Api {
    fn new(url: String, token: Option<String>) -> Result<Self, Failed> {
        // This fails only if a provider is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { client: Client::builder().timeout(CALL_TIMEOUT).build().map_err(Failed::other)?, url, token })
    }

    async fn post(&self, arguments: &Invoke) -> Result<Posted, CatalogError> {
        let url = format!("{}/products", self.url);
        let product = json!({"name": arguments.name, "description": arguments.description, "price": arguments.price});
        let mut request = self.client.post(&url).json(&product);
        if let Some(key) = &arguments.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let at = Instant::now();
        let response = self.answer(request, &url).await?;
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

    async fn until_saved(&self, posted: &Posted, stage: StageName, limit: Duration) -> Result<Saved, CatalogError> {
        let url = format!("{}{}", self.url, posted.location);
        let mut pause = FIRST_LOOK;
        loop {
            tokio::time::sleep(pause).await;
            let response = self.answer(self.client.get(&url), &url).await?;
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

    async fn answer(&self, request: reqwest::RequestBuilder, url: &str) -> Result<Response, CatalogError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request
            .send()
            .await
            .map_err(|source| CatalogError::NotAsked { url: url.to_owned(), source: source.without_url() })
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

fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_failure_tells_whether_to_try_again() {
        let unexpected = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            CatalogError::Unexpected { request: String::new(), status, detail: String::new() }.how()
        };
        assert_eq!([429, 502, 503, 504].map(unexpected), [How::Retryable; 4]);
        assert_eq!([404, 500, 200].map(unexpected), [How::Failed; 3]);
        let refused = CatalogError::Refused { status: StatusCode::CONFLICT, detail: String::new() };
        assert_eq!(refused.how(), How::Usage);
    }
}
