//! The port's operations as conditional writes and consistent reads. Never reads before it writes: the condition decides.

use aws_sdk_dynamodb::Client;
use catalog_contract::table::{KEY, TIME_TO_LIVE};
use catalog_core::{BoxError, Claim, Claiming, Fault, Placed, Product, Record, Status, Table};
use function_dynamodb::{Error, Schema, Written, absent, compare, seconds, text};
use jiff::Timestamp;
use uuid::Uuid;

use crate::item::{claim_item, product_item, read_claim, read_record};

const SCHEMA: Schema = Schema { what: "the product table", key: KEY, time_to_live: TIME_TO_LIVE };

/// A table with the key and the time-to-live attribute of [`catalog_contract::table`].
#[derive(Debug, Clone)]
pub struct ProductTable(function_dynamodb::Table);

impl ProductTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(function_dynamodb::Table::new(client, name, SCHEMA))
    }
}

impl Table for ProductTable {
    async fn claim(
        &self,
        claim_id: &str,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Claiming, Fault> {
        let is_free = absent(KEY).or(compare(TIME_TO_LIVE, "<", seconds(now)));
        match self.0.put_if(claim_item(claim_id, claim, expires), is_free).await.map_err(fault)? {
            Written::Now(()) => Ok(Claiming::Ours),
            Written::Refused(item) => read_claim(&item.unwrap_or_default()).map(Claiming::Earlier).map_err(unreadable),
        }
    }

    async fn accept(&self, product: &Product, expires: Timestamp) -> Result<Placed<Record>, Fault> {
        let item = product_item(product, Status::Accepted, expires);
        match self.0.put_if(item, absent(KEY)).await.map_err(fault)? {
            Written::Now(()) => Ok(Placed::Now),
            Written::Refused(item) => read_record(&item.unwrap_or_default()).map(Placed::Before).map_err(unreadable),
        }
    }

    async fn find(&self, id: Uuid, now: Timestamp) -> Result<Option<Record>, Fault> {
        self.0.live(id, now).await.map_err(fault)?.as_ref().map(read_record).transpose().map_err(unreadable)
    }

    async fn save(&self, product: &Product, saved_at: Timestamp) -> Result<Placed<()>, Fault> {
        let is_not_saved = absent(KEY).or(compare("status", "=", text(Status::Accepted.name())));
        let item = product_item(product, Status::Saved, saved_at);
        match self.0.put_if(item, is_not_saved).await.map_err(fault)? {
            Written::Now(()) => Ok(Placed::Now),
            Written::Refused(_) => Ok(Placed::Before(())),
        }
    }
}

/// The port does not tell what a retry cannot fix from the rest.
fn fault(error: Error) -> Fault {
    match error {
        Error::Throttled { what, source } => Fault::Throttled { what, source },
        Error::Unavailable { what, source } | Error::Permanent { what, source } => Fault::Failed { what, source },
    }
}

fn unreadable(source: BoxError) -> Fault {
    Fault::Failed { what: SCHEMA.what, source }
}
