//! The analytics of a stage as an operator sees them: what the stack says where they are, and the importer, which has a connection to the
//! database and answers questions about it.

use analytics_contract::{CSV_IMPORTER, Report, Request};
use operate::invoke;
use serde::de::DeserializeOwned;
use serde_json::json;
use system::{DeployedStack, Failed, Site};

use crate::stack;

/// The analytics of a stage.
pub(super) struct Deployed {
    pub(super) stack: DeployedStack,
    /// The bucket that files are uploaded to.
    pub(super) bucket: String,
    /// The address of the API, without a slash at its end.
    pub(super) url: String,
}

impl Deployed {
    /// Finds the stack and its outputs.
    pub(super) async fn find(site: &Site<'_>) -> Result<Self, Failed> {
        let stack = DeployedStack::find(site, stack::NAME).await?;
        let (bucket, url) = (stack.output("S3BucketName")?.to_owned(), stack.address("FastApiUrl")?);
        Ok(Self { stack, bucket, url })
    }

    /// Whether the API asks for a token, at least on the routes that write.
    pub(super) fn needs_token(&self) -> bool {
        self.stack.optional_output("ApiTokenArn").is_some()
    }

    /// What the importer responds to a request.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failed> {
        let importer = CSV_IMPORTER.on_stage(self.stack.stage.as_str());
        Ok(invoke(&self.stack.cloud, &importer, &json!(request)).await?)
    }
}

/// What tells how far a file is.
pub(super) trait Reports {
    /// The report of a version of a key; `None` when its event has not arrived.
    async fn report(&self, key: &str, version: &str) -> Result<Option<Report>, Failed>;
}

impl Reports for Deployed {
    async fn report(&self, key: &str, version: &str) -> Result<Option<Report>, Failed> {
        self.ask(&Request::Object { key: key.to_owned(), version: version.to_owned() }).await
    }
}
