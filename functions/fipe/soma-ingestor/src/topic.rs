//! The notification that a crawl is complete. Contains everything that a reader needs to find the rows.

use fipe_store::{BoxError, CrawlStatus};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// The notification, as JSON. It may arrive twice if the function dies between sending and recording it; `crawl_id` identifies duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrawlComplete {
    pub crawl_id: Uuid,
    pub reference_code: i32,
    /// `YYYY-MM`.
    pub reference_month: String,
    pub completed_at: Option<Timestamp>,
    pub brands: u64,
    pub models: u64,
    pub prices: u64,
    /// Pairs of model year and fuel that FIPE lists but has no price for.
    pub prices_absent: u64,
}

impl From<&CrawlStatus> for CrawlComplete {
    fn from(status: &CrawlStatus) -> Self {
        let total = status.total();
        Self {
            crawl_id: status.crawl_id,
            reference_code: status.reference_code,
            reference_month: status.reference_month.clone(),
            completed_at: status.completed_at,
            brands: total.brands_loaded,
            models: total.models_loaded,
            prices: total.prices_loaded,
            prices_absent: total.prices_absent,
        }
    }
}

/// Where the notification goes.
pub trait Topic {
    /// # Errors
    /// The notification was not sent.
    fn publish(&self, message: &CrawlComplete) -> impl Future<Output = Result<(), BoxError>>;
}

/// An Amazon SNS topic.
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
