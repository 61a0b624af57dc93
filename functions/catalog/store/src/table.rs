//! The port's operations as conditional writes and consistent reads. Never reads before it writes: the condition decides.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use catalog_contract::table::{KEY, TIME_TO_LIVE};
use catalog_core::{
    BoxError, Claim, Claiming, Fault, IdempotencyKey, Placed, Product, Record, Status, Table, claim_id,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::item::{Item, claim_item, has_expired, product_item, read_claim, read_record, seconds, text};

const WHAT: &str = "the product table";

/// A table with the key and the time-to-live attribute of [`catalog_contract::table`].
#[derive(Debug, Clone)]
pub struct ProductTable {
    client: Client,
    name: String,
}

/// The condition of a put: the expression with its names and values.
struct Condition {
    expression: &'static str,
    names: &'static [(&'static str, &'static str)],
    values: Vec<(&'static str, AttributeValue)>,
}

impl ProductTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Puts an item if the condition holds, else returns the existing item.
    async fn put(&self, item: Item, condition: Condition) -> Result<Placed<Item>, Fault> {
        let mut call = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition.expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, name) in condition.names {
            call = call.expression_attribute_names(*placeholder, *name);
        }
        for (placeholder, value) in condition.values {
            call = call.expression_attribute_values(placeholder, value);
        }
        match call.send().await {
            Ok(_) => Ok(Placed::Now),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Placed::Before(failed.item().cloned().unwrap_or_default()))
                }
                _ => Err(fault(error)),
            },
        }
    }
}

impl Table for ProductTable {
    async fn claim(
        &self,
        key: &IdempotencyKey,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Claiming, Fault> {
        let condition = Condition {
            expression: "attribute_not_exists(#id) OR #expiration < :now",
            names: &[("#id", KEY), ("#expiration", TIME_TO_LIVE)],
            values: vec![(":now", seconds(now))],
        };
        match self.put(claim_item(claim_id(key), claim, expires), condition).await? {
            Placed::Now => Ok(Claiming::Ours),
            Placed::Before(item) => read_claim(&item).map(Claiming::Earlier).map_err(unreadable),
        }
    }

    async fn accept(&self, product: &Product, expires: Timestamp) -> Result<Placed<Record>, Fault> {
        let condition =
            Condition { expression: "attribute_not_exists(#id)", names: &[("#id", KEY)], values: Vec::new() };
        match self.put(product_item(product, Status::Accepted, expires), condition).await? {
            Placed::Now => Ok(Placed::Now),
            Placed::Before(item) => read_record(&item).map(Placed::Before).map_err(unreadable),
        }
    }

    async fn find(&self, id: Uuid, now: Timestamp) -> Result<Option<Record>, Fault> {
        let call = self.client.get_item().table_name(&self.name).key(KEY, text(id)).consistent_read(true);
        match call.send().await.map_err(fault)?.item() {
            Some(item) if !has_expired(item, now) => read_record(item).map(Some).map_err(unreadable),
            _ => Ok(None),
        }
    }

    async fn save(&self, product: &Product, saved_at: Timestamp) -> Result<Placed<()>, Fault> {
        let condition = Condition {
            expression: "attribute_not_exists(#id) OR #status = :accepted",
            names: &[("#id", KEY), ("#status", "status")],
            values: vec![(":accepted", text(Status::Accepted.name()))],
        };
        match self.put(product_item(product, Status::Saved, saved_at), condition).await? {
            Placed::Now => Ok(Placed::Now),
            Placed::Before(_) => Ok(Placed::Before(())),
        }
    }
}

/// DynamoDB's codes for too many requests, at the table and at the account.
fn fault<E>(error: E) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_throttled = matches!(
        error.code(),
        Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded")
    );
    let source = Box::new(error);
    if is_throttled { Fault::Throttled { what: WHAT, source } } else { Fault::Failed { what: WHAT, source } }
}

fn unreadable(source: BoxError) -> Fault {
    Fault::Failed { what: WHAT, source }
}
