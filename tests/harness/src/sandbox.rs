//! Deployments without a cloud: for each test an account of an emulator, a mirror of the repository whose stages may be edited, and
//! functions that answer CloudFormation as the test says. Refuses to touch the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetSummary, ExecutionStatus, Parameter};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_machine::{command, git, tools_venv};
use test_ministack::sdk_config;
use test_permissions::execution_role;

use crate::cloud::http;
use crate::place::{mirror, repository, target};
use crate::recorder::{Callers, Heard, Recorder};

/// No command of a test takes longer: a deployer lets one that was killed go first for half a minute.
const LIMIT: Duration = Duration::from_secs(50);
const FUNCTION: &str = include_str!("answering_function.py");

/// What the deployments are about.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The stacks, in the order in which they are deployed.
    pub stacks: &'static [&'static str],
    /// The functions in them, by the names of their binaries.
    pub functions: &'static [&'static str],
    /// The settings that tests edit: a file of the stage.
    pub settings: &'static str,
    /// What `deploy` and `diff` are given beside the stacks.
    pub values: &'static [&'static str],
}

/// An emulator, and somebody who hears what deployers call.
#[derive(Debug)]
pub struct Emulator {
    server: test_ministack::Emulator,
    recorder: Recorder,
}

impl Emulator {
    /// # Errors
    /// It does not start.
    pub fn start() -> anyhow::Result<Self> {
        let server = test_ministack::Emulator::start()?;
        let recorder = Recorder::start(server.port(), Callers::Deployers)?;
        Ok(Self { server, recorder })
    }

    /// Sends a signal to it, for example to suspend it as a network failure would.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(self.server.signal(signal)?)
    }

    pub(crate) fn heard(&self) -> Heard {
        self.recorder.heard()
    }
}

/// Commands that a pipeline runs with the role of its stage. Everything else people run, with rights of their own.
const OF_PIPELINES: [&str; 2] = ["deploy", "diff"];

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub data: String,
    pub notes: String,
}

impl Ended {
    /// Checks the code, and that data and notes together hold each text.
    ///
    /// # Errors
    /// With everything that was said.
    pub fn with(&self, code: i32, texts: &[&str]) -> anyhow::Result<()> {
        let said = format!("{}{}", self.data, self.notes);
        ensure!(self.code == code, "ended with {} and not {code}:\n{said}", self.code);
        match texts.iter().find(|text| !said.contains(*text)) {
            None => Ok(()),
            Some(text) => bail!("{text:?} was not said:\n{said}"),
        }
    }
}

/// An account, and a mirror of the repository to deploy to it from.
pub struct Sandbox {
    subject: Subject,
    folder: tempfile::TempDir,
    endpoint: String,
    /// Where pipelines find the same emulator.
    pipelines: String,
    account: String,
    runtime: tokio::runtime::Runtime,
    pub cloudformation: Client,
    http: reqwest::Client,
}

impl Sandbox {
    /// An empty account (12 digits), and committed stages with the repository's settings.
    pub fn new(emulator: &Emulator, account: u64, subject: Subject) -> anyhow::Result<Self> {
        let (repository, folder) = (repository()?, tempfile::tempdir()?);
        let root = folder.path();
        mirror(&repository, root, &["Cargo.toml", "functions", "infra", "sql"])?;
        copy(&repository.join("environments"), &root.join("environments"))?;
        copy(&repository.join("layers"), &root.join("layers"))?;
        fs::create_dir_all(root.join("control"))?;
        fs::write(root.join(".gitignore"), "/*\n!/.gitignore\n!/environments/\n")?;
        let (account, endpoint) = (format!("{account:012}"), emulator.server.endpoint().to_owned());
        let pipelines = emulator.recorder.endpoint().to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let cloudformation = Client::new(&sdk_config(&endpoint, &account));
        let sandbox = Self { subject, folder, endpoint, pipelines, account, runtime, cloudformation, http: http()? };
        sandbox.set_code("")?;
        sandbox.make_bucket()?;
        git(sandbox.folder.path(), &["init", "-q"]);
        // Whether the committed ones are fresh is another test's question.
        sandbox.infra(&["synth"])?.with(0, &[])?;
        sandbox.commit()?;
        Ok(sandbox)
    }

