//! The adapters against MiniStack: DynamoDB's and S3's conditions keep what the ports promise.

use catalog_core::{
    Claim, Claiming, Draft, Fault, Looked, Placed, Price, Product, Record, Reports, SaveError, Status, Table, look,
    report, save,
};
use catalog_store::ProductTable;
use jiff::{SignedDuration, Timestamp};
use product_saver_worker::ReportsBucket;
use test_ministack::{Emulator, create_table};
use uuid::Uuid;

const TABLE: &str = "products";
const BUCKET: &str = "reports";

/// An emulator with a table and a bucket; it stops when the test ends.
struct Cloud {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    _emulator: Emulator,
}

impl Cloud {
    async fn start() -> Self {
        let emulator = tokio::task::spawn_blocking(Emulator::start).await.expect("it does not panic");
        let emulator = emulator.unwrap_or_else(|error| panic!("{error}"));
        let config = emulator.sdk_config();
        let path_style = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let (dynamodb, s3) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_s3::Client::from_conf(path_style));
        create_table(&dynamodb, TABLE, "id", None).await;
        s3.create_bucket().bucket(BUCKET).send().await.expect("a bucket");
        Self { dynamodb, s3, _emulator: emulator }
    }

    fn table(&self) -> ProductTable {
        ProductTable::new(self.dynamodb.clone(), TABLE)
    }

    fn reports(&self) -> ReportsBucket {
        ReportsBucket::new(self.s3.clone(), BUCKET)
    }

    async fn attributes(&self, id: impl ToString) -> Vec<String> {
        let id = aws_sdk_dynamodb::types::AttributeValue::S(id.to_string());
        let answer = self.dynamodb.get_item().table_name(TABLE).key("id", id).send().await.expect("an answer");
        let mut names: Vec<String> = answer.item.unwrap_or_default().into_keys().collect();
        names.sort();
        names
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("in range")
}

fn product(id: u128, name: &str) -> Product {
    let draft = Draft {
        name: name.to_owned(),
        description: "a\nb \u{FFFF}".to_owned(),
        price: Price::from_text("19.9").expect("a price"),
    };
    Product { id: Uuid::from_u128(id), draft, accepted_at: now() }
}

#[tokio::test]
async fn the_table_keeps_what_its_port_promises() {
    let cloud = Cloud::start().await;
    let table = cloud.table();
    let (now, minute) = (now(), SignedDuration::from_secs(60));

    let key = "idempotency-key#1";
    let claim = |id, fingerprint: &str| Claim { product_id: Uuid::from_u128(id), fingerprint: fingerprint.to_owned() };
    let (first, second) = (claim(1, "a"), claim(2, "b"));
    assert_eq!(table.claim(key, &first, now, now + minute).await.unwrap(), Claiming::Ours);
    assert_eq!(table.claim(key, &second, now, now + minute).await.unwrap(), Claiming::Earlier(first.clone()));
    assert_eq!(table.claim(key, &second, now + minute, now + minute * 2).await.unwrap(), Claiming::Earlier(first));
    let later = now + minute + SignedDuration::from_secs(1);
    assert_eq!(table.claim(key, &second, later, later + minute).await.unwrap(), Claiming::Ours);

    let (cup, plate) = (product(1, "cup"), product(1, "plate"));
    let accepted = Record { product: cup.clone(), status: Status::Accepted };
    assert_eq!(table.find(cup.id, now).await.unwrap(), None);
    assert_eq!(table.accept(&cup, now + minute).await.unwrap(), Placed::Now);
    assert_eq!(table.accept(&plate, now + minute).await.unwrap(), Placed::Before(accepted.clone()));
    assert_eq!(table.find(cup.id, now + minute).await.unwrap(), Some(accepted));
    assert_eq!(table.find(cup.id, later).await.unwrap(), None, "DynamoDB deletes late");

    assert_eq!(table.save(&cup, now).await.unwrap(), Placed::Now);
    assert_eq!(table.save(&plate, now).await.unwrap(), Placed::Before(()));
    let saved = Record { product: cup.clone(), status: Status::Saved };
    assert_eq!(table.find(cup.id, later).await.unwrap(), Some(saved.clone()), "what is saved does not expire");
    assert_eq!(table.accept(&plate, now + minute).await.unwrap(), Placed::Before(saved));
    let attributes = ["accepted_at", "description", "id", "name", "price", "saved_at", "status"];
    assert_eq!(cloud.attributes(cup.id).await, attributes);

    let elsewhere = ProductTable::new(cloud.dynamodb.clone(), "no-such-table");
    assert!(matches!(elsewhere.find(cup.id, now).await, Err(Fault::Failed { .. })));
}

#[tokio::test]
async fn a_product_is_saved_once_with_one_report() {
    let cloud = Cloud::start().await;
    let (table, reports) = (cloud.table(), cloud.reports());
    let cup = product(1, "cup");
    table.accept(&cup, now() + SignedDuration::from_secs(60)).await.unwrap();

    // A worker that died between the two writes.
    assert_eq!(reports.write(cup.id, &report(&cup)).await.unwrap(), Placed::Now);
    assert_eq!(look(&table, cup.id, now()).await.unwrap(), Looked::Underway(cup.id));

    let (one, other) = tokio::join!(save(&table, &reports, &cup, now()), save(&table, &reports, &cup, now()));
    assert_eq!([one.unwrap(), other.unwrap()].iter().filter(|placed| **placed == Placed::Now).count(), 1);
    assert_eq!(save(&table, &reports, &cup, now()).await.unwrap(), Placed::Before(()));
    assert_eq!(look(&table, cup.id, now()).await.unwrap(), Looked::Saved(cup.clone()));

    let plate = save(&table, &reports, &product(1, "plate"), now()).await;
    assert!(matches!(plate, Err(SaveError::OtherContent { .. })));
    assert_eq!(reports.write(cup.id, "another").await.unwrap(), Placed::Before(()));
    let object = cloud.s3.get_object().bucket(BUCKET).key(cup.id.to_string()).send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/plain; charset=utf-8"));
    let bytes = object.body.collect().await.unwrap().into_bytes();
    assert_eq!(String::from_utf8(bytes.to_vec()).unwrap(), report(&cup));
}
