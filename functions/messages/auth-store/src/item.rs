//! Items of the table, by prefixed keys: `user#<e-mail>`, `refresh#<hash>`, `family#<id>`, `login-failures#<counter>`. An item that is none of
//! them is an error that names what it lacks.

use aws_sdk_dynamodb::types::AttributeValue;
use function_dynamodb::{Item, item, number, read_number, read_text, seconds, text};
use jiff::Timestamp;
use messages_auth::{BoxError, Counter, Email, Family, TokenHash, UserRecord};
use messages_contract::table::{KEY, OPEN_SINCE, OPEN_STATUS, TIME_TO_LIVE};
use uuid::Uuid;

const USER_PREFIX: &str = "user#";
/// What [`messages_contract::table::OPEN_STATUS`] is for users.
pub(crate) const OPEN_USER: &str = "USER";

pub(crate) fn user_key(email: &Email) -> String {
    format!("{USER_PREFIX}{email}")
}

pub(crate) fn token_key(token: &TokenHash) -> String {
    format!("refresh#{}", token.as_str())
}

pub(crate) fn family_key(id: Uuid) -> String {
    format!("family#{id}")
}

pub(crate) fn counter_key(counter: &Counter) -> String {
    format!("login-failures#{counter}")
}

pub(crate) fn user_item(user: &UserRecord) -> Item {
    let mut item = item([
        (KEY, text(user_key(&user.email))),
        ("email", text(&user.email)),
        ("password_hash", text(&user.password_hash)),
        ("disabled", AttributeValue::Bool(user.disabled)),
        ("generation", number(user.generation)),
        ("created_at", text(user.created_at)),
        (OPEN_STATUS, text(OPEN_USER)),
        (OPEN_SINCE, text(&user.email)),
    ]);
    item.extend(user.last_login_at.map(|at| ("last_login_at".to_owned(), text(at))));
    item
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_user(item: &Item) -> Result<UserRecord, BoxError> {
    let disabled = item.get("disabled").and_then(|value| value.as_bool().ok());
    Ok(UserRecord {
        email: read_email(item)?,
        password_hash: read_text(item, "password_hash")?.to_owned(),
        disabled: *disabled.ok_or("the item has no boolean disabled")?,
        generation: read_number(item, "generation")?.parse()?,
        created_at: read_text(item, "created_at")?.parse()?,
        last_login_at: item
            .get("last_login_at")
            .map(|_| read_text(item, "last_login_at")?.parse().map_err(BoxError::from))
            .transpose()?,
    })
}

pub(crate) fn token_item(token: &TokenHash, family: Uuid, expires: Timestamp) -> Item {
    item([(KEY, text(token_key(token))), ("family", text(family)), (TIME_TO_LIVE, seconds(expires))])
}

/// # Errors
/// Names what is missing or malformed.
pub(crate) fn read_token(item: &Item) -> Result<Uuid, BoxError> {
    Ok(read_text(item, "family")?.parse()?)
}

pub(crate) fn family_item(id: Uuid, family: &Family) -> Item {
    item([
        (KEY, text(family_key(id))),
        ("email", text(&family.email)),
        ("generation", number(family.generation)),
        ("current", text(family.current.as_str())),
        ("started_at", text(family.started_at)),
        (TIME_TO_LIVE, seconds(family.expires)),
    ])
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_family(item: &Item) -> Result<Family, BoxError> {
    Ok(Family {
        email: read_email(item)?,
        generation: read_number(item, "generation")?.parse()?,
        current: TokenHash::from_stored(read_text(item, "current")?),
        started_at: read_text(item, "started_at")?.parse()?,
        expires: read_expiration(item)?,
    })
}

pub(crate) fn counter_item(counter: &Counter, expires: Timestamp) -> Item {
    item([(KEY, text(counter_key(counter))), ("attempts", number(1)), (TIME_TO_LIVE, seconds(expires))])
}

/// When the item expires.
///
/// # Errors
/// It never does, and should.
pub(crate) fn read_expiration(item: &Item) -> Result<Timestamp, BoxError> {
    Ok(Timestamp::from_second(read_number(item, TIME_TO_LIVE)?.parse()?)?)
}

fn read_email(item: &Item) -> Result<Email, BoxError> {
    Ok(Email::parse(read_text(item, "email")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_user_and_a_family_come_back_as_they_were_written() {
        let email = Email::parse("user@example.com").unwrap();
        let created_at = at("2026-11-02T10:00:00.123456789Z");
        for last_login_at in [None, Some(created_at)] {
            let user = UserRecord {
                email: email.clone(),
                password_hash: "$argon2id$".to_owned(),
                disabled: last_login_at.is_none(),
                generation: 7,
                created_at,
                last_login_at,
            };
            assert_eq!(read_user(&user_item(&user)).unwrap(), user);
        }
        let family = Family {
            email,
            generation: 7,
            current: TokenHash::from_stored("00ff"),
            started_at: created_at,
            expires: at("2026-11-09T10:00:00Z"),
        };
        let id = Uuid::from_u128(1);
        assert_eq!(read_family(&family_item(id, &family)).unwrap(), family);
        assert_eq!(read_token(&token_item(&family.current, id, family.expires)).unwrap(), id);
    }

    #[test]
    fn an_item_of_another_kind_is_named_for_what_it_lacks() {
        assert_eq!(read_user(&Item::new()).unwrap_err().to_string(), "the item has no text email");
        assert_eq!(read_token(&Item::new()).unwrap_err().to_string(), "the item has no text family");
        assert_eq!(read_expiration(&Item::new()).unwrap_err().to_string(), "the item has no number expiration");
    }
}
