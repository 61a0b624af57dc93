//! The messages on a local cloud: the API as a client sees it, and eyes on queues, table and functions.

mod api;
pub mod load;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use test_harness::scenarios::Subject;
use test_harness::{Cloud, mapping};

pub use api::{Accepted, Api, Session, Tokens, transaction};
pub use table::{Record, Table};

/// The functions on the stage.
pub const LOGIN: &str = "MessagesLogin-local";
pub const PRODUCER: &str = "ApiProducerSqs-local";
pub const STATUS: &str = "MessagesStatus-local";
pub const WORKER: &str = "WorkerConsumerSqs-local";
pub const SWEEPER: &str = "MessagesSweeper-local";
/// The queue and its dead-letter queue.
pub const QUEUE: &str = "main_queue-local.fifo";
pub const DEAD: &str = "dlq_queue-local.fifo";

/// What saving takes with functions that have to be started.
pub const SOON: Duration = Duration::from_secs(20);
/// The same with what has to come back first.
pub const LATER: Duration = Duration::from_secs(60);

/// Who sends the messages of the suite.
pub const USER: &str = "suite@example.com";
pub const PASSWORD: &str = "Grün-ist die Hoffnung 7";

/// The deployed messages.
pub struct Messages {
    cloud: Cloud,
    pub api: Api,
    pub table: Table,
    /// Passwords and tokens that the suite has used.
    secrets: Mutex<BTreeSet<String>>,
    sweeps: AtomicUsize,
}

/// How a command ended.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub data: String,
    pub notes: String,
}

impl Told {
    /// # Errors
    /// The data are no JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.data).with_context(|| format!("no JSON: {self:?}"))
    }
}

impl Deref for Messages {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for Messages {
    fn deref_mut(&mut self) -> &mut Cloud {
        &mut self.cloud
    }
}

impl Subject for Messages {
    fn on(cloud: Cloud) -> anyhow::Result<Self> {
        let output = |name: &str| cloud.output("Messages", name);
        let api = Api::new(cloud.http.clone(), output("ApiUrl")?);
        let table = Table::new(cloud.http.clone(), cloud.endpoint.clone(), output("MessagesTableName")?);
        let messages = Self { cloud, api, table, secrets: Mutex::default(), sweeps: AtomicUsize::default() };
        messages.add_user(USER, PASSWORD)?;
        Ok(messages)
    }

    fn settle(&self) -> anyhow::Result<()> {
        // One that failed may have left it off.
        self.let_worker_have_messages(true)?;
        self.until("the messages of earlier scenarios to be taken", SOON, || Ok(self.depth(QUEUE)? == 0))?;
        self.no_dead_letters()
    }

    fn stop(self) -> anyhow::Result<()> {
        self.cloud.stop()
    }
}

impl Messages {
    /// Logs the suite's user in.
    ///
    /// # Errors
    /// The login fails.
    pub fn session(&self) -> anyhow::Result<Session> {
        self.session_of(USER, PASSWORD)
    }

    /// Logs a user in.
    ///
    /// # Errors
    /// The login fails.
    pub fn session_of(&self, email: &str, password: &str) -> anyhow::Result<Session> {
        Ok(self.api.session(self.log_in(email, password)?.access))
    }

    /// The tokens of a new login.
    ///
    /// # Errors
    /// The login fails.
    pub fn log_in(&self, email: &str, password: &str) -> anyhow::Result<Tokens> {
        self.is_secret(password);
        let answer = self.wait(self.api.log_in(email, password))?;
        self.tokens(&Tokens::of(&answer)?)
    }

    /// Keeps in mind that these must not be logged.
    ///
    /// # Errors
    /// They are no tokens.
    pub fn tokens(&self, tokens: &Tokens) -> anyhow::Result<Tokens> {
        // What is signed may be shown, the signature not.
        let (_, signature) = tokens.access.rsplit_once('.').context("no token")?;
        self.is_secret(signature);
        self.is_secret(&tokens.refresh);
        Ok(tokens.clone())
    }

    /// Keeps in mind that this must not be logged.
    pub fn is_secret(&self, text: &str) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
    }

    pub fn secrets(&self) -> BTreeSet<String> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a user as an operator does.
    ///
    /// # Errors
    /// The command fails.
    pub fn add_user(&self, email: &str, password: &str) -> anyhow::Result<()> {
        self.is_secret(password);
        let told = self.told(&["user", "add", email], password)?;
        ensure!(told.code == Some(0), "{told:?}");
        Ok(())
    }

