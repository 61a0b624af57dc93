//! The adapters against MiniStack: DynamoDB's conditions keep what the ports promise, and the secret is read as it is.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use messages_auth::{
    ATTEMPTS, Attempt, Change, Counter, Email, Family, Fault, KeySource, Store, TokenHash, UserRecord, WINDOW,
};
use messages_auth_store::{AuthTable, SigningKeysSecret};
use messages_contract::SigningKeys;
use messages_contract::table::{KEY, OPEN_INDEX, OPEN_SINCE, OPEN_STATUS};
use test_ministack::{Emulator, Index, create_table};
use uuid::Uuid;

const TABLE: &str = "messages";

/// An emulator with a table; it stops when the test ends.
struct Cloud {
    dynamodb: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
    _emulator: Emulator,
}

impl Cloud {
    async fn start() -> Self {
        let emulator = tokio::task::spawn_blocking(Emulator::start).await.expect("it does not panic");
        let emulator = emulator.unwrap_or_else(|error| panic!("{error}"));
        let config = emulator.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let index = Index { name: OPEN_INDEX, partition_key: OPEN_STATUS, sort_key: OPEN_SINCE };
        create_table(&dynamodb, TABLE, KEY, Some(index)).await;
        Self { dynamodb, secrets: aws_sdk_secretsmanager::Client::new(&config), _emulator: emulator }
    }

    fn table(&self) -> AuthTable {
        AuthTable::new(self.dynamodb.clone(), TABLE)
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-02T{time}Z").parse().expect("a time")
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).expect("an address")
}

fn user(name: &str) -> UserRecord {
    UserRecord {
        email: email(name),
        password_hash: "$argon2id$".to_owned(),
        disabled: false,
        generation: 0,
        created_at: at("10:00:00.123456789"),
        last_login_at: None,
    }
}

async fn users_are_written_once_and_changed_only_when_they_exist(cloud: &Cloud) -> Result<(), Fault> {
    let table = cloud.table();
    let (ada, bob) = (user("ada"), user("bob"));
    assert_eq!(table.user(&ada.email).await?, None);
    assert!(table.add_user(&ada).await? && table.add_user(&bob).await?);
    let other = UserRecord { password_hash: "other".to_owned(), ..ada.clone() };
    assert!(!table.add_user(&other).await?);
    assert_eq!(table.user(&ada.email).await?, Some(ada.clone()));

    // An item of another kind, as the messages are.
    let message = cloud.dynamodb.put_item().table_name(TABLE).item(KEY, AttributeValue::S("742652f8".to_owned()));
    message.send().await.expect("a message");
    let mut users = table.users().await?;
    users.sort_by(|one, other| one.email.cmp(&other.email));
    assert_eq!(users, [ada.clone(), bob]);

    let disabled = UserRecord { disabled: true, generation: 1, ..ada.clone() };
    assert_eq!(table.change_user(&ada.email, &Change::Disable).await?, Some(disabled));
    let reset = Change::Reset { password_hash: "new".to_owned() };
    let changed = UserRecord { password_hash: "new".to_owned(), generation: 2, ..ada.clone() };
    assert_eq!(table.change_user(&ada.email, &reset).await?, Some(changed.clone()));
    table.logged_in(&ada.email, at("10:01:00")).await?;
    let logged_in = UserRecord { last_login_at: Some(at("10:01:00")), ..changed };
    assert_eq!(table.user(&ada.email).await?, Some(logged_in));

    let nobody = email("nobody");
    assert_eq!(table.change_user(&nobody, &Change::Disable).await?, None);
    table.logged_in(&nobody, at("10:01:00")).await?;
    assert_eq!(table.user(&nobody).await?, None, "no change makes a user");
    Ok(())
}

async fn attempts_are_counted_in_a_window(cloud: &Cloud) -> Result<(), Fault> {
    let table = cloud.table();
    let counter = Counter::of_email(&email("ada"));
    let start = at("10:00:00");
    let until = start + WINDOW;
    let second = SignedDuration::from_secs(1);
    let all = attempts_at_once(&table, &counter, start, 12).await;
    assert_eq!(all.iter().filter(|attempt| **attempt == Attempt::Allowed).count(), ATTEMPTS as usize, "all at once");
    assert_eq!(table.attempt(&counter, until - second).await?, Attempt::Locked { until });
    table.forgive(&counter, start).await?;
    assert_eq!(table.attempt(&counter, until - second).await?, Attempt::Allowed);
    assert_eq!(table.attempt(&counter, until - second).await?, Attempt::Locked { until });
    // The item is still there: it has expired, and was not deleted.
    table.forgive(&counter, until).await?;
    for _ in 0..ATTEMPTS {
        assert_eq!(table.attempt(&counter, until).await?, Attempt::Allowed);
    }
    assert_eq!(table.attempt(&counter, until).await?, Attempt::Locked { until: until + WINDOW });
    table.forget(&counter).await?;
    assert_eq!(table.attempt(&counter, until).await?, Attempt::Allowed);
    let source = Counter::of_source(None);
    table.forgive(&source, until).await?;
    assert_eq!(table.attempt(&source, until).await?, Attempt::Allowed, "a counter of its own");
    Ok(())
}

