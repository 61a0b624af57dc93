//! A local cloud with the stage `local` deployed, and access to its queues, services and functions.
//!
//! It is driven through the command `infra`, as a user does.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use test_ministack::sdk_config;

use crate::http::authorization;
use crate::place::Place;
use crate::recorder::{Callers, Recorder};

/// A running local cloud with the stage `local` deployed.
pub struct Cloud {
    place: Place,
    runtime: tokio::runtime::Runtime,
    pub sqs: aws_sdk_sqs::Client,
    pub sns: aws_sdk_sns::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub http: reqwest::Client,
    pub endpoint: String,
}

impl Cloud {
    /// Starts a cloud and deploys the stage `local`. `name` and a number name its folder.
    ///
    /// # Errors
    /// When a command fails; its output is part of the error.
    pub fn start(name: &str) -> anyhow::Result<Self> {
        let Fresh { place } = Self::fresh(name)?;
        Self::deploy(place)
    }

    /// The same with somebody who hears what functions call.
    pub(crate) fn heard(name: &str) -> anyhow::Result<(Self, Arc<Recorder>)> {
        let mut place = Place::take(name)?;
        let recorder = Recorder::start(place.port("MINISTACK_PORT")?, Callers::Functions)?;
        place.functions_endpoint = Some(recorder.endpoint().to_owned());
        place.up()?;
        Ok((Self::deploy(place)?, Arc::new(recorder)))
    }

    fn deploy(place: Place) -> anyhow::Result<Self> {
        place.run(&["deploy", "--stage", "local", "--skip-build"])?;
        let endpoint = format!("http://127.0.0.1:{}", place.port("MINISTACK_PORT")?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let aws = sdk_config(&endpoint, "test");
        Ok(Self {
            place,
            runtime,
            sqs: aws_sdk_sqs::Client::new(&aws),
            sns: aws_sdk_sns::Client::new(&aws),
            cloudformation: aws_sdk_cloudformation::Client::new(&aws),
            http: http()?,
            endpoint,
        })
    }

    /// Starts a cloud and deploys nothing.
    ///
    /// # Errors
    /// When a command fails; its output is part of the error.
    pub fn fresh(name: &str) -> anyhow::Result<Fresh> {
        let mut place = Place::take(name)?;
        place.up()?;
        Ok(Fresh { place })
    }

    /// Runs `infra` with the ports and state of this cloud.
    pub fn infra(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.place.run(arguments)
    }

    /// The same, with what it says beside its result.
    pub fn infra_output(&self, arguments: &[&str]) -> anyhow::Result<(String, String)> {
        self.place.output(arguments)
    }

    /// The command, ready to start: for exit codes, for what ends it early, and for other settings.
    pub fn infra_command(&self, arguments: &[&str]) -> Command {
        self.place.command(arguments)
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

    /// One call of Secrets Manager, whose SDK crate no test needs for more.
    pub fn secrets_manager(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self
            .http
            .post(&self.endpoint)
            .header("X-Amz-Target", format!("secretsmanager.{action}"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("Authorization", authorization("secretsmanager"))
            .body(body.to_string());
        let (status, text) = self.wait(async {
            let answer = request.send().await?;
            anyhow::Ok((answer.status(), answer.text().await?))
        })?;
        ensure!(status.is_success(), "{action} ended with {status}");
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
            ensure!(started.elapsed() < limit, "not within {limit:?}: {what}");
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(())
    }

    /// Process ids of the running functions of this cloud.
    pub fn function_processes(&self) -> anyhow::Result<Vec<i32>> {
        let ministack = self.service_pid("ministack")?;
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

    /// Ends the processes of a function at once, and says how many there were.
    pub fn kill_function(&self, name: &str) -> anyhow::Result<usize> {
        let processes = self.processes_of(name)?.into_iter();
        Ok(processes.filter(|pid| kill(Pid::from_raw(*pid), Signal::SIGKILL).is_ok()).count())
    }

    /// Process ids of one function of this cloud.
    pub fn processes_of(&self, function: &str) -> anyhow::Result<Vec<i32>> {
        let variable = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        let is_meant = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
        };
        Ok(self.function_processes()?.into_iter().filter(is_meant).collect())
    }

    /// Process id of a service of this cloud.
    pub fn service_pid(&self, name: &str) -> anyhow::Result<i32> {
        let status = self.status()?;
        let pid = named(&status["services"], name)?["pid"].as_i64().with_context(|| format!("no pid: {status}"))?;
        Ok(i32::try_from(pid)?)
    }

    /// The address of a service of this cloud.
    pub fn service_url(&self, name: &str) -> anyhow::Result<String> {
        url(named(&self.status()?["services"], name)?)
    }

    /// How the owner of a database connects to it.
    pub fn database_url(&self, name: &str) -> anyhow::Result<String> {
        url(named(&self.status()?["databases"], name)?)
    }

    /// The port that `infra` finds in this variable.
    pub fn port(&self, variable: &str) -> anyhow::Result<u16> {
        self.place.port(variable)
    }

    /// The folder that looks like the repository, for files of this cloud.
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// An output of a stack.
    pub fn output(&self, stack: &str, name: &str) -> anyhow::Result<String> {
        let outputs: Value = serde_json::from_str(&self.infra(&["outputs", stack, "--json"])?)?;
        let output = outputs[stack][name].as_str().map(str::to_owned);
        output.with_context(|| format!("no {name} in {outputs}"))
    }

    fn status(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.infra(&["local", "status", "--json"])?)?)
    }

    /// Stops the cloud.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.place.down()
    }
}

/// A running local cloud without a stack.
pub struct Fresh {
    place: Place,
}

impl Fresh {
    /// `infra` with the ports and state of this cloud, ready to start.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.place.command(arguments)
    }

    /// Stops the cloud.
    ///
    /// # Errors
    /// When the command fails.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.place.down()
    }
}

/// A client that uses no proxy: every server is on this machine.
pub(crate) fn http() -> anyhow::Result<reqwest::Client> {
    rustls::crypto::ring::default_provider().install_default().ok();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// What has this name, among the services or databases of the local cloud's status.
fn named<'a>(all: &'a Value, name: &str) -> anyhow::Result<&'a Value> {
    let named = all.as_array().into_iter().flatten().find(|one| one["name"] == name);
    named.with_context(|| format!("the local cloud has no {name}: {all}"))
}

fn url(of: &Value) -> anyhow::Result<String> {
    Ok(of["url"].as_str().with_context(|| format!("no address: {of}"))?.to_owned())
}

fn text_attribute((name, value): (&String, &MessageAttributeValue)) -> (String, String) {
    (name.clone(), value.string_value().unwrap_or_default().to_owned())
}
