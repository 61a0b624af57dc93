//! A table against MiniStack: what conditions let through, what refused writes return, and the pages of an index.

use function_dynamodb::{
    Condition, Error, Item, Schema, Table, Update, Written, absent, compare, item, number, present, read_text, seconds,
    text,
};
use jiff::{SignedDuration, Timestamp};
use test_ministack::{Emulator, Index, create_table};

const SCHEMA: Schema = Schema { what: "the orders", key: "id", time_to_live: "expiration" };
const INDEX: &str = "open";

/// A table with the index `open` of `status` and `since`; its emulator stops when the test ends.
async fn table() -> (Table, Emulator) {
    let emulator = tokio::task::spawn_blocking(Emulator::start).await.expect("it does not panic");
    let emulator = emulator.unwrap_or_else(|error| panic!("{error}"));
    let config = emulator.sdk_config();
    let client = aws_sdk_dynamodb::Client::new(&config);
    let index = Index { name: INDEX, partition_key: "status", sort_key: "since" };
    create_table(&client, "orders", "id", Some(index)).await;
    (Table::new(client, "orders", SCHEMA), emulator)
}

fn order(id: &str, status: &str, since: u32) -> Item {
    item([("id", text(id)), ("status", text(status)), ("since", text(since))])
}

fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| read_text(item, "id").expect("each has one")).collect()
}

async fn a_refused_write_changes_nothing_and_returns_the_item(table: &Table) -> Result<(), Error> {
    let (first, second) = (order("a", "NEW", 1), order("a", "OTHER", 2));
    assert_eq!(table.put_if(first.clone(), absent("id")).await?, Written::Now(()));
    assert_eq!(table.put_if(second.clone(), absent("id")).await?, Written::Refused(Some(first.clone())));
    let is_other = compare("status", "=", text("OTHER"));
    let update = || Update::default().add("count", number(2)).set_once("first", number(1)).remove("since");
    assert_eq!(table.update("a", update().only_if(is_other.clone())).await?, Written::Refused(Some(first.clone())));
    assert_eq!(table.delete_if("a", is_other.clone()).await?, Written::Refused(Some(first.clone())));
    assert_eq!(table.get("a").await?, Some(first.clone()));
    assert_eq!(table.update("b", update().only_if(present("id"))).await?, Written::Refused(None));

    let changed = item([("id", text("a")), ("status", text("NEW")), ("count", number(2)), ("first", number(1))]);
    assert_eq!(table.update("a", update()).await?, Written::Now(changed));
    table.put(second.clone()).await?;
    assert_eq!(table.delete_if("a", is_other).await?, Written::Now(()));
    table.delete("a").await?;
    assert_eq!(table.get("a").await?, None);
    Ok(())
}

async fn alternatives_in_combinations_are_what_they_say(table: &Table) -> Result<(), Error> {
    let is = |status: &str| compare("status", "=", text(status));
    let from = ["NEW", "DEAD", "PARKED"].into_iter().map(is).reduce(Condition::or).expect("three");
    let is_due = absent("id").or(compare("status", "<>", text("DONE")).and(compare("since", "<", text(5)).or(from)));
    for (status, since, passes) in [("DONE", 1, false), ("OTHER", 4, true), ("OTHER", 5, false), ("PARKED", 9, true)] {
        table.put(order("a", status, since)).await?;
        let written = table.put_if(order("a", "NEXT", 1), is_due.clone()).await?;
        assert_eq!(written == Written::Now(()), passes, "{status} {since}");
    }
    table.delete("a").await
}

async fn what_has_expired_is_there_but_not_live(table: &Table) -> Result<(), Error> {
    let now: Timestamp = "2026-11-02T10:00:00Z".parse().expect("a time");
    table.put(item([("id", text("a")), ("expiration", seconds(now))])).await?;
    assert!(table.live("a", now).await?.is_some());
    let later = now + SignedDuration::from_secs(1);
    assert!(table.live("a", later).await?.is_none() && table.get("a").await?.is_some());
    table.delete("a").await
}

async fn an_index_is_read_page_by_page(table: &Table) -> Result<(), Error> {
    for (id, status, since) in [("c", "NEW", 3), ("a", "NEW", 1), ("x", "OLD", 1), ("b", "NEW", 2)] {
        table.put(order(id, status, since)).await?;
    }
    let new = || compare("status", "=", text("NEW"));
    let first = table.query(INDEX, new(), None, 2).await?;
    assert_eq!(ids(&first.items), ["a", "b"]);
    let second = table.query(INDEX, new(), first.next, 2).await?;
    assert_eq!((ids(&second.items), second.next), (vec!["c"], None));
    let before = table.query(INDEX, new().and(compare("since", "<", text(3))), None, 10).await?;
    assert_eq!(ids(&before.items), ["a", "b"]);
    assert_eq!((table.count(INDEX, new(), 10).await?, table.count(INDEX, new(), 2).await?), (3, 2));
    Ok(())
}

#[tokio::test]
async fn a_table_keeps_its_word() -> Result<(), Error> {
    let (table, _emulator) = table().await;
    a_refused_write_changes_nothing_and_returns_the_item(&table).await?;
    alternatives_in_combinations_are_what_they_say(&table).await?;
    what_has_expired_is_there_but_not_live(&table).await?;
    an_index_is_read_page_by_page(&table).await?;
    let refused = table.query("no such index", compare("status", "=", text("NEW")), None, 1).await;
    assert!(matches!(refused, Err(Error::Permanent { .. })), "{refused:?}");
    Ok(())
}
