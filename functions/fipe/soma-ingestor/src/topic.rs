//! Telling that a crawl is complete. Refuses to tell less than a reader needs to find the rows.

use fipe_store::{BoxError, CrawlStatus};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// The notification, as JSON. It may come twice when the function dies between sending and recording it: `crawl_id` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrawlComplete {
    pub crawl_id: Uuid,
    pub reference_code: i32,
    /// `YYYY-MM`.
    pub reference_month: String,
    pub completed_at: Option<Timestamp>,
    pub brands: i64,
    pub models: i64,
    pub prices: i64,
    /// Pairs of model year and fuel that FIPE lists but has no price for.
    pub prices_absent: i64,
}

impl From<&CrawlStatus> for CrawlComplete {
    fn from(status: &CrawlStatus) -> Self {
        let types = &status.by_vehicle_type;
        Self {
            crawl_id: status.crawl_id,
            reference_code: status.reference_code,
            reference_month: status.reference_month.clone(),
            completed_at: status.completed_at,
            brands: types.iter().map(|counts| counts.brands_loaded).sum(),
            models: types.iter().map(|counts| counts.models_loaded).sum(),
            prices: types.iter().map(|counts| counts.prices_loaded).sum(),
            prices_absent: types.iter().map(|counts| counts.prices_absent).sum(),
        }
    }
}

/// Where it is told.
pub trait Topic {
    /// # Errors
    /// Nobody was told.
    fn publish(&self, message: &CrawlComplete) -> impl Future<Output = Result<(), BoxError>>;
}

/// A topic of Amazon SNS.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: aws_sdk_sns::Client,
    arn: String,
}

impl SnsTopic {
    pub fn new(client: aws_sdk_sns::Client, arn: impl Into<String>) -> Self {
        Self { client, arn: arn.into() }
    }
}

impl Topic for SnsTopic {
    async fn publish(&self, message: &CrawlComplete) -> Result<(), BoxError> {
        let subject = format!("FIPE {} is complete", message.reference_month);
        let body = serde_json::to_string(message)?;
        self.client.publish().topic_arn(&self.arn).subject(subject).message(body).send().await?;
        Ok(())
    }
}
