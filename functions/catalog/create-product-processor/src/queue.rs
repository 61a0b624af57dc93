//! The queue of accepted products on SQS.

use catalog_core::{Fault, Product};

const WHAT: &str = "the product queue";

/// An SQS queue.
#[derive(Debug, Clone)]
pub(crate) struct ProductQueue(function_runtime::Queue);

impl ProductQueue {
    pub(crate) fn new(client: &aws_sdk_sqs::Client, url: impl Into<String>) -> Self {
        Self(function_runtime::Queue::new(client, url))
    }
}

impl catalog_core::Queue for ProductQueue {
    async fn send(&self, product: &Product) -> Result<(), Fault> {
        let body = product.to_message().map_err(|error| Fault::Failed { what: WHAT, source: error.into() })?;
        self.0.send(vec![body]).await.map_err(|error| match error.is_throttled() {
            true => Fault::Throttled { what: WHAT, source: error.into() },
            false => Fault::Failed { what: WHAT, source: error.into() },
        })
    }
}
