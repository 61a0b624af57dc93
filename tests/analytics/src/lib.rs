//! The analytics on a local cloud: the bucket, the API as a client sees it, and eyes on queue and database. What has to be answered is in
//! [`truth`].

mod bucket;
pub mod files;
pub mod load;
pub mod truth;

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use analytics_contract::database;
use anyhow::{Context, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use bytes::Bytes;
use futures_util::TryStreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use test_harness::http::{self, Answer};
use test_harness::scenarios::Subject;
use test_harness::{Cloud, mapping};
use tokio_postgres::types::ToSql;

pub use bucket::{Bucket, Object};

/// The function behind the queue, and the API.
pub const IMPORTER: &str = "CsvImporter-local";
/// The queue and its dead-letter queue.
pub const QUEUE: &str = "csv-processing-queue-local";
pub const DEAD: &str = "csv-processing-dlq-local";

/// What an ordinary file takes, with a function that has to be started.
pub const SOON: Duration = Duration::from_secs(20);
/// The same with what has to come back first.
pub const LATER: Duration = Duration::from_secs(90);

/// The deployed analytics.
pub struct Analytics {
    cloud: Cloud,
    pub api: Api,
    pub bucket: Bucket,
    pub database: tokio_postgres::Client,
}

/// The API as a client sees it.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    /// Without a slash at its end.
    pub url: String,
}

/// What became of a version of an object, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub number: i32,
    pub id: String,
    pub state: String,
    pub done: i64,
    pub taken: i64,
    pub rejected: i64,
}

impl Deref for Analytics {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for Analytics {
    fn deref_mut(&mut self) -> &mut Cloud {
        &mut self.cloud
    }
}

impl Subject for Analytics {
    fn on(cloud: Cloud) -> anyhow::Result<Self> {
        let database = cloud.wait(connect(&cloud.database_url(database::NAME)?))?;
        let output = |name: &str| cloud.output("Analytics", name);
        let api = Api { http: cloud.http.clone(), url: output("FastApiUrl")? };
        let (http, endpoint) = (cloud.http.clone(), cloud.endpoint.clone());
        let bucket = Bucket { http, endpoint, name: output("S3BucketName")? };
        Ok(Self { cloud, api, bucket, database })
    }

    fn settle(&self) -> anyhow::Result<()> {
        self.until("the messages of earlier scenarios to be taken", LATER, || Ok(self.depth(QUEUE)? == 0))
    }

    fn stop(self) -> anyhow::Result<()> {
        self.cloud.stop()
    }
}

impl Api {
    /// # Errors
    /// No answer came.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], "").await
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
}

impl Analytics {
    /// # Errors
    /// No answer came.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.wait(self.api.get(path))
    }

