//! What the end-to-end tests share: a local cloud of their own, and eyes on its queues, database and upstream.
//!
//! The cloud is driven through the `infra` command, as a user would, with its own ports and state folder, so that a
//! developer's running `make local` is left alone.

pub mod catalog;
pub mod load;
pub mod sandbox;
pub mod scenarios;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use serde_json::Value;

/// Where a cloud under test is: its folder below `target`, and the ports of MiniStack, PostgreSQL and the FIPE server.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub folder: &'static str,
    pub ports: [u16; 3],
}

/// The place of the chain's tests.
pub const CHAIN: Place = Place { folder: "e2e", ports: [27566, 27432, 27099] };

/// Names of the chain's queues, without stage and DLQ marker.
pub const QUEUES: [&str; 3] = ["fipe-manufacturer", "fipe-model", "fipe-price"];

/// The chain's database on the local cloud.
const DATABASE: &str = "fipedata";

/// A price of the view as text, in the column order of the exported files.
pub type Row = Vec<String>;

/// A running local cloud with the chain deployed.
pub struct Cloud {
    infra: Infra,
    runtime: tokio::runtime::Runtime,
    pub database: tokio_postgres::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sns: aws_sdk_sns::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub http: reqwest::Client,
    pub endpoint: String,
    fipe_url: String,
}

impl Cloud {
    /// Starts the cloud on a generated data set and deploys the `local` stage.
    ///
    /// # Errors
    /// When a command fails; its output is part of the error.
    pub fn start(place: Place) -> anyhow::Result<Self> {
        let Fresh { infra } = Self::fresh(place)?;
        infra.run(&["deploy", "--stage", "local", "--skip-build"])?;
        let status: Value = serde_json::from_str(&infra.run(&["local", "status", "--json"])?)?;
        let endpoint = status["endpoint"].as_str().unwrap_or_default().to_owned();
        let (database_url, fipe_url) = (url(&status["databases"], DATABASE)?, url(&status["services"], "fipe")?);

        rustls::crypto::ring::default_provider().install_default().ok();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let database = runtime.block_on(connect(&database_url))?;
        let aws = runtime.block_on(
            aws_config::ConfigLoader::default()
                .behavior_version(aws_config::BehaviorVersion::latest())
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .endpoint_url(&endpoint)
                .region("us-east-1")
                .credentials_provider(aws_credential_types::Credentials::for_tests())
                .load(),
        );
        Ok(Self {
            infra,
            runtime,
            database,
            sqs: aws_sdk_sqs::Client::new(&aws),
            sns: aws_sdk_sns::Client::new(&aws),
            cloudformation: aws_sdk_cloudformation::Client::new(&aws),
            http: reqwest::Client::new(),
            endpoint,
            fipe_url,
        })
    }

