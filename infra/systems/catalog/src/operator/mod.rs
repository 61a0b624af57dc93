//! `infra invoke catalog`: one product through the whole chain, as a client of the API sees it, and its trace through the
//! functions. Uses only the public API, with the token of the stack's secret or a signature where the stage wants one, so curl can do the same.

mod client;

use std::time::Duration;

use aws_access::SignatureError;
use clap::{Args, Command};
use jiff::{SignedDuration, Timestamp};
use operate::{Trace, sources, trace};
use reqwest::StatusCode;
use serde_json::json;
use system::{
    Action, DeployedStack, Failed, How, Interrupt, Operator, Site, StageName, Verb, is_busy, read_arguments,
    trace_lines,
};

use crate::{Catalog, NAME, stack};
use client::Api;

const HELP: &str = "\
Sends the product with POST /products, polls until it is saved, and shows what the three functions logged about it, which all \
carry its id as their trace id. The address is the output ApiUrl of the stack Catalog. Where the stage wants a token, it is that of the secret \
ApiTokenArn; where it wants a signature, it is that of your credentials, which need execute-api:Invoke.

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
    #[error("the request to {url} cannot be signed")]
    NotSigned {
        url: String,
        #[source]
        source: SignatureError,
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
            Self::NotSigned { .. } | Self::NoToken { .. } | Self::Unexpected { .. } | Self::NotSaved { .. } => {
                How::Failed
            }
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

async fn invoke(site: &Site<'_>, arguments: &Invoke) -> Result<(), Failed> {
    let (stage, console) = (site.stage, site.console);
    let deployed = DeployedStack::find(site, stack::NAME).await?;
    let api = Api::open(site.config, &deployed).await?;
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

fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

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
