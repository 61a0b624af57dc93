//! The analytics of a stage as an operator sees them: what the stack says where they are, and the importer, which has a connection to the
//! database and answers questions about it.

use analytics_contract::{CSV_IMPORTER, Report, Request};
use operate::aws::AwsCloud;
use operate::{Inventory, InvokeError, inventory, invoke};
use serde::de::DeserializeOwned;
use serde_json::json;
use system::{Failed, How, Site, StageName};

use crate::stack;

/// The `errorType` with which Lambda ends a function that took too long, such as one that waits for a database to resume.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// The analytics of a stage.
pub(super) struct Deployed {
    pub(super) cloud: AwsCloud,
    pub(super) inventory: Inventory,
    pub(super) stage: StageName,
    /// The bucket that files are uploaded to.
    pub(super) bucket: String,
    /// The address of the API, without a slash at its end.
    pub(super) url: String,
}

impl Deployed {
    /// Finds the stack and its outputs.
    pub(super) async fn find(site: &Site<'_>) -> Result<Self, Failed> {
        let stack_name = format!("{}-{}", stack::NAME, site.stage);
        let cloud = AwsCloud::new(site.config);
        let inventory = inventory(&cloud, std::slice::from_ref(&stack_name)).await?;
        if inventory.is_empty() {
            return Err(site.not_deployed(&stack_name));
        }
        let output = |name: &str| {
            output(&inventory, name).map(str::to_owned).ok_or_else(|| {
                let look = format!("`infra status --stage {}` tells its state", site.stage);
                Failed::usage(format!("{stack_name} has no output {name}, so its deployment is not complete; {look}"))
            })
        };
        let (bucket, url) = (output("S3BucketName")?, output("FastApiUrl")?);
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { cloud, inventory, stage: site.stage, bucket, url })
    }

    /// An output that only some stages have.
    pub(super) fn output(&self, name: &str) -> Option<&str> {
        output(&self.inventory, name)
    }

    /// Whether the API asks for a token, at least on the routes that write.
    pub(super) fn needs_token(&self) -> bool {
        self.output("ApiTokenArn").is_some()
    }

    /// What the importer responds to a request.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failed> {
        let importer = CSV_IMPORTER.on_stage(self.stage.as_str());
        invoke(&self.cloud, &importer, &json!(request)).await.map_err(failed)
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

fn output<'a>(inventory: &'a Inventory, name: &str) -> Option<&'a str> {
    let outputs = &inventory.stacks.iter().find_map(|(_, state)| state.as_ref())?.outputs;
    outputs.iter().find_map(|(output, value)| (output == name).then_some(value.as_str()))
}

/// What follows from the importer's error.
fn failed(error: InvokeError) -> Failed {
    match error {
        InvokeError::Function { kind, message, .. } if kind == "refused" => Failed::usage(message),
        error if error.is_retryable() || error.kind() == Some(TIMED_OUT) => Failed::new(How::Retryable, error),
        error => Failed::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_functions_words_alone_and_an_absent_database_is_tried_again() {
        let of = |kind: &str| {
            let [function, kind, message] = ["CsvImporter-dev", kind, "there is no upload 7"].map(str::to_owned);
            let failed = failed(InvokeError::Function { function, kind, message });
            (failed.how, failed.to_string())
        };
        assert_eq!(of("refused"), (How::Usage, "there is no upload 7".to_owned()));
        for kind in ["transient", TIMED_OUT] {
            let told = format!("CsvImporter-dev failed: {kind}: there is no upload 7");
            assert_eq!(of(kind), (How::Retryable, told));
        }
        assert_eq!(of("database").0, How::Failed);
    }
}