    /// Starts the cloud and deploys nothing.
    ///
    /// # Errors
    /// When a command fails; its output is part of the error.
    pub fn fresh(place: Place) -> anyhow::Result<Fresh> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let infra = Infra { root: mirror(&repository, place)?, target: target(&repository), place };
        infra.run(&["local", "down"])?;
        infra.run(&["local", "up"])?;
        Ok(Fresh { infra })
    }

    /// Runs `infra` with the ports and state of this cloud.
    pub fn infra(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.infra.run(arguments)
    }

    /// The same, with what it says beside its result.
    pub fn infra_output(&self, arguments: &[&str]) -> anyhow::Result<(String, String)> {
        self.infra.output(arguments)
    }

    /// The command, ready to start: for exit codes, for what ends it early, and for other settings.
    pub fn infra_command(&self, arguments: &[&str]) -> Command {
        self.infra.command(arguments)
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Lets something run beside what the caller does.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    /// Starts a crawl of `month` (`YYYY-MM`) and returns its id.
    pub fn invoke(&self, month: &str) -> anyhow::Result<String> {
        let answer: Value = serde_json::from_str(&self.infra(&["invoke", "fipe", "--month", month, "--json"])?)?;
        Ok(answer["crawl_id"].as_str().ok_or_else(|| anyhow::anyhow!("no crawl_id in {answer}"))?.to_owned())
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
                anyhow::bail!("crawl {crawl_id} is not complete after {limit:?}: {status}");
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

    /// Which row version each price of a month is: any update of a row changes it.
    pub fn row_versions(&self, month: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let rows = self.wait(self.database.query(
            "SELECT model_code || ' ' || model_year || '-' || fuel_code, v.xmin::text FROM fipe_vehicle_model_value v
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
        let url = format!("{}/_fipe/faults", self.fipe_url);
        let answer = self.wait(self.http.put(url).body(rates.to_owned()).send())?;
        anyhow::ensure!(answer.status().is_success(), "the FIPE server refused {rates:?}: {}", answer.status());
        Ok(())
    }

    /// What the upstream serves of a month, as a data set file: the header first.
    pub fn export(&self, month: &str) -> anyhow::Result<String> {
        let mut command = Command::new(self.infra.target.join("debug/fipe-server"));
        let output = command.args(["export", "--month", month]).stderr(Stdio::inherit()).output()?;
        anyhow::ensure!(output.status.success(), "fipe-server export failed");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Lets the upstream serve this text in place of what it has of the month.
    pub fn serve(&self, month: &str, dataset: &str) -> anyhow::Result<()> {
        let first_day = format!("{month}-01");
        let sql = "SELECT reference_code FROM fipe_reference_month WHERE month = $1::text::date";
        let reference: i32 = self.wait(self.database.query_one(sql, &[&first_day]))?.get(0);
        let path = self.infra.root.join(format!("{month}-ref{reference}.csv"));
        std::fs::write(&path, dataset)?;
        let body = serde_json::json!({"path": path}).to_string();
        let request = self.http.post(format!("{}/_fipe/datasets", self.fipe_url)).body(body);
        let answer = self.wait(request.header("Content-Type", "application/json").send())?;
        anyhow::ensure!(
            answer.status().is_success(),
            "the FIPE server refused {}: {}",
            path.display(),
            answer.status()
        );
        Ok(())
    }

    /// One call of Secrets Manager, whose SDK crate no test needs for more.
    pub fn secrets_manager(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self
            .http
            .post(&self.endpoint)
            .header("X-Amz-Target", format!("secretsmanager.{action}"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(body.to_string());
        let (status, text) = self.wait(async {
            let answer = request.send().await?;
            anyhow::Ok((answer.status(), answer.text().await?))
        })?;
        anyhow::ensure!(status.is_success(), "{action} ended with {status}");
        Ok(serde_json::from_str(&text)?)
    }

    /// The upstream's own counts.
    pub fn upstream_stats(&self) -> anyhow::Result<Value> {
        let url = format!("{}/_fipe/stats", self.fipe_url);
        let text = self.wait(async { self.http.get(url).send().await?.text().await })?;
        Ok(serde_json::from_str(&text)?)
    }

    pub fn queue_url(&self, name: &str) -> anyhow::Result<String> {
        let answer = self.wait(self.sqs.get_queue_url().queue_name(name).send())?;
        Ok(answer.queue_url.unwrap_or_default())
    }

    pub fn send(&self, queue: &str, body: &str) -> anyhow::Result<()> {
        let url = self.queue_url(queue)?;
        self.wait(self.sqs.send_message().queue_url(url).message_body(body).send())?;
        Ok(())
    }

    /// Visible and in-flight messages of a queue.
    pub fn depth(&self, queue: &str) -> anyhow::Result<u64> {
        let url = self.queue_url(queue)?;
        let answer =
            self.wait(self.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All).send())?;
        let attributes = answer.attributes.unwrap_or_default();
        let count =
            |name: &QueueAttributeName| attributes.get(name).and_then(|n| n.parse::<u64>().ok()).unwrap_or_default();
        Ok(count(&QueueAttributeName::ApproximateNumberOfMessages)
            + count(&QueueAttributeName::ApproximateNumberOfMessagesNotVisible))
    }

    /// Takes every message out of a queue: body and string attributes.
    pub fn drain(&self, queue: &str) -> anyhow::Result<Vec<(String, BTreeMap<String, String>)>> {
        let url = self.queue_url(queue)?;
        let mut taken = Vec::new();
        loop {
            let answer = self.wait(
                self.sqs
                    .receive_message()
                    .queue_url(&url)
                    .max_number_of_messages(10)
                    .message_attribute_names("All")
                    .send(),
            )?;
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(taken);
            }
            for message in messages {
                self.wait(
                    self.sqs
                        .delete_message()
                        .queue_url(&url)
                        .receipt_handle(message.receipt_handle.unwrap_or_default())
                        .send(),
                )?;
                let attributes = message.message_attributes.unwrap_or_default();
                taken.push((message.body.unwrap_or_default(), attributes.iter().map(text_attribute).collect()));
            }
        }
    }

    /// Waits until `done` holds, at most `limit`.
    pub fn until(
        &self,
        what: &str,
        limit: Duration,
        mut done: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        while !done()? {
            anyhow::ensure!(started.elapsed() < limit, "not within {limit:?}: {what}");
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(())
    }

    /// Process ids of the running functions of this cloud.
    pub fn function_processes(&self) -> anyhow::Result<Vec<i32>> {
        let status: Value = serde_json::from_str(&self.infra(&["local", "status", "--json"])?)?;
        let ministack = self.pid_in(&status, "ministack")?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let entry = entry?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let is_function = std::fs::read_link(entry.path().join("exe"))
                .is_ok_and(|exe| exe.to_string_lossy().contains("bootstrap"));
            let parent = std::fs::read_to_string(entry.path().join("stat"))
                .ok()
                .and_then(|stat| stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<i32>().ok());
            if is_function && parent == Some(ministack) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// Process id of a service of this cloud.
    pub fn service_pid(&self, name: &str) -> anyhow::Result<i32> {
        let status: Value = serde_json::from_str(&self.infra(&["local", "status", "--json"])?)?;
        self.pid_in(&status, name)
    }

    fn pid_in(&self, status: &Value, name: &str) -> anyhow::Result<i32> {
        let services = status["services"].as_array().cloned().unwrap_or_default();
        let service = services.iter().find(|service| service["name"] == name);
        let pid = service
            .and_then(|service| service["pid"].as_i64())
            .ok_or_else(|| anyhow::anyhow!("no pid of {name} in {status}"))?;
        Ok(i32::try_from(pid)?)
    }

    /// Connects again, after the database was away.
    pub fn reconnect(&mut self) -> anyhow::Result<()> {
        let status: Value = serde_json::from_str(&self.infra(&["local", "status", "--json"])?)?;
        let url = url(&status["databases"], DATABASE)?;
        self.database = self.runtime.block_on(connect(&url))?;
        Ok(())
    }

    /// Stops the cloud.
    pub fn stop(self) -> anyhow::Result<()> {
        self.infra(&["local", "down"]).map(drop)
    }
}

/// A running local cloud without a stack.
pub struct Fresh {
    infra: Infra,
}

impl Fresh {
    /// `infra` with the ports and state of this cloud, ready to start.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.infra.command(arguments)
    }

    /// Stops the cloud.
    ///
    /// # Errors
    /// When the command fails.
    pub fn stop(self) -> anyhow::Result<()> {
        self.infra.run(&["local", "down"]).map(drop)
    }
}

/// The command, run in a mirror of the repository, so that this cloud's state is its own.
struct Infra {
    root: PathBuf,
    target: PathBuf,
    place: Place,
}

impl Infra {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.target.join("debug/infra"));
        let names = ["MINISTACK_PORT", "POSTGRES_PORT", "FIPE_PORT"];
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(names.into_iter().zip(self.place.ports.map(|port| port.to_string())))
            .env_remove("FIPE_DATASET")
            .env_remove("FIPE_FAULTS")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(self.output(arguments)?.0)
    }

    /// What it prints: data and notes.
    fn output(&self, arguments: &[&str]) -> anyhow::Result<(String, String)> {
        let output = self.command(arguments).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (data, notes) = (text(&output.stdout), text(&output.stderr));
        anyhow::ensure!(
            output.status.success(),
            "`infra {}` ended with {}:\n{data}{notes}",
            arguments.join(" "),
            output.status
        );
        Ok((data, notes))
    }
}

fn target(repository: &Path) -> PathBuf {
    repository.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A folder that looks like the repository, by links, but has a `.local` of its own.
fn mirror(repository: &Path, place: Place) -> anyhow::Result<PathBuf> {
    let mirror = target(repository).join(place.folder);
    std::fs::create_dir_all(&mirror)?;
    for name in ["Cargo.toml", ".tools", "environments", "functions", "infra", "layers", "sql"] {
        match std::os::unix::fs::symlink(repository.join(name), mirror.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(mirror)
}

/// The address of what has this name, among the services or databases of the local cloud's status.
fn url(all: &Value, name: &str) -> anyhow::Result<String> {
    let named = all.as_array().into_iter().flatten().find(|one| one["name"] == name);
    let url = named.and_then(|one| one["url"].as_str());
    Ok(url.ok_or_else(|| anyhow::anyhow!("the local cloud has no {name}: {all}"))?.to_owned())
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn text_attribute((name, value): (&String, &MessageAttributeValue)) -> (String, String) {
    (name.clone(), value.string_value().unwrap_or_default().to_owned())
}