    /// # Errors
    /// No answer came.
    pub fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        self.wait(self.api.send(method, path, headers, ""))
    }

    /// The answer about a program, which must be a good one.
    ///
    /// # Errors
    /// Something else was answered.
    pub fn program(&self, code: &str) -> anyhow::Result<Value> {
        let answer = self.get(&format!("/analytics/program?program_code={}", encoded(code)))?;
        ensure!(answer.status == 200, "{answer:?}");
        answer.json()
    }

    /// Puts a file into the bucket and waits until it counts.
    ///
    /// # Errors
    /// It does not.
    pub fn apply(&self, key: &str, text: impl Into<reqwest::Body>) -> anyhow::Result<Found> {
        let object = self.wait(self.bucket.put(key, text))?;
        self.applied(&object)
    }

    /// Waits until a version of an object counts.
    ///
    /// # Errors
    /// It does not.
    pub fn applied(&self, object: &Object) -> anyhow::Result<Found> {
        let found = self.ended(object, SOON)?;
        ensure!(found.state == "applied", "{object:?}: {found:?}");
        Ok(found)
    }

    /// Waits until a version of an object has been read to its end, or given up.
    ///
    /// # Errors
    /// That takes too long.
    pub fn ended(&self, object: &Object, limit: Duration) -> anyhow::Result<Found> {
        let begun = Instant::now();
        loop {
            let found = self.find(object)?;
            match found {
                Some(found) if found.state != "reading" => return Ok(found),
                found => ensure!(begun.elapsed() < limit, "{object:?} not within {limit:?}: {found:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is known of a version of an object.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn find(&self, Object { key, version }: &Object) -> anyhow::Result<Option<Found>> {
        let statement = "
            SELECT upload_number, upload_id::text, state, bytes_done, rows_taken, rows_rejected FROM upload
            WHERE (object_key, version) = ($1, $2)";
        let row = self.wait(self.database.query_opt(statement, &[key, version]))?;
        Ok(row.map(|row| Found {
            number: row.get(0),
            id: row.get(1),
            state: row.get(2),
            done: row.get(3),
            taken: row.get(4),
            rejected: row.get(5),
        }))
    }

    /// The rows of an audience upload as they are stored, in the form of [`files::long`], without the header.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn stored(&self, found: &Found) -> anyhow::Result<String> {
        let copy = format!(
            r#"COPY (SELECT signal, program_code, exhibition_date, to_char(program_start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                average_audience FROM exhibition WHERE upload_number = {} ORDER BY record, line) TO STDOUT (FORMAT csv)"#,
            found.number
        );
        self.wait(async {
            let rows: Vec<Bytes> = self.database.copy_out(&copy).await?.try_collect().await?;
            Ok(String::from_utf8(rows.concat())?)
        })
    }

    /// The lines that the functions have logged, as JSON.
    ///
    /// # Errors
    /// The logs cannot be read.
    pub fn logs(&self) -> anyhow::Result<String> {
        self.infra(&["logs", "analytics", "--all", "--json", "--since", "15m"])
    }

    /// A count of the database.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn count(&self, of: &str, values: &[&(dyn ToSql + Sync)]) -> anyhow::Result<i64> {
        Ok(self.wait(self.database.query_one(&format!("SELECT count(*) FROM {of}"), values))?.get(0))
    }

    /// Exhibitions and slots that count, of programs whose codes begin with `prefix`.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn rows(&self, prefix: &str) -> anyhow::Result<(usize, usize)> {
        let count = |view: &str| {
            anyhow::Ok(self.count(&format!("{view} WHERE starts_with(program_code, $1)"), &[&prefix])? as usize)
        };
        Ok((count("current_exhibition")?, count("current_slot")?))
    }

    /// Sends a message to the queue, as somebody would by hand.
    ///
    /// # Errors
    /// The queue does not take it.
    pub fn deliver(&self, body: &Value) -> anyhow::Result<()> {
        self.send(QUEUE, &body.to_string())
    }

    /// Waits until the queue is empty.
    ///
    /// # Errors
    /// That takes too long.
    pub fn until_taken(&self) -> anyhow::Result<()> {
        self.until("the messages to be taken", SOON, || Ok(self.depth(QUEUE)? == 0))
    }

    /// # Errors
    /// There are some.
    pub fn no_dead_letters(&self) -> anyhow::Result<()> {
        let depth = self.depth(DEAD)?;
        ensure!(depth == 0, "{depth} dead letters: {:#?}", self.drain(DEAD)?);
        Ok(())
    }

    /// Lets the importer have messages, or none.
    ///
    /// # Errors
    /// There is no mapping of the queue.
    pub fn let_importer_have_messages(&self, is_enabled: bool) -> anyhow::Result<()> {
        self.wait(mapping::enable(&self.http, &self.endpoint, IMPORTER, is_enabled))
    }

    /// Gives the messages of a killed importer back after so many seconds; the stack's value is a minute and a half.
    ///
    /// # Errors
    /// The queue does not take it.
    pub fn come_back_after(&self, seconds: u32) -> anyhow::Result<()> {
        let call = self.sqs.set_queue_attributes().queue_url(self.queue_url(QUEUE)?);
        self.wait(call.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string()).send())?;
        Ok(())
    }

    /// Connects again, after the database was away.
    ///
    /// # Errors
    /// It still is.
    pub fn reconnect(&mut self) -> anyhow::Result<()> {
        self.database = self.wait(connect(&self.database_url(database::NAME)?))?;
        Ok(())
    }

    /// S3's event of created objects of a bucket.
    pub fn event(bucket: &str, objects: &[&Object]) -> Value {
        let records: Vec<Value> = objects
            .iter()
            .map(|Object { key, version }| {
                let key = encoded(key).replace("%20", "+");
                let object = json!({"key": key, "versionId": version, "sequencer": "0068321EA776673B5A"});
                json!({
                    "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
                    "eventTime": "2026-11-02T09:15:00.120Z", "eventName": "ObjectCreated:Put",
                    "s3": {"s3SchemaVersion": "1.0", "configurationId": "uploads", "bucket": {"name": bucket}, "object": object},
                })
            })
            .collect();
        json!({"Records": records})
    }
}

/// As a part of a query string.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connecting.context("the database cannot be reached")?;
    tokio::spawn(connection);
    Ok(client)
}