async fn attempts_at_once(table: &AuthTable, counter: &Counter, now: Timestamp, count: usize) -> Vec<Attempt> {
    let attempts = (0..count).map(|_| table.attempt(counter, now));
    let attempts = futures_util::future::join_all(attempts).await;
    attempts.into_iter().map(|attempt| attempt.expect("an answer")).collect()
}

async fn one_rotation_wins(cloud: &Cloud) -> Result<(), Fault> {
    let table = cloud.table();
    let [first, second, third] = ["a", "b", "c"].map(|letter| TokenHash::from_stored(letter.repeat(64)));
    let (id, now, end) = (Uuid::from_u128(1), at("10:00:00"), at("11:00:00"));
    let family =
        Family { email: email("ada"), generation: 3, current: first.clone(), started_at: now, expires: at("10:30:00") };
    assert_eq!((table.family(id, now).await?, table.family_of(&first, now).await?), (None, None));
    table.add_family(id, &family).await?;
    table.add_token(&first, id, end).await?;
    assert_eq!(table.family(id, now).await?, Some(family.clone()));
    assert_eq!(table.family(id, at("10:29:59")).await?, Some(family.clone()));
    assert_eq!(table.family(id, at("10:30:00")).await?, None, "DynamoDB deletes late");
    assert_eq!(table.family_of(&first, at("10:59:59")).await?, Some(id));
    assert_eq!(table.family_of(&first, end).await?, None);

    assert!(!table.rotate(id, &first, &second, at("10:30:00"), end).await?, "it has expired");
    let (one, other) =
        tokio::join!(table.rotate(id, &first, &second, now, end), table.rotate(id, &first, &third, now, end),);
    assert!(one? != other?, "exactly one");
    let rotated = table.family(id, at("10:59:59")).await?.expect("the family");
    assert!([second, third].contains(&rotated.current) && rotated.expires == end);
    assert!(!table.rotate(id, &first, &first, now, end).await?);

    table.revoke(id).await?;
    table.revoke(id).await?;
    assert!(!table.rotate(id, &rotated.current, &first, now, end).await?);
    assert_eq!(table.family(id, now).await?, None, "no rotation makes a family");
    Ok(())
}

#[tokio::test]
async fn the_table_keeps_what_its_port_promises() {
    let cloud = Cloud::start().await;
    users_are_written_once_and_changed_only_when_they_exist(&cloud).await.unwrap();
    attempts_are_counted_in_a_window(&cloud).await.unwrap();
    one_rotation_wins(&cloud).await.unwrap();
    let elsewhere = AuthTable::new(cloud.dynamodb.clone(), "no-such-table");
    assert!(matches!(elsewhere.user(&email("ada")).await, Err(Fault::Failed { .. })));
}

#[tokio::test]
async fn the_signing_keys_are_read_as_they_are_now() {
    let cloud = Cloud::start().await;
    let secret = SigningKeysSecret::new(cloud.secrets.clone(), "keys");
    assert!(matches!(secret.signing_keys().await, Err(Fault::Failed { .. })), "there is none");
    cloud.secrets.create_secret().name("keys").secret_string(r#"{"current":"a"}"#).send().await.unwrap();
    let keys = SigningKeys { current: "a".to_owned(), next: None, previous: None, changed_at: None };
    assert_eq!(secret.signing_keys().await.unwrap(), keys);
    let rotated = SigningKeys { next: Some("b".to_owned()), changed_at: Some(7), ..keys };
    let text = r#"{"current":"a","next":"b","changed_at":7}"#;
    cloud.secrets.put_secret_value().secret_id("keys").secret_string(text).send().await.unwrap();
    assert_eq!(secret.signing_keys().await.unwrap(), rotated);
    for damaged in ["hunter2", "{}", r#"{"current":"hunter2","other":1}"#] {
        cloud.secrets.put_secret_value().secret_id("keys").secret_string(damaged).send().await.unwrap();
        let fault = secret.signing_keys().await.unwrap_err();
        assert!(!fault.is_retryable() && !function_runtime::chain(&fault).contains("hunter2"), "{fault:?}");
    }
    let nowhere = aws_sdk_secretsmanager::Client::new(&test_ministack::sdk_config("http://127.0.0.1:1", "test"));
    let secret = SigningKeysSecret::new(nowhere, "keys");
    assert!(secret.signing_keys().await.unwrap_err().is_retryable());
}
