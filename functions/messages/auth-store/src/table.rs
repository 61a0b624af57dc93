//! The port's operations as conditional writes and consistent reads. DynamoDB deletes late, so what has expired is checked here.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use function_dynamodb::{Error, Item, Schema, Table, Update, Written, absent, compare, number, present, seconds, text};
use jiff::Timestamp;
use messages_auth::{
    ATTEMPTS, Attempt, BoxError, Change, Counter, Email, Family, Fault, Store, TokenHash, UserRecord, WINDOW,
};
use messages_contract::table::{KEY, OPEN_INDEX, OPEN_STATUS, TIME_TO_LIVE};
use uuid::Uuid;

use crate::item::*;

const SCHEMA: Schema = Schema { what: "the table of users", key: KEY, time_to_live: TIME_TO_LIVE };

/// Users that are read at once.
const USERS: i32 = 100;

/// A table with the key, the index and the time-to-live attribute of [`messages_contract::table`].
#[derive(Debug, Clone)]
pub struct AuthTable(Table);

impl AuthTable {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(Table::new(client, name, SCHEMA))
    }

    /// An item that has not expired: at the second itself it has, since a token is not to outlive what it says.
    async fn live(&self, key: String, now: Timestamp) -> Result<Option<Item>, Fault> {
        let Some(item) = self.0.get(key).await.map_err(fault)? else { return Ok(None) };
        let expires = read_expiration(&item).map_err(unreadable)?;
        Ok((expires > now).then_some(item))
    }

    /// Puts an item in the place of none, or of one that has expired.
    async fn put_new(&self, item: Item, now: Timestamp) -> Result<bool, Fault> {
        let is_free = absent(KEY).or(compare(TIME_TO_LIVE, "<=", seconds(now)));
        Ok(matches!(self.0.put_if(item, is_free).await.map_err(fault)?, Written::Now(())))
    }

    async fn update(&self, key: String, update: Update) -> Result<Written<Item>, Fault> {
        self.0.update(key, update).await.map_err(fault)
    }
}

impl Store for AuthTable {
    async fn user(&self, email: &Email) -> Result<Option<UserRecord>, Fault> {
        self.0.get(user_key(email)).await.map_err(fault)?.as_ref().map(read_user).transpose().map_err(unreadable)
    }

    /// Reads the index, which is a moment late.
    async fn users(&self) -> Result<Vec<UserRecord>, Fault> {
        let (mut users, mut after) = (Vec::new(), None);
        loop {
            let is_user = compare(OPEN_STATUS, "=", text(OPEN_USER));
            let page = self.0.query(OPEN_INDEX, is_user, after, USERS).await.map_err(fault)?;
            for item in &page.items {
                users.push(read_user(item).map_err(unreadable)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(users);
            }
        }
    }

    async fn add_user(&self, user: &UserRecord) -> Result<bool, Fault> {
        // Users do not expire, so the other half of the condition never holds.
        self.put_new(user_item(user), user.created_at).await
    }

    async fn change_user(&self, email: &Email, change: &Change) -> Result<Option<UserRecord>, Fault> {
        let update = Update::default().add("generation", number(1)).only_if(present(KEY));
        let update = match change {
            Change::Disable => update.set("disabled", AttributeValue::Bool(true)),
            Change::Reset { password_hash } => {
                update.set("disabled", AttributeValue::Bool(false)).set("password_hash", text(password_hash))
            }
        };
        match self.update(user_key(email), update).await? {
            Written::Now(item) => read_user(&item).map(Some).map_err(unreadable),
            Written::Refused(_) => Ok(None),
        }
    }

    async fn logged_in(&self, email: &Email, now: Timestamp) -> Result<(), Fault> {
        let update = Update::default().set("last_login_at", text(now)).only_if(present(KEY));
        self.update(user_key(email), update).await.map(|_| ())
    }

    async fn attempt(&self, counter: &Counter, now: Timestamp) -> Result<Attempt, Fault> {
        // Both writes fail only when others count at the same time: once for the last of a window, once for the first of the next.
        for _ in 0..3 {
            let is_counted = compare(TIME_TO_LIVE, ">", seconds(now)).and(compare("attempts", "<", number(ATTEMPTS)));
            let update = Update::default().add("attempts", number(1)).only_if(is_counted);
            let Written::Refused(item) = self.update(counter_key(counter), update).await? else {
                return Ok(Attempt::Allowed);
            };
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
        Err(Fault::Unavailable { what: SCHEMA.what, source: "a counter of failed logins changes too fast".into() })
    }

    async fn forgive(&self, counter: &Counter, now: Timestamp) -> Result<(), Fault> {
        let is_counted = compare(TIME_TO_LIVE, ">", seconds(now)).and(compare("attempts", ">", number(0)));
        let update = Update::default().add("attempts", number(-1)).only_if(is_counted);
        self.update(counter_key(counter), update).await.map(|_| ())
    }

    async fn forget(&self, counter: &Counter) -> Result<(), Fault> {
        self.0.delete(counter_key(counter)).await.map_err(fault)
    }

    async fn add_token(&self, token: &TokenHash, family: Uuid, expires: Timestamp) -> Result<(), Fault> {
        self.0.put(token_item(token, family, expires)).await.map_err(fault)
    }

    async fn family_of(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Uuid>, Fault> {
        self.live(token_key(token), now).await?.as_ref().map(read_token).transpose().map_err(unreadable)
    }

    async fn add_family(&self, id: Uuid, family: &Family) -> Result<(), Fault> {
        self.0.put(family_item(id, family)).await.map_err(fault)
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
        let is_current = compare("current", "=", text(old.as_str())).and(compare(TIME_TO_LIVE, ">", seconds(now)));
        let update = Update::default()
            .set("current", text(new.as_str()))
            .set(TIME_TO_LIVE, seconds(expires))
            .only_if(is_current);
        Ok(matches!(self.update(family_key(id), update).await?, Written::Now(_)))
    }

    async fn revoke(&self, id: Uuid) -> Result<(), Fault> {
        self.0.delete(family_key(id)).await.map_err(fault)
    }
}

fn fault(error: Error) -> Fault {
    match error {
        Error::Throttled { what, source } => Fault::Throttled { what, source },
        Error::Unavailable { what, source } => Fault::Unavailable { what, source },
        Error::Permanent { what, source } => Fault::Failed { what, source },
    }
}

fn unreadable(source: BoxError) -> Fault {
    Fault::Failed { what: SCHEMA.what, source }
}