    /// Runs `infra` with a line on its stdin.
    ///
    /// # Errors
    /// It does not start.
    pub fn told(&self, arguments: &[&str], line: &str) -> anyhow::Result<Told> {
        let mut command = self.infra_command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // A command that asks for nothing may have ended before.
        child.stdin.take().context("no stdin")?.write_all(format!("{line}\n").as_bytes()).ok();
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Told { code: output.status.code(), data: text(&output.stdout), notes: text(&output.stderr) })
    }

    /// Forgets failed logins, as a quarter of an hour does.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub fn forget_failed_logins(&self) -> anyhow::Result<()> {
        self.wait(self.table.delete_with_prefix("login-failures#"))
    }

    /// Ends the processes of functions, as time does: the next ones know nothing of before.
    ///
    /// # Errors
    /// The processes cannot be listed.
    pub fn start_anew(&self, functions: &[&str]) -> anyhow::Result<()> {
        functions.iter().try_for_each(|function| self.kill_function(function).map(drop))
    }

    /// Deploys a function with other settings.
    ///
    /// # Errors
    /// There is no such function.
    pub fn set(&self, function: &str, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let url = format!("{}/2015-03-31/functions/{function}", self.endpoint);
        self.wait(async {
            let found: Value = serde_json::from_str(&self.http.get(&url).send().await?.text().await?)?;
            let mut variables: BTreeMap<String, String> =
                serde_json::from_value(found["Configuration"]["Environment"]["Variables"].clone())?;
            variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let body = json!({"Environment": {"Variables": variables}}).to_string();
            let put = self.http.put(format!("{url}/configuration")).body(body).send().await?;
            ensure!(put.status().is_success(), "the settings are not changed: {}", put.status());
            Ok(())
        })
    }

    /// Deploys the worker with these currencies in the stage's `messages.toml`.
    ///
    /// # Errors
    /// There is no worker.
    pub fn settle_currencies(&self, currencies: &str) -> anyhow::Result<()> {
        self.set(WORKER, &[("CURRENCIES", currencies)])
    }

    /// Invokes the sweeper, as its schedule does.
    ///
    /// # Errors
    /// It fails.
    pub fn sweep(&self) -> anyhow::Result<Value> {
        self.sweeps.fetch_add(1, Ordering::Relaxed);
        self.wait(async {
            let url = format!("{}/2015-03-31/functions/{SWEEPER}/invocations", self.endpoint);
            let answer = self.http.post(url).body("{}").send().await?;
            ensure!(
                !answer.headers().contains_key("x-amz-function-error"),
                "the sweep failed: {}",
                answer.text().await?
            );
            Ok(serde_json::from_str(&answer.text().await?)?)
        })
    }

    /// How often [`Self::sweep`] was called.
    pub fn sweeps(&self) -> usize {
        self.sweeps.load(Ordering::Relaxed)
    }

    /// Lets the worker have messages, or none.
    ///
    /// # Errors
    /// There is no mapping of the queue.
    pub fn let_worker_have_messages(&self, is_enabled: bool) -> anyhow::Result<()> {
        self.wait(mapping::enable(&self.http, &self.endpoint, WORKER, is_enabled))
    }

    /// Gives the messages of a killed worker back after so many seconds; the stack's value is half a minute.
    ///
    /// # Errors
    /// The queue does not take it.
    pub fn come_back_after(&self, seconds: u32) -> anyhow::Result<()> {
        let call = self.sqs.set_queue_attributes().queue_url(self.queue_url(QUEUE)?);
        self.wait(call.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string()).send())?;
        Ok(())
    }

    /// How often the main queue lets a message be received before it moves it to the dead-letter queue.
    ///
    /// # Errors
    /// It does not say.
    pub fn receives(&self) -> anyhow::Result<usize> {
        let call = self.sqs.get_queue_attributes().queue_url(self.queue_url(QUEUE)?);
        let answer = self.wait(call.attribute_names(QueueAttributeName::RedrivePolicy).send())?;
        let policy = answer.attributes().and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
        let policy: Value = serde_json::from_str(policy.context("no redrive policy")?)?;
        let most = &policy["maxReceiveCount"];
        most.as_u64().or_else(|| most.as_str()?.parse().ok()).map(|most| most as usize).context("no count")
    }

    /// Receives messages of the main queue as a worker that has no time for them, and says how many there were.
    ///
    /// # Errors
    /// The queue is out of reach.
    pub fn receive(&self) -> anyhow::Result<usize> {
        let call = self.sqs.receive_message().queue_url(self.queue_url(QUEUE)?).visibility_timeout(0);
        Ok(self.wait(call.send())?.messages().len())
    }

    /// # Errors
    /// There are some.
    pub fn no_dead_letters(&self) -> anyhow::Result<()> {
        let depth = self.depth(DEAD)?;
        ensure!(depth == 0, "{depth} dead letters: {:#?}", self.drain(DEAD)?);
        Ok(())
    }

    /// Waits until so many letters are in the dead-letter queue, and nothing is in the main queue.
    ///
    /// # Errors
    /// That takes too long.
    pub fn until_dead(&self, number: u64) -> anyhow::Result<()> {
        let what = format!("{number} dead letters");
        self.until(&what, SOON, || Ok(self.depth(DEAD)? == number && self.depth(QUEUE)? == 0))
    }

    /// The lines that functions have logged, as JSON; of all functions without a name.
    ///
    /// # Errors
    /// The logs cannot be read.
    pub fn logs(&self, function: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let mut arguments = vec!["logs", "messages", "--all", "--json", "--since", "30m"];
        arguments.extend(function.iter().flat_map(|name| ["--function", *name]));
        let text = self.infra(&arguments)?;
        let document = |line: &str| {
            let mut shown: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
            Ok(shown["line"].take())
        };
        text.lines().map(document).collect()
    }
}
