//! The port's operations as conditional writes and consistent reads. DynamoDB deletes late, so what has expired is checked here.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use messages_auth::{
    ATTEMPTS, Attempt, BoxError, Change, Counter, Email, Family, Fault, Store, TokenHash, UserRecord, WINDOW,
};
use messages_contract::table::{KEY, TIME_TO_LIVE};
use uuid::Uuid;

use crate::item::*;

const WHAT: &str = "the table of users";

/// A table with the key and the time-to-live attribute of [`messages_contract::table`].
#[derive(Debug, Clone)]
pub struct AuthTable {
    client: Client,
    name: String,
}

/// What a conditional update has led to.
enum Updated {
    /// The item as it is now.
    Now(Item),
    /// The condition did not hold for this item, or for none.
    Refused(Option<Item>),
}

impl AuthTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    async fn get(&self, key: String) -> Result<Option<Item>, Fault> {
        let call = self.client.get_item().table_name(&self.name).key(KEY, text(key)).consistent_read(true);
        Ok(call.send().await.map_err(fault)?.item)
    }

    /// An item that has not expired.
    async fn live(&self, key: String, now: Timestamp) -> Result<Option<Item>, Fault> {
        let Some(item) = self.get(key).await? else { return Ok(None) };
        let expires = read_expiration(&item).map_err(unreadable)?;
        Ok((expires > now).then_some(item))
    }

    async fn put(&self, item: Item) -> Result<(), Fault> {
        self.client.put_item().table_name(&self.name).set_item(Some(item)).send().await.map_err(fault)?;
        Ok(())
    }

    /// Puts an item in the place of none, or of one that has expired.
    async fn put_new(&self, item: Item, now: Timestamp) -> Result<bool, Fault> {
        let call = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key) OR #expiration <= :now")
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#expiration", TIME_TO_LIVE)
            .expression_attribute_values(":now", seconds(now));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(false)
            }
            Err(error) => Err(fault(error)),
        }
    }

    fn update(&self, key: String) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .key(KEY, text(key))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn delete(&self, key: String) -> Result<(), Fault> {
        self.client.delete_item().table_name(&self.name).key(KEY, text(key)).send().await.map_err(fault)?;
        Ok(())
    }
}

async fn updated(call: UpdateItemFluentBuilder) -> Result<Updated, Fault> {
    match call.send().await {
        Ok(answer) => Ok(Updated::Now(answer.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Updated::Refused(failed.item().filter(|item| !item.is_empty()).cloned()))
            }
            _ => Err(fault(error)),
        },
    }
}

impl Store for AuthTable {
    async fn user(&self, email: &Email) -> Result<Option<UserRecord>, Fault> {
        self.get(user_key(email)).await?.as_ref().map(read_user).transpose().map_err(unreadable)
    }

