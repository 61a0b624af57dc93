//! The chain of a stage as an operator sees it: invokes its functions and reads its queues. Needs no connection to the database: it
//! asks the ingestor, which has one.

use aws_access::call_error;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use fipe_contract::{FunctionNames, MANUFACTURER_LOADER, SOMA_INGESTOR, StatusQuestion, StatusRequest, start};
use operate::aws::AwsCloud;
use operate::inventory;
use serde_json::{Value, json};
use system::{Failed, How, Site, StageName};

use super::crawl::Crawl;
use super::month::Month;
use super::queues::{Queue, Queues};
use crate::fipe_api;

/// The chain of a stage.
pub(crate) struct Chain {
    lambda: Client,
    queues: Queues,
    pub(crate) stage: StageName,
}

impl Chain {
    /// Finds the chain's stack and its queues.
    pub(crate) async fn find(site: &Site<'_>) -> Result<Self, Failed> {
        let stack_name = format!("{}-{}", fipe_api::NAME, site.stage);
        let cloud = AwsCloud::new(site.config);
        let inventory = inventory(&cloud, std::slice::from_ref(&stack_name)).await?;
        if inventory.is_empty() {
            return Err(site.not_deployed(&stack_name));
        }
        let queues = Queues::new(cloud, &inventory).await?;
        Ok(Self { lambda: Client::new(site.config), queues, stage: site.stage })
    }

    /// Calls a function and waits for its answer.
    async fn call(&self, function: FunctionNames, event: &Value) -> Result<Value, Failed> {
        let name = function.on_stage(self.stage.as_str());
        let call = self.lambda.invoke().function_name(&name).payload(Blob::new(event.to_string()));
        let answer = call.send().await.map_err(|error| call_error("Invoke", error))?;
        let payload = answer.payload().map(|blob| blob.as_ref().to_vec()).unwrap_or_default();
        if answer.function_error().is_some() {
            return Err(FunctionFailed::of(name, &payload).into());
        }
        serde_json::from_slice(&payload).map_err(|error| {
            Failed::other(format!("{name} answered no JSON ({error}): {}", String::from_utf8_lossy(&payload)))
        })
    }

    /// A crawl by its id, or the latest; `None` when there is none.
    pub(crate) async fn crawl(&self, crawl_id: Option<&str>) -> Result<Option<Crawl>, Failed> {
        let answer = self.call(SOMA_INGESTOR, &json!(StatusRequest { status: StatusQuestion { crawl_id } })).await?;
        serde_json::from_value(answer).map_err(Failed::other)
    }

    /// How full the queues are now.
    pub(crate) async fn queues(&self) -> Result<Vec<Queue>, Failed> {
        Ok(self.queues.depths().await?)
    }

    /// Starts a crawl and returns its id.
    pub(crate) async fn start(&self, month: Option<Month>) -> Result<String, Failed> {
        let event = match month {
            Some(month) => json!({start::MONTH: month.month, start::YEAR: month.year}),
            None => json!({}),
        };
        let answer = self.call(MANUFACTURER_LOADER, &event).await?;
        let id = answer[start::CRAWL_ID].as_str().map(str::to_owned);
        id.ok_or_else(|| Failed::other(format!("{} answered without a crawl_id: {answer}", MANUFACTURER_LOADER.name)))
    }
}

/// A function of the chain responded with an error.
#[derive(Debug, thiserror::Error)]
#[error("{function} failed: {kind}: {message}")]
struct FunctionFailed {
    function: String,
    /// The `errorType` of the response.
    kind: String,
    message: String,
}

impl FunctionFailed {
    /// Reads `{"errorType": .., "errorMessage": ..}`; anything else becomes the message as it is.
    fn of(function: String, payload: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        let kind = answer["errorType"].as_str().unwrap_or("unhandled").to_owned();
        let message = answer["errorMessage"].as_str();
        let message = message.map_or_else(|| String::from_utf8_lossy(payload).into_owned(), str::to_owned);
        Self { function, kind, message }
    }

    fn how(&self) -> How {
        match self.kind.as_str() {
            "transient" => How::Retryable,
            "unknown_month" => How::Usage,
            _ => How::Failed,
        }
    }
}

impl From<FunctionFailed> for Failed {
    fn from(error: FunctionFailed) -> Self {
        Self::new(error.how(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_error_is_told_in_its_own_words_and_says_whether_to_try_again() {
        for (answer, told, how) in [
            (
                r#"{"errorType": "transient", "errorMessage": "out of reach"}"#,
                "Loader-dev failed: transient: out of reach",
                How::Retryable,
            ),
            (
                r#"{"errorType": "unknown_month", "errorMessage": "2020-01"}"#,
                "Loader-dev failed: unknown_month: 2020-01",
                How::Usage,
            ),
            ("killed", "Loader-dev failed: unhandled: killed", How::Failed),
        ] {
            let failed = Failed::from(FunctionFailed::of("Loader-dev".to_owned(), answer.as_bytes()));
            assert_eq!((failed.to_string().as_str(), failed.how), (told, how));
        }
    }
}
