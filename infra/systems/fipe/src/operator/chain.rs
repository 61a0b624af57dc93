//! The chain of a stage as an operator sees it: invokes its functions and reads its queues. Needs no connection to the database: it
//! asks the ingestor, which has one.

use fipe_contract::{
    FunctionNames, MANUFACTURER_LOADER, NEWEST_MONTH, SOMA_INGESTOR, StatusQuestion, StatusRequest, start,
};
use jiff::Timestamp;
use operate::aws::AwsCloud;
use operate::{InvokeError, QueueDepth, QueueDepths, invoke};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use system::{DeployedStack, Failed, Site, StageName};

use super::crawl::Crawl;
use super::month::Month;
use super::pause::Pause;
use crate::fipe_api;

/// The chain of a stage.
pub(crate) struct Chain {
    cloud: AwsCloud,
    queues: QueueDepths<AwsCloud>,
    pub(crate) stage: StageName,
}

impl Chain {
    /// Finds the chain's stack and its queues.
    pub(crate) async fn find(site: &Site<'_>) -> Result<Self, Failed> {
        let DeployedStack { stage, cloud, inventory, .. } = DeployedStack::find(site, fipe_api::NAME).await?;
        let queues = QueueDepths::find(cloud.clone(), &inventory).await?;
        Ok(Self { cloud, queues, stage })
    }

    /// Calls a function and waits for its answer.
    async fn call<T: DeserializeOwned>(&self, function: FunctionNames, event: &Value) -> Result<T, Failed> {
        invoke(&self.cloud, &function.on_stage(self.stage.as_str()), event).await.map_err(failed)
    }

    /// A crawl by its id, or the latest; `None` when there is none.
    pub(crate) async fn crawl(&self, crawl_id: Option<&str>) -> Result<Option<Crawl>, Failed> {
        self.ask(StatusQuestion { crawl_id, month: None }).await
    }

    /// The latest crawl of a month, of the newest one when not given.
    pub(crate) async fn crawl_of(&self, month: Option<Month>) -> Result<Option<Crawl>, Failed> {
        let month = month.map_or_else(|| NEWEST_MONTH.to_owned(), |month| month.to_string());
        self.ask(StatusQuestion { crawl_id: None, month: Some(month) }).await
    }

    async fn ask(&self, status: StatusQuestion<&str>) -> Result<Option<Crawl>, Failed> {
        self.call(SOMA_INGESTOR, &json!(StatusRequest { status })).await
    }

    /// How full the queues are now.
    pub(crate) async fn queues(&self) -> Result<Vec<QueueDepth>, Failed> {
        Ok(self.queues.now().await?)
    }

    /// What keeps the crawl from going on now, as the loaders say it.
    pub(crate) async fn pause(&self) -> Result<Option<Pause>, Failed> {
        Ok(Pause::find(&self.cloud, self.stage, Timestamp::now()).await?)
    }

    /// Starts a crawl and returns its id.
    pub(crate) async fn start(&self, month: Option<Month>) -> Result<String, Failed> {
        let event = match month {
            Some(month) => json!({start::MONTH: month.month, start::YEAR: month.year}),
            None => json!({}),
        };
        let answer: Value = self.call(MANUFACTURER_LOADER, &event).await?;
        let id = answer[start::CRAWL_ID].as_str().map(str::to_owned);
        id.ok_or_else(|| Failed::other(format!("{} answered without a crawl_id: {answer}", MANUFACTURER_LOADER.name)))
    }
}

/// What follows from a function's error.
fn failed(error: InvokeError) -> Failed {
    match error.kind() {
        Some("unknown_month") => Failed::usage(error),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use system::How;

    use super::*;

    #[test]
    fn a_functions_error_is_told_in_its_own_words_and_says_whether_to_try_again() {
        for (kind, message, told, how) in [
            ("transient", "out of reach", "Loader-dev failed: transient: out of reach", How::Retryable),
            ("unknown_month", "2020-01", "Loader-dev failed: unknown_month: 2020-01", How::Usage),
            ("unhandled", "killed", "Loader-dev failed: unhandled: killed", How::Failed),
        ] {
            let [function, kind, message] = ["Loader-dev", kind, message].map(str::to_owned);
            let failed = failed(InvokeError::Function { function, kind, message });
            assert_eq!((failed.to_string().as_str(), failed.how), (told, how));
        }
    }
}