    /// Reads the whole table, since users have no index: the operator asks seldom.
    async fn users(&self) -> Result<Vec<UserRecord>, Fault> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("begins_with(#key, :prefix)")
            .expression_attribute_names("#key", KEY)
            .expression_attribute_values(":prefix", text(USER_PREFIX))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut users = Vec::new();
        while let Some(item) = pages.next().await {
            users.push(read_user(&item.map_err(fault)?).map_err(unreadable)?);
        }
        Ok(users)
    }

    async fn add_user(&self, user: &UserRecord) -> Result<bool, Fault> {
        // Users do not expire, so the other half of the condition never holds.
        self.put_new(user_item(user), user.created_at).await
    }

    async fn change_user(&self, email: &Email, change: &Change) -> Result<Option<UserRecord>, Fault> {
        let call = self.update(user_key(email)).condition_expression("attribute_exists(#key)");
        let call = call.expression_attribute_names("#key", KEY).expression_attribute_values(":one", number(1));
        let call = match change {
            Change::Disable => call
                .update_expression("SET disabled = :disabled ADD generation :one")
                .expression_attribute_values(":disabled", AttributeValue::Bool(true)),
            Change::Reset { password_hash } => call
                .update_expression("SET disabled = :disabled, password_hash = :hash ADD generation :one")
                .expression_attribute_values(":disabled", AttributeValue::Bool(false))
                .expression_attribute_values(":hash", text(password_hash)),
        };
        match updated(call).await? {
            Updated::Now(item) => read_user(&item).map(Some).map_err(unreadable),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn logged_in(&self, email: &Email, now: Timestamp) -> Result<(), Fault> {
        let call = self
            .update(user_key(email))
            .condition_expression("attribute_exists(#key)")
            .update_expression("SET last_login_at = :now")
            .expression_attribute_names("#key", KEY)
            .expression_attribute_values(":now", text(now));
        updated(call).await.map(|_| ())
    }

    async fn attempt(&self, counter: &Counter, now: Timestamp) -> Result<Attempt, Fault> {
        // Both writes fail only when others count at the same time: once for the last of a window, once for the first of the next.
        for _ in 0..3 {
            let call = self
                .update(counter_key(counter))
                .condition_expression("#expiration > :now AND attempts < :most")
                .update_expression("ADD attempts :one")
                .expression_attribute_names("#expiration", TIME_TO_LIVE)
                .expression_attribute_values(":now", seconds(now))
                .expression_attribute_values(":most", number(ATTEMPTS))
                .expression_attribute_values(":one", number(1));
            let Updated::Refused(item) = updated(call).await? else { return Ok(Attempt::Allowed) };
            if let Some(item) = item {
                let until = read_expiration(&item).map_err(unreadable)?;
                if until > now {
                    return Ok(Attempt::Locked { until });
                }
            }
            if self.put_new(counter_item(counter, now + WINDOW), now).await? {
                return Ok(Attempt::Allowed);
            }
        }
        Err(Fault::Unavailable { what: WHAT, source: "a counter of failed logins changes too fast".into() })
    }

    async fn forgive(&self, counter: &Counter, now: Timestamp) -> Result<(), Fault> {
        let call = self
            .update(counter_key(counter))
            .condition_expression("#expiration > :now AND attempts > :none")
            .update_expression("ADD attempts :less")
            .expression_attribute_names("#expiration", TIME_TO_LIVE)
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":less", number(-1));
        updated(call).await.map(|_| ())
    }

    async fn forget(&self, counter: &Counter) -> Result<(), Fault> {
        self.delete(counter_key(counter)).await
    }

    async fn add_token(&self, token: &TokenHash, family: Uuid, expires: Timestamp) -> Result<(), Fault> {
        self.put(token_item(token, family, expires)).await
    }

    async fn family_of(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Uuid>, Fault> {
        self.live(token_key(token), now).await?.as_ref().map(read_token).transpose().map_err(unreadable)
    }

    async fn add_family(&self, id: Uuid, family: &Family) -> Result<(), Fault> {
        self.put(family_item(id, family)).await
    }

    async fn family(&self, id: Uuid, now: Timestamp) -> Result<Option<Family>, Fault> {
        self.live(family_key(id), now).await?.as_ref().map(read_family).transpose().map_err(unreadable)
    }

    async fn rotate(
        &self,
        id: Uuid,
        old: &TokenHash,
        new: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, Fault> {
        let call = self
            .update(family_key(id))
            .condition_expression("#current = :old AND #expiration > :now")
            .update_expression("SET #current = :new, #expiration = :expires")
            .expression_attribute_names("#current", "current")
            .expression_attribute_names("#expiration", TIME_TO_LIVE)
            .expression_attribute_values(":old", text(old.as_str()))
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":expires", seconds(expires));
        Ok(matches!(updated(call).await?, Updated::Now(_)))
    }

    async fn revoke(&self, id: Uuid) -> Result<(), Fault> {
        self.delete(family_key(id)).await
    }
}

/// DynamoDB's codes for too many requests, at the table and at the account; those for a fault of its own; and what was never answered.
fn fault<E, R>(error: SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (is_answered, code) = (error.as_service_error().is_some(), error.code().map(str::to_owned));
    let source = error.into();
    match code.as_deref() {
        Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
            Fault::Throttled { what: WHAT, source }
        }
        Some("InternalServerError" | "TransactionConflictException") => Fault::Unavailable { what: WHAT, source },
        _ if is_answered => Fault::Failed { what: WHAT, source },
        _ => Fault::Unavailable { what: WHAT, source },
    }
}

fn unreadable(source: BoxError) -> Fault {
    Fault::Failed { what: WHAT, source }
}
