//! CloudFormation's custom resource protocol: one request, one response, whatever happens. A deletion never fails.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use function_runtime::{Error, Failure, Invocation, chain};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// CloudFormation accepts a response of at most this many bytes.
const ANSWER_LIMIT: usize = 4_096;
/// Bytes that the reason and the data may take each, so that all fields together stay within the limit.
const TEXT_LIMIT: usize = 1_000;

const SENDS: u32 = 4;
const SEND_TIMEOUT: Duration = Duration::from_secs(4);

/// The fields of a request that a response needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    #[serde(default)]
    pub request_type: String,
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    #[serde(default)]
    pub stack_id: String,
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub logical_resource_id: String,
    #[serde(default)]
    pub physical_resource_id: Option<String>,
}

/// The response, as CloudFormation reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// `SUCCESS` or `FAILED`.
    pub status: &'static str,
    /// Shown in the stack's events.
    pub reason: String,
    pub physical_resource_id: String,
    pub stack_id: String,
    pub request_id: String,
    pub logical_resource_id: String,
    /// `Applied`: the migrations that this request applied, separated by spaces.
    pub data: Value,
}

/// Runs `work` for `Create` and `Update`, does nothing for `Delete`, and responds. `work` returns the names it applied. A resource keeps
/// its physical id: a changed one would make CloudFormation delete the "old" resource. A new one gets `new_id`.
///
/// # Errors
/// The event has no `ResponseURL`, or the response could not be delivered: then Lambda invokes the function again.
pub async fn handle<E: Into<Error>>(
    event: Value,
    invocation: &Invocation,
    http: &reqwest::Client,
    new_id: &str,
    work: impl Future<Output = Result<Vec<String>, E>>,
) -> Result<Value, Failure> {
    let request: Request = serde_json::from_value(event).map_err(|error| Failure::permanent("malformed", error))?;
    let outcome = match request.request_type.as_str() {
        // Also after a failed creation, when there may be no database.
        "Delete" => Ok(Vec::new()),
        "Create" | "Update" => {
            match tokio::time::timeout_at(invocation.work_until, AssertUnwindSafe(work).catch_unwind()).await {
                Ok(Ok(Ok(applied))) => Ok(applied),
                Ok(Ok(Err(error))) => Err(chain(error.into().as_ref())),
                Ok(Err(_)) => Err("the function panicked: see its log".to_owned()),
                Err(_) => Err("the database was not available before the timeout: retry when it is".to_owned()),
            }
        }
        other => Err(format!("request type {other:?} is none of Create, Update, Delete")),
    };
    let answer = request.answer(new_id, outcome);
    deliver(http, &request.response_url, &answer).await?;
    Ok(json!({"status": answer.status, "reason": answer.reason, "data": answer.data}))
}

impl Request {
    fn answer(&self, new_id: &str, outcome: Result<Vec<String>, String>) -> Answer {
        let (status, reason, applied) = match outcome {
            Ok(applied) => ("SUCCESS", String::new(), applied.join(" ")),
            Err(reason) => ("FAILED", reason, String::new()),
        };
        let own_id = self.physical_resource_id.clone().filter(|id| !id.is_empty());
        Answer {
            status,
            reason: shortened(&reason),
            physical_resource_id: own_id.unwrap_or_else(|| new_id.to_owned()),
            stack_id: self.stack_id.clone(),
            request_id: self.request_id.clone(),
            logical_resource_id: self.logical_resource_id.clone(),
            data: json!({"Applied": shortened(&applied)}),
        }
    }
}

/// Truncated to [`TEXT_LIMIT`] bytes as JSON encodes them.
fn shortened(text: &str) -> String {
    let mut size = 0;
    let fits = |c: &char| {
        size += if c.is_control() || *c == '"' || *c == '\\' { 6 } else { c.len_utf8() };
        size <= TEXT_LIMIT
    };
    text.chars().take_while(fits).collect()
}

/// Why CloudFormation did not accept the response. Never contains the URL, which is a credential.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    #[error("answering CloudFormation: status {0}")]
    Refused(reqwest::StatusCode),
    #[error("answering CloudFormation")]
    Unsent(#[source] reqwest::Error),
    #[error("answering CloudFormation")]
    Unwritten(#[source] serde_json::Error),
}

async fn deliver(http: &reqwest::Client, url: &str, answer: &Answer) -> Result<(), Failure> {
    let body = serde_json::to_string(answer).map_err(|error| Failure::transient(Undelivered::Unwritten(error)))?;
    debug_assert!(body.len() <= ANSWER_LIMIT, "{} bytes", body.len());
    let mut send = 0;
    loop {
        // No content type: the URL is signed for a request without one.
        let fault = match http.put(url).timeout(SEND_TIMEOUT).body(body.clone()).send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => Undelivered::Refused(response.status()),
            Err(error) => Undelivered::Unsent(error.without_url()),
        };
        send += 1;
        if send == SENDS {
            return Err(Failure::transient(fault));
        }
        tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(send)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_answer_fits() {
        for text in ["\u{1}\"\\".repeat(5_000), "é".repeat(5_000)] {
            let request = Request {
                request_type: "Create".to_owned(),
                response_url: String::new(),
                stack_id: format!(
                    "arn:aws:cloudformation:ap-southeast-2:123456789012:stack/{}/{}",
                    "s".repeat(128),
                    "0".repeat(36)
                ),
                request_id: "0".repeat(36),
                logical_resource_id: "l".repeat(255),
                physical_resource_id: None,
            };
            for outcome in [Err(text.clone()), Ok(vec![text.clone()])] {
                let body = serde_json::to_string(&request.answer(&"i".repeat(140), outcome)).unwrap();
                assert!((1_000..=ANSWER_LIMIT).contains(&body.len()), "{}", body.len());
            }
        }
    }
}
