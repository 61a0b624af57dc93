//! Migrations against a real PostgreSQL.

use function_postgres::Client;
use function_postgres::migrations::{Migration, apply};
use test_postgres::Server;

use crate::owner;

async fn connect(database: &str) -> Client {
    owner(Server::shared(), database).get().await.unwrap()
}

fn migration(name: &str, sql: &str) -> Migration {
    Migration { name: name.to_owned().into(), sql: sql.to_owned().into() }
}

async fn fresh() -> Client {
    connect(&Server::shared().create_database().await).await
}

#[tokio::test]
async fn migrations_are_applied_once_in_order() {
    let mut client = fresh().await;
    let first = migration("a/0001_create", "CREATE TABLE t (n integer); INSERT INTO t VALUES (1)");
    let second = migration("a/0002_double", "UPDATE t SET n = n * 2");
    assert_eq!(apply(&mut client, std::slice::from_ref(&first)).await.unwrap(), ["a/0001_create"]);
    assert_eq!(apply(&mut client, &[first.clone(), second.clone()]).await.unwrap(), ["a/0002_double"]);
    assert_eq!(apply(&mut client, &[first.clone(), second]).await.unwrap(), Vec::<String>::new());
    assert_eq!(
        apply(&mut client, &[first]).await.unwrap(),
        Vec::<String>::new(),
        "a rolled-back stack runs the older set"
    );
    assert_eq!(client.query_one("SELECT n FROM t", &[]).await.unwrap().get::<_, i32>(0), 2);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let mut client = fresh().await;
    let good = migration("a/0001_good", "CREATE TABLE good ()");
    let bad = migration("a/0002_bad", "CREATE TABLE half (); SELECT 1 / 0");
    let error = apply(&mut client, &[good, bad]).await.unwrap_err();
    assert_eq!(error.to_string(), "migration a/0002_bad failed and was rolled back");
    let sql =
        "SELECT to_regclass('good') IS NOT NULL, to_regclass('half') IS NULL, (SELECT count(*) FROM schema_migration)";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, bool>(1), row.get::<_, i64>(2)), (true, true, 1));
}

#[tokio::test]
async fn a_changed_migration_is_named() {
    let mut client = fresh().await;
    apply(&mut client, &[migration("a/0001_x", "CREATE TABLE x ()")]).await.unwrap();
    let error = apply(&mut client, &[migration("a/0001_x", "CREATE TABLE x (n integer)")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "migration a/0001_x was changed after it had been applied: restore it and write a new one"
    );
}

#[tokio::test]
async fn a_migration_cannot_be_put_in_front_of_an_applied_one() {
    let mut client = fresh().await;
    apply(&mut client, &[migration("a/0002_x", "CREATE TABLE x ()")]).await.unwrap();
    apply(&mut client, &[migration("b/0001_y", "CREATE TABLE y ()")]).await.unwrap();
    let error = apply(&mut client, &[migration("a/0001_z", "CREATE TABLE z ()")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "migration a/0001_z would come before a/0002_x, which is applied already: give it a higher number"
    );
}

#[tokio::test]
async fn two_that_migrate_at_once_apply_each_migration_once() {
    let database = Server::shared().create_database().await;
    let migrations: Vec<Migration> = (1..=9)
        .map(|n| migration(&format!("a/000{n}_t"), &format!("SELECT pg_sleep(0.01); CREATE TABLE t{n} ()")))
        .collect();
    let (mut one, mut two) = (connect(&database).await, connect(&database).await);
    let (one, two) = tokio::join!(apply(&mut one, &migrations), apply(&mut two, &migrations));
    assert_eq!(one.unwrap().len() + two.unwrap().len(), 9);
}

#[test]
fn a_folder_is_read_in_order_without_other_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["0002_b.sql", "0001_a.sql", "README.md"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let migrations = Migration::read_folder(folder.path()).unwrap();
    let set = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(
        migrations,
        [migration(&format!("{set}/0001_a"), "0001_a.sql"), migration(&format!("{set}/0002_b"), "0002_b.sql")]
    );
}