    /// The bucket of assets as an administrator's deployment of Delivery leaves it: a pipeline may not make it.
    fn make_bucket(&self) -> anyhow::Result<()> {
        let bucket = format!("{}/infra-assets-{}-us-east-1", self.endpoint, self.account);
        let signed = format!("AWS4-HMAC-SHA256 Credential={}/20261130/us-east-1/s3/aws4_request", self.account);
        for (address, body) in [(bucket.clone(), ""), (format!("{bucket}?policy"), r#"{"Statement":[]}"#)] {
            let request = self.http.put(&address).header("Authorization", &signed).body(body);
            self.wait(request.send())?.error_for_status().with_context(|| format!("PUT {address}"))?;
        }
        Ok(())
    }

    /// Address of the emulator.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The mirror of the repository.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `infra` in this mirror and for this account, ready to start.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = command(target()?.join("debug/infra"));
        let mut endpoint = &self.endpoint;
        if arguments.first().is_some_and(|name| OF_PIPELINES.contains(name)) {
            endpoint = &self.pipelines;
            let stage = arguments.iter().skip_while(|argument| **argument != "--stage").nth(1);
            command.env("EXECUTION_ROLE_ARN", execution_role(&self.account, stage.unwrap_or(&"dev")));
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Runs a command to its end.
    pub fn infra(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        ended(self.command(arguments)?.spawn()?)
    }

    /// `destroy` or `watch` of a stage.
    pub fn with(&self, command: &str, stage: &str, more: &[&str]) -> anyhow::Result<Ended> {
        self.infra(&[&[command, "--stage", stage], self.subject.stacks, more].concat())
    }

    /// `deploy` or `diff` of a stage with the values that it needs.
    pub fn on(&self, command: &str, stage: &str, more: &[&str]) -> anyhow::Result<Ended> {
        ended(self.start(command, stage, more)?)
    }

    /// The same, left running.
    pub fn start(&self, command: &str, stage: &str, more: &[&str]) -> anyhow::Result<Child> {
        let Subject { stacks, values, .. } = self.subject;
        Ok(self.command(&[&[command, "--stage", stage], stacks, values, more].concat())?.spawn()?)
    }

    /// Deploys a stage whatever that changes, and expects it to end well.
    pub fn deployed(&self, stage: &str) -> anyhow::Result<()> {
        self.on("deploy", stage, &["--approve", "never"])?.with(0, &["deployed"])
    }

    /// Changes a stage's settings, and leaves its templates stale.
    pub fn edit(&self, stage: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join("environments").join(stage).join(self.subject.settings);
        let text = fs::read_to_string(&file)?;
        ensure!(text.matches(from).count() == 1, "{from:?} is not there once in {}", file.display());
        fs::write(&file, text.replace(from, to))?;
        Ok(())
    }

    /// Changes a stage's settings and commits what comes of it.
    pub fn change(&self, stage: &str, from: &str, to: &str) -> anyhow::Result<()> {
        self.edit(stage, from, to)?;
        self.infra(&["synth", "--stage", stage])?.with(0, &[])?;
        self.commit()
    }

    pub fn commit(&self) -> anyhow::Result<()> {
        git(self.folder.path(), &["add", "-A"]);
        git(self.folder.path(), &["commit", "-q", "-m", "a change"]);
        Ok(())
    }

    /// Changes the code of all functions; what it does stays.
    pub fn set_code(&self, version: &str) -> anyhow::Result<()> {
        let root = self.folder.path();
        let python = tools_venv().join("bin/python");
        let control = root.join("control");
        let text = FUNCTION.replace("@PYTHON@", &python.to_string_lossy());
        let text = text.replace("@CONTROL@", &control.to_string_lossy()).replace("@VERSION@", version);
        for function in self.subject.functions {
            let folder = root.join("target/lambda").join(function);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("bootstrap"), &text)?;
            fs::set_permissions(folder.join("bootstrap"), fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// Appends to the layer's file.
    pub fn grow_layer(&self) -> anyhow::Result<()> {
        let path = self.folder.path().join("layers/rds-ca/rds-ca-bundle.pem");
        Ok(OpenOptions::new().append(true).open(path)?.write_all(b"\n")?)
    }

    /// What the custom resource's function does with the next requests of a kind (`Create`, `Update`, `Delete`): the
    /// seconds it takes, and a reason when it fails. It succeeds at once when nothing is said.
    pub fn next(&self, kind: &str, answers: &[&str]) -> anyhow::Result<()> {
        Ok(fs::write(self.folder.path().join("control").join(kind), answers.join("\n"))?)
    }

    /// How many requests of a kind the custom resource's function has had.
    pub fn requests(&self, kind: &str) -> usize {
        let calls = fs::read_to_string(self.folder.path().join("control/calls")).unwrap_or_default();
        calls.lines().filter(|call| *call == kind).count()
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Status of each stack that is there, by name. A name that is there twice is an error.
    pub fn stacks(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let described = self.wait(self.cloudformation.describe_stacks().send())?;
        let mut stacks = BTreeMap::new();
        for stack in described.stacks() {
            let (name, status) = (stack.stack_name().unwrap_or_default(), stack.stack_status());
            let status = status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            ensure!(stacks.insert(name.to_owned(), status).is_none(), "{name} is there twice");
        }
        Ok(stacks)
    }

    /// Expects exactly these stacks, with these statuses.
    pub fn has(&self, expected: &[(&str, &str)]) -> anyhow::Result<()> {
        let found = self.stacks()?;
        let expected = expected.iter().map(|(name, status)| ((*name).to_owned(), (*status).to_owned())).collect();
        ensure!(found == expected, "there are {found:?} and not {expected:?}");
        Ok(())
    }

    /// Expects that no change set waits anywhere, besides what [`Self::owns_everything`] expects.
    pub fn is_tidy(&self) -> anyhow::Result<()> {
        for stack in self.stacks()?.into_keys() {
            let listed = self.wait(self.cloudformation.list_change_sets().stack_name(&stack).send())?;
            // The emulator keeps those that were executed.
            let waits = |summary: &&ChangeSetSummary| summary.execution_status() == Some(&ExecutionStatus::Available);
            let left: Vec<_> =
                listed.summaries().iter().filter(waits).map(|summary| summary.change_set_name()).collect();
            ensure!(left.is_empty(), "change sets are left on {stack}: {left:?}");
        }
        self.owns_everything()
    }

    /// Expects that no stack is a mere shell, and that everything in the account belongs to exactly one stack; but for the
    /// assets, which stay. Change sets of others may be there.
    pub fn owns_everything(&self) -> anyhow::Result<()> {
        let mut owned: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (stack, status) in self.stacks()? {
            ensure!(status != "REVIEW_IN_PROGRESS", "{stack} is an empty shell");
            let resources = self.wait(self.cloudformation.list_stack_resources().stack_name(&stack).send())?;
            for resource in resources.stack_resource_summaries() {
                let kind = KINDS.iter().find(|(kind, ..)| resource.resource_type() == Some(kind));
                if let Some((kind, ..)) = kind {
                    let id = resource.physical_resource_id().unwrap_or_default();
                    owned.entry(kind).or_default().push(id.rsplit('/').next().unwrap_or_default().to_owned());
                }
            }
        }
        for (kind, service, target, open, close) in KINDS {
            let mut owned = owned.remove(kind).unwrap_or_default();
            owned.sort();
            let mut found: Vec<String> = between(&self.ask(service, target)?, open, close);
            found.iter_mut().for_each(|name| *name = name.rsplit('/').next().unwrap_or_default().to_owned());
            found.sort();
            ensure!(found == owned, "of {kind} there are {found:?}, and the stacks own {owned:?}");
        }
        let buckets: BTreeSet<String> = between(&self.ask("s3", "/")?, "<Name>", "</Name>").into_iter().collect();
        let assets = BTreeSet::from([format!("infra-assets-{}-us-east-1", self.account)]);
        ensure!(buckets.is_subset(&assets), "there are buckets {buckets:?}");
        Ok(())
    }

    /// Begins to add a resource to a live stack, as somebody would by hand. It is not rolled back when it fails.
    pub fn add(&self, stack: &str, resource: &str) -> anyhow::Result<()> {
        let client = &self.cloudformation;
        let live = self.wait(client.get_template().stack_name(stack).send())?;
        let template = live.template_body().unwrap_or_default();
        let template = template.replacen("\nResources:\n", &format!("\nResources:\n  {resource}\n"), 1);
        let described = self.wait(client.describe_stacks().stack_name(stack).send())?;
        let described = described.stacks().first().context("no such stack")?;
        let same = |known: &Parameter| {
            let key = known.parameter_key().unwrap_or_default();
            Parameter::builder().parameter_key(key).use_previous_value(true).build()
        };
        let update = client.update_stack().stack_name(stack).template_body(template).disable_rollback(true);
        let update = update.set_parameters(Some(described.parameters().iter().map(same).collect()));
        let update = update.set_tags(Some(described.tags().to_vec())).capabilities(Capability::CapabilityNamedIam);
        self.wait(update.send())?;
        Ok(())
    }

    /// Puts an object into a bucket.
    pub fn put(&self, path: &str, body: &str) -> anyhow::Result<()> {
        let request = self.http.put(format!("{}{path}", self.endpoint)).body(body.to_owned());
        let status = self.wait(request.header("Authorization", self.authorization("s3")).send())?.status();
        ensure!(status.is_success(), "PUT {path} ended with {status}");
        Ok(())
    }

    fn authorization(&self, service: &str) -> String {
        let credential = format!("{}/20260101/us-east-1/{service}/aws4_request", self.account);
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0")
    }

    /// One call of a service whose SDK crate no test needs for more: a path for GET, or the action of a Query request.
    pub fn ask(&self, service: &str, target: &str) -> anyhow::Result<String> {
        let request = match target.strip_prefix('/') {
            Some(_) => self.http.get(format!("{}{target}", self.endpoint)),
            None => self.http.post(&self.endpoint).body(target.to_owned()),
        };
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let request = request.header("Authorization", self.authorization(service));
        let (status, text) = self.wait(async {
            let answer = request.send().await?;
            anyhow::Ok((answer.status(), answer.text().await?))
        })?;
        ensure!(status.is_success(), "{service} {target} ended with {status}: {text}");
        Ok(text)
    }

    /// Writes an object of S3 over whatever is there, with the SHA-256 (Base64) that the writer says.
    pub fn overwrite(&self, bucket: &str, key: &str, bytes: &[u8], sha256: &str) -> anyhow::Result<()> {
        let request = self.http.put(format!("{}/{bucket}/{key}", self.endpoint)).body(bytes.to_vec());
        let request = request.header("x-amz-checksum-sha256", sha256).header("Authorization", self.authorization("s3"));
        let status = self.wait(async { anyhow::Ok(request.send().await?.status()) })?;
        ensure!(status.is_success(), "writing {key} ended with {status}");
        Ok(())
    }

    /// The events of a stack, newest first: logical id and status.
    pub fn events(&self, stack: &str) -> anyhow::Result<Vec<(String, String)>> {
        let events = self.wait(self.cloudformation.describe_stack_events().stack_name(stack).send())?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let event = |event: &aws_sdk_cloudformation::types::StackEvent| {
            (text(event.logical_resource_id()), text(event.resource_status().map(|status| status.as_str())))
        };
        Ok(events.stack_events().iter().map(event).collect())
    }
}

/// What stacks make and can leave behind: type, service, call, and what stands around a name in the answer.
const KINDS: [(&str, &str, &str, &str, &str); 6] = [
    ("AWS::SQS::Queue", "sqs", "Action=ListQueues", "<QueueUrl>", "</QueueUrl>"),
    ("AWS::Lambda::Function", "lambda", "/2015-03-31/functions?MaxItems=50", r#""FunctionName": ""#, "\""),
    ("AWS::IAM::Role", "iam", "Action=ListRoles&Version=2010-05-08", "<RoleName>", "</RoleName>"),
    ("AWS::SNS::Topic", "sns", "Action=ListTopics", "<TopicArn>", "</TopicArn>"),
    ("AWS::RDS::DBCluster", "rds", "Action=DescribeDBClusters", "<DBClusterIdentifier>", "</DBClusterIdentifier>"),
    ("AWS::EC2::VPCEndpoint", "ec2", "Action=DescribeVpcEndpoints", "<vpcEndpointId>", "</vpcEndpointId>"),
];

/// Waits until `done` holds, at most `limit`.
pub fn until(what: &str, limit: Duration, mut done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !done()? {
        ensure!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
    Ok(())
}

/// Waits for a command, no longer than any command here may take.
///
/// # Errors
/// When it had to be killed; with what it said until then.
pub fn ended(child: Child) -> anyhow::Result<Ended> {
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        let is_late = waiting.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout);
        is_late && kill(pid, Signal::SIGKILL).is_ok()
    });
    let output = child.wait_with_output()?;
    drop(done);
    let was_killed = watchdog.join().unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (data, notes) = (text(&output.stdout), text(&output.stderr));
    ensure!(!was_killed, "it did not end within {LIMIT:?}:\n{data}{notes}");
    // As shells tell it.
    let code = output.status.code().or_else(|| Some(128 + output.status.signal()?));
    Ok(Ended { code: code.unwrap_or(-1), data, notes })
}

fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    text.split(open).skip(1).filter_map(|rest| Some(rest.split_once(close)?.0.to_owned())).collect()
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name()))?,
            false => {
                fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}
