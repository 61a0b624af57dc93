//! The FIPE chain on a local cloud: crawls, their rows in the database, and the data of the upstream.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use fipe_contract::database;
use serde_json::Value;
use test_harness::scenarios::Subject;
use test_harness::{Cloud, target};

/// Names of the chain's queues, without stage and DLQ marker.
pub const QUEUES: [&str; 3] = ["fipe-manufacturer", "fipe-model", "fipe-price"];

/// The chain's database on the local cloud, and the server in the place of FIPE.
const DATABASE: &str = database::NAME;
const UPSTREAM: &str = "fipe";

/// A price of the view as text, in the column order of the exported files.
pub type Row = Vec<String>;

/// A cloud with access to the chain's database and upstream.
pub struct Chain {
    cloud: Cloud,
    pub database: tokio_postgres::Client,
    upstream: String,
}

impl Deref for Chain {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for Chain {
    fn deref_mut(&mut self) -> &mut Cloud {
        &mut self.cloud
    }
}

impl Subject for Chain {
    fn on(cloud: Cloud) -> anyhow::Result<Self> {
        let database = cloud.wait(connect(&cloud.database_url(DATABASE)?))?;
        Ok(Self { database, upstream: cloud.service_url(UPSTREAM)?, cloud })
    }

    fn settle(&self) -> anyhow::Result<()> {
        for queue in QUEUES {
            let name = format!("{queue}-queue-local");
            let is_empty = || Ok(self.depth(&name)? == 0);
            self.until(&format!("{name} empty after earlier scenarios"), Duration::from_secs(30), is_empty)?;
        }
        Ok(())
    }

    fn stop(self) -> anyhow::Result<()> {
        self.cloud.stop()
    }
}

impl Chain {
    /// Starts a crawl of `month` (`YYYY-MM`) and returns its id.
    pub fn invoke(&self, month: &str) -> anyhow::Result<String> {
        let answer: Value = serde_json::from_str(&self.infra(&["invoke", "fipe", "--month", month, "--json"])?)?;
        Ok(answer["crawl_id"].as_str().with_context(|| format!("no crawl_id in {answer}"))?.to_owned())
    }

    /// Waits until the crawl is complete, at most `limit`.
    pub fn wait_for_crawl(&self, crawl_id: &str, limit: Duration) -> anyhow::Result<()> {
        let id: uuid::Uuid = crawl_id.parse()?;
        let started = Instant::now();
        loop {
            let complete = self.wait(self.database.query_opt(
                "SELECT completed_at FROM fipe_crawl WHERE crawl_id = $1 AND completed_at IS NOT NULL",
                &[&id],
            ));
            if matches!(complete, Ok(Some(_))) {
                return Ok(());
            }
            if started.elapsed() > limit {
                let status = self.infra(&["status", "fipe", "--json"]).unwrap_or_else(|error| error.to_string());
                bail!("crawl {crawl_id} is not complete after {limit:?}: {status}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Starts a crawl and waits for its end.
    pub fn crawl(&self, month: &str) -> anyhow::Result<String> {
        let id = self.invoke(month)?;
        self.wait_for_crawl(&id, Duration::from_secs(240))?;
        Ok(id)
    }

    /// The row version of each price of a month, which is crawled first if it has no rows.
    pub fn loaded(&self, month: &str) -> anyhow::Result<BTreeMap<String, String>> {
        match self.price_rows(month)? {
            none if none.is_empty() => {
                self.crawl(month)?;
                self.settle()?;
                self.price_rows(month)
            }
            versions => Ok(versions),
        }
    }

    /// The prices of a month as the public view tells them, sorted.
    pub fn prices(&self, month: &str) -> anyhow::Result<Vec<Row>> {
        let rows = self.wait(self.database.query(
            "SELECT vehicle_type::text, brand_code, brand_name, model_code, model_name, model_year || '-' || fuel_code,
                    model_year::text, fuel_code::text, fuel, fipe_code, trim_scale(price)::text
             FROM fipe_prices WHERE reference_month = ($1 || '-01')::date",
            &[&month],
        ))?;
        let mut rows: Vec<Row> = rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect();
        rows.sort();
        Ok(rows)
    }

    /// The prices of a month as the upstream has them, sorted.
    pub fn expected_prices(&self, month: &str) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for record in csv::Reader::from_reader(self.export(month)?.as_bytes()).records() {
            let row: Row = record?.iter().map(str::to_owned).collect();
            if !row[10].is_empty() {
                rows.push(row);
            }
        }
        rows.sort();
        Ok(rows)
    }

    /// What each price row of a month says, apart from the crawl that confirmed it last.
    pub fn price_rows(&self, month: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let rows = self.wait(self.database.query(
            "SELECT model_code || ' ' || model_year || '-' || fuel_code, v.fipe_code || ' ' || v.price FROM fipe_vehicle_model_value v
             JOIN fipe_reference_month USING (reference_code) WHERE month = ($1 || '-01')::date",
            &[&month],
        ))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Removes all that a month left, as the owner.
    pub fn forget_everything(&self) -> anyhow::Result<()> {
        self.wait(self.database.batch_execute(
            "DO $$ DECLARE t text; BEGIN
               FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'fipe\\_%' LOOP
                 EXECUTE format('TRUNCATE %I CASCADE', t);
               END LOOP; END $$",
        ))?;
        Ok(())
    }

    /// Sets the upstream's fault rates, for example `429=0.05,503=0.02`; empty means none.
    pub fn faults(&self, rates: &str) -> anyhow::Result<()> {
        let url = format!("{}/_fipe/faults", self.upstream);
        let answer = self.wait(self.http.put(url).body(rates.to_owned()).send())?;
        ensure!(answer.status().is_success(), "the FIPE server refused {rates:?}: {}", answer.status());
        Ok(())
    }

    /// What the upstream serves of a month, as a data set file: the header first.
    pub fn export(&self, month: &str) -> anyhow::Result<String> {
        let mut command = test_machine::command(target()?.join("debug/fipe-server"));
        let output = command.args(["export", "--month", month]).output()?;
        ensure!(output.status.success(), "fipe-server export failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Lets the upstream serve this text in place of what it has of the month.
    pub fn serve(&self, month: &str, dataset: &str) -> anyhow::Result<()> {
        let first_day = format!("{month}-01");
        let sql = "SELECT reference_code FROM fipe_reference_month WHERE month = $1::text::date";
        let reference: i32 = self.wait(self.database.query_one(sql, &[&first_day]))?.get(0);
        let path = self.root().join(format!("{month}-ref{reference}.csv"));
        std::fs::write(&path, dataset)?;
        let body = serde_json::json!({"path": path}).to_string();
        let request = self.http.post(format!("{}/_fipe/datasets", self.upstream)).body(body);
        let answer = self.wait(request.header("Content-Type", "application/json").send())?;
        ensure!(answer.status().is_success(), "the FIPE server refused {}: {}", path.display(), answer.status());
        Ok(())
    }

    /// The upstream's own counts.
    pub fn upstream_stats(&self) -> anyhow::Result<Value> {
        let url = format!("{}/_fipe/stats", self.upstream);
        let text = self.wait(async { self.http.get(url).send().await?.text().await })?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Connects again, after the database was away.
    pub fn reconnect(&mut self) -> anyhow::Result<()> {
        self.database = self.wait(connect(&self.database_url(DATABASE)?))?;
        Ok(())
    }
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
