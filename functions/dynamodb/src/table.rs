//! A table: one method for each kind of call that stores make.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Select};
use jiff::Timestamp;

use crate::condition::Condition;
use crate::error::Error;
use crate::item::{Item, has_expired, text};
use crate::update::Update;

/// A table by its name.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    schema: Schema,
}

/// What is known of a table beside its name.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// What errors call the table, such as `the product table`.
    pub what: &'static str,
    /// The attribute that is its partition key, a text; it has no sort key.
    pub key: &'static str,
    /// The attribute with the second after which an item has expired, if it has one.
    pub time_to_live: &'static str,
}

/// What a conditional write did.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<T> {
    Now(T),
    /// The condition did not hold for this item, or for none.
    Refused(Option<Item>),
}

/// A part of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub items: Vec<Item>,
    /// The keys of the last item, where more may follow.
    pub next: Option<Item>,
}

impl Table {
    pub fn new(client: Client, name: impl Into<String>, schema: Schema) -> Self {
        Self { client, name: name.into(), schema }
    }

    /// The item with this key, expired or not.
    ///
    /// # Errors
    /// The call failed.
    pub async fn get(&self, key: impl ToString) -> Result<Option<Item>, Error> {
        let call = self.client.get_item().table_name(&self.name).key(self.schema.key, text(key)).consistent_read(true);
        Ok(call.send().await.map_err(|error| Error::of(self.schema.what, error))?.item)
    }

    /// The item with this key, unless it has expired: DynamoDB deletes such items within days, not immediately.
    ///
    /// # Errors
    /// The call failed.
    pub async fn live(&self, key: impl ToString, now: Timestamp) -> Result<Option<Item>, Error> {
        Ok(self.get(key).await?.filter(|item| !has_expired(item, self.schema.time_to_live, now)))
    }

    /// Puts an item in the place of whatever has its key.
    ///
    /// # Errors
    /// The call failed.
    pub async fn put(&self, item: Item) -> Result<(), Error> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
        call.send().await.map(|_| ()).map_err(|error| Error::of(self.schema.what, error))
    }

    /// Puts an item if the condition holds for what has its key.
    ///
    /// # Errors
    /// The call failed.
    pub async fn put_if(&self, item: Item, condition: Condition) -> Result<Written<()>, Error> {
        let (condition, names, values) = condition.into_parts();
        let call = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(Written::Now(())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => Ok(refused(failed.item())),
                _ => Err(Error::of(self.schema.what, error)),
            },
        }
    }

    /// Updates the item with this key and returns all of it.
    ///
    /// # Errors
    /// The call failed.
    pub async fn update(&self, key: impl ToString, update: Update) -> Result<Written<Item>, Error> {
        let (expression, condition, placeholders) = update.write();
        let (names, values) = placeholders.into_maps();
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(self.schema.key, text(key))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(answer) => Ok(Written::Now(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(refused(failed.item())),
                _ => Err(Error::of(self.schema.what, error)),
            },
        }
    }

    /// Deletes the item with this key, if there is one.
    ///
    /// # Errors
    /// The call failed.
    pub async fn delete(&self, key: impl ToString) -> Result<(), Error> {
        self.deletion(key).send().await.map(|_| ()).map_err(|error| Error::of(self.schema.what, error))
    }

    /// Deletes the item with this key if the condition holds for it.
    ///
    /// # Errors
    /// The call failed.
    pub async fn delete_if(&self, key: impl ToString, condition: Condition) -> Result<Written<()>, Error> {
        let (condition, names, values) = condition.into_parts();
        let call = self
            .deletion(key)
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(Written::Now(())),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failed)) => Ok(refused(failed.item())),
                _ => Err(Error::of(self.schema.what, error)),
            },
        }
    }

    /// At most `limit` items of an index, in the order of its sort key, after the one with the keys `after`.
    ///
    /// # Errors
    /// The call failed.
    pub async fn query(&self, index: &str, keys: Condition, after: Option<Item>, limit: i32) -> Result<Page, Error> {
        let call = self.selection(index, keys).set_exclusive_start_key(after).limit(limit);
        let answer = call.send().await.map_err(|error| Error::of(self.schema.what, error))?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    /// How many items of an index there are; stops counting at `most`.
    ///
    /// # Errors
    /// A call failed.
    pub async fn count(&self, index: &str, keys: Condition, most: u32) -> Result<u32, Error> {
        let call = self.selection(index, keys).select(Select::Count);
        let (mut count, mut after) = (0, None);
        loop {
            let page = call.clone().set_exclusive_start_key(after).send().await;
            let page = page.map_err(|error| Error::of(self.schema.what, error))?;
            count += u32::try_from(page.count).unwrap_or_default();
            after = page.last_evaluated_key;
            if after.is_none() || count >= most {
                return Ok(count.min(most));
            }
        }
    }

    fn deletion(&self, key: impl ToString) -> DeleteItemFluentBuilder {
        self.client.delete_item().table_name(&self.name).key(self.schema.key, text(key))
    }

    fn selection(&self, index: &str, keys: Condition) -> QueryFluentBuilder {
        let (keys, names, values) = keys.into_parts();
        self.client
            .query()
            .table_name(&self.name)
            .index_name(index)
            .key_condition_expression(keys)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
    }
}

fn refused<T>(item: Option<&Item>) -> Written<T> {
    Written::Refused(item.filter(|item| !item.is_empty()).cloned())
}
