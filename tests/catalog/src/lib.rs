//! The catalog on a local cloud: its API as a client sees it, and eyes on its queue, table and bucket.

pub mod load;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use catalog_core::{Price, Product, Status};
use serde_json::{Value, json};
use test_harness::http::{self, Answer, authorization};
use test_harness::{Cloud, mapping};

/// The function behind the queue.
pub const WORKER: &str = "ProductSaverWorker-local";
/// The queue and its dead-letter queue.
pub const QUEUE: &str = "product-queue-local";
pub const DEAD: &str = "product-dlq-local";

/// The deployed catalog.
#[derive(Debug, Clone)]
pub struct Catalog {
    http: reqwest::Client,
    sqs: aws_sdk_sqs::Client,
    endpoint: String,
    /// Without a slash at its end.
    pub url: String,
    queue_url: String,
    table: String,
    bucket: String,
}

/// What was accepted.
pub trait Accepted {
    /// The id of an accepted product.
    ///
    /// # Errors
    /// Something else was answered.
    fn accepted(&self) -> anyhow::Result<String>;
}

impl Accepted for Answer {
    fn accepted(&self) -> anyhow::Result<String> {
        let body = self.json()?;
        ensure!(self.status == 202 && body["status"] == "ACCEPTED", "not accepted: {self:?}");
        let id = body["id"].as_str().unwrap_or_default();
        ensure!(self.header("location") == format!("/products/{id}"), "no way to the product: {self:?}");
        Ok(id.to_owned())
    }
}

/// A product that the API takes.
pub fn cup(name: &str) -> Value {
    json!({"name": name, "description": "White\nwith a handle", "price": "19.9"})
}

impl Catalog {
    /// Reads the addresses from the stack's outputs.
    ///
    /// # Errors
    /// The stack is not deployed.
    pub fn find(cloud: &Cloud) -> anyhow::Result<Self> {
        let output = |name: &str| cloud.output("Catalog", name);
        Ok(Self {
            http: cloud.http.clone(),
            sqs: cloud.sqs.clone(),
            endpoint: cloud.endpoint.clone(),
            url: output("ApiUrl")?,
            queue_url: output("ProductQueueUrl")?,
            table: output("ProductTableName")?,
            bucket: output("ReportsBucketName")?,
        })
    }

    /// # Errors
    /// No answer came.
    pub async fn post(&self, product: &Value) -> anyhow::Result<Answer> {
        self.send("POST", "/products", &[("content-type", "application/json")], product.to_string()).await
    }

    /// # Errors
    /// No answer came.
    pub async fn post_with_key(&self, product: &Value, key: &str) -> anyhow::Result<Answer> {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("POST", "/products", &headers, product.to_string()).await
    }

