//! Reports as objects: the product's id is the key. Never overwrites a report, and needs only `PutObject`.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use catalog_core::{Fault, Placed, Reports};
use uuid::Uuid;

const WHAT: &str = "the reports bucket";

/// An S3 bucket.
#[derive(Debug, Clone)]
pub struct ReportsBucket {
    client: Client,
    name: String,
}

impl ReportsBucket {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }
}

impl Reports for ReportsBucket {
    async fn write(&self, id: Uuid, text: &str) -> Result<Placed<()>, Fault> {
        let call = self.client.put_object().bucket(&self.name).key(id.to_string()).if_none_match("*");
        let call = call.content_type("text/plain; charset=utf-8").body(ByteStream::from(text.as_bytes().to_vec()));
        match call.send().await {
            Ok(_) => Ok(Placed::Now),
            Err(error) => match error.code() {
                Some("PreconditionFailed") => Ok(Placed::Before(())),
                Some("SlowDown") => Err(Fault::Throttled { what: WHAT, source: error.into() }),
                _ => Err(Fault::Failed { what: WHAT, source: error.into() }),
            },
        }
    }
}