    /// # Errors
    /// No answer came.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], String::new()).await
    }

    /// # Errors
    /// No answer came.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        http::send(&self.http, method, &format!("{}{path}", self.url), headers, body).await
    }

    /// Looks at a product until it is saved.
    ///
    /// # Errors
    /// It is not saved within `limit`, or something other than 202 and 200 was answered.
    pub async fn until_saved(&self, id: &str, limit: Duration) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            let answer = self.get(&format!("/products/{id}")).await?;
            match answer.status {
                200 => return answer.json(),
                202 => ensure!(begun.elapsed() < limit, "{id} is not saved after {limit:?}"),
                _ => anyhow::bail!("{id}: {answer:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Every product in the table by its id; idempotency keys are left out.
    ///
    /// # Errors
    /// The table cannot be read, or holds something that is no product.
    pub async fn products(&self) -> anyhow::Result<BTreeMap<String, (Product, Status)>> {
        let mut found = BTreeMap::new();
        let mut scan = json!({"TableName": self.table, "ConsistentRead": true});
        loop {
            let page = self.dynamodb("Scan", &scan).await?;
            for item in page["Items"].as_array().into_iter().flatten() {
                let id = item["id"]["S"].as_str().unwrap_or_default();
                if !id.contains('#') {
                    let read = read_product(item).with_context(|| format!("no product: {item}"))?;
                    found.insert(id.to_owned(), read);
                }
            }
            match &page["LastEvaluatedKey"] {
                Value::Null => return Ok(found),
                last => scan["ExclusiveStartKey"] = last.clone(),
            }
        }
    }

    /// One product of the table.
    ///
    /// # Errors
    /// It is not there.
    pub async fn product(&self, id: &str) -> anyhow::Result<(Product, Status)> {
        let get = json!({"TableName": self.table, "ConsistentRead": true, "Key": {"id": {"S": id}}});
        let answer = self.dynamodb("GetItem", &get).await?;
        read_product(&answer["Item"]).with_context(|| format!("no product {id}: {answer}"))
    }

    /// How many versions of a report there are, by the product's id.
    ///
    /// # Errors
    /// The bucket cannot be read.
    pub async fn report_versions(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut found = BTreeMap::new();
        let mut marker = String::new();
        loop {
            let page = self.s3("GET", &format!("?versions&key-marker={marker}"), "").await?.context("no bucket")?;
            for version in page.split("<Version>").skip(1) {
                *found.entry(between(version, "<Key>", "</Key>").to_owned()).or_default() += 1;
            }
            match between(&page, "<NextKeyMarker>", "</NextKeyMarker>") {
                next if next.is_empty() || next == marker => return Ok(found),
                next => marker = next.to_owned(),
            }
        }
    }

    /// A report, or nothing.
    ///
    /// # Errors
    /// The bucket cannot be read.
    pub async fn report(&self, id: &str) -> anyhow::Result<Option<String>> {
        self.s3("GET", &format!("/{id}"), "").await
    }

    /// Writes a report, as a worker would.
    ///
    /// # Errors
    /// The bucket does not take it.
    pub async fn put_report(&self, id: &str, text: &str) -> anyhow::Result<()> {
        self.s3("PUT", &format!("/{id}"), text).await?.context("no bucket").map(drop)
    }

    /// Sends a message once more, or one that nobody sent.
    ///
    /// # Errors
    /// The queue does not take it.
    pub async fn deliver(&self, body: &str) -> anyhow::Result<()> {
        self.sqs.send_message().queue_url(&self.queue_url).message_body(body).send().await?;
        Ok(())
    }

    /// Gives the messages of a killed worker back after so many seconds; the stack's value is half a minute.
    ///
    /// # Errors
    /// The queue does not take it.
    pub async fn come_back_after(&self, seconds: u32) -> anyhow::Result<()> {
        let call = self.sqs.set_queue_attributes().queue_url(&self.queue_url);
        call.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string()).send().await?;
        Ok(())
    }

    /// Lets the worker have messages, or none.
    ///
    /// # Errors
    /// There is no mapping of the queue.
    pub async fn let_worker_have_messages(&self, enabled: bool) -> anyhow::Result<()> {
        mapping::enable(&self.http, &self.endpoint, WORKER, enabled).await
    }

    async fn dynamodb(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(&self.endpoint).header("X-Amz-Target", format!("DynamoDB_20120810.{action}"));
        let request = request.header("Content-Type", "application/x-amz-json-1.0");
        let answer = request.header("Authorization", authorization("dynamodb")).body(body.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{action} ended with {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// `None` for 404.
    async fn s3(&self, method: &str, path: &str, body: &str) -> anyhow::Result<Option<String>> {
        let url = format!("{}/{}{path}", self.endpoint, self.bucket);
        let request = self.http.request(method.parse()?, url).header("Authorization", authorization("s3"));
        let answer = request.body(body.to_owned()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.as_u16() == 404 {
            return Ok(None);
        }
        ensure!(status.is_success(), "{method} {path} ended with {status}: {text}");
        Ok(Some(text))
    }
}

fn read_product(item: &Value) -> anyhow::Result<(Product, Status)> {
    let text = |name: &str| item[name]["S"].as_str().with_context(|| format!("no {name}"));
    let price = Price::from_number(item["price"]["N"].as_str().context("no price")?)?;
    let product = json!({
        "id": text("id")?, "name": text("name")?, "description": text("description")?,
        "price": price, "accepted_at": text("accepted_at")?,
    });
    Ok((serde_json::from_value(product)?, serde_json::from_value(json!(text("status")?))?))
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    text.split_once(open).and_then(|(_, rest)| Some(rest.split_once(close)?.0)).unwrap_or_default()
}
