//! A throw-away MiniStack for tests, started as the local cloud starts its own.
//!
//! Owns what tests need in addition: a free port, and a server that ends with the process that started it, however that ends. Never goes
//! on without a real MiniStack: a missing one is an error that says how to get it.

mod table;

use std::fs;
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use local_cloud::ministack;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use test_machine::{Port, command, tools_venv};

pub use table::{Index, create_table};

/// It imports many modules before it answers.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs a program until its standard input ends, which happens when the test ends, even when it is killed.
const UNTIL_THE_TEST_ENDS: &str =
    r#""$@" </dev/null & echo $! >pid; read -r word; kill -KILL $!; rm -rf "$PWD"; kill -KILL 0"#;

/// A running, empty MiniStack; stopped and deleted on drop.
#[derive(Debug)]
pub struct Emulator {
    shell: Child,
    port: Port,
    endpoint: String,
    folder: tempfile::TempDir,
}

impl Emulator {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Errors
    /// It is not installed, ended, or does not answer; with the end of its log.
    pub fn start() -> Result<Self> {
        let (folder, port) = (tempfile::Builder::new().prefix("test-ministack-").tempdir()?, Port::reserve());
        let server = ministack::server(&tools_venv(), folder.path(), port.number()).into_std();
        if !Path::new(server.get_program()).is_file() {
            let path = server.get_program().display();
            return Err(Error::other(format!("there is no {path}: `make tools` installs it, or set INFRA_TOOLS_VENV")));
        }
        let log = fs::File::create(folder.path().join("log"))?;
        let mut shell = command("sh");
        shell.args(["-c", UNTIL_THE_TEST_ENDS, "sh"]).arg(server.get_program()).args(server.get_args());
        shell.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(folder.path());
        shell.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let endpoint = format!("http://127.0.0.1:{}", port.number());
        let emulator = Self { shell: shell.spawn()?, port, endpoint, folder };
        emulator.wait_until_ready()?;
        Ok(emulator)
    }

    /// Configuration of clients.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(&self.endpoint, "test")
    }

    /// For AWS SDKs.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Sends a signal to it, for example to suspend it as a network failure would.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(self.pid()?, signal)?)
    }

    fn pid(&self) -> Result<Pid> {
        let text = fs::read_to_string(self.folder.path().join("pid"))?;
        text.trim().parse().map(Pid::from_raw).map_err(Error::other)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let begun = Instant::now();
        let wait = async {
            while !ministack::is_ready(self.port.number()).await {
                // A zombie has no program any more.
                let has_ended = self.pid().is_ok_and(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_err());
                if has_ended || begun.elapsed() > PATIENCE {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            true
        };
        if runtime.block_on(wait) {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(15).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        Err(Error::other(format!("MiniStack does not answer after {:?}; its log: {}", begun.elapsed(), end.join("\n"))))
    }
}

/// Configuration of clients of an emulator's account. It reads nothing from the environment.
#[must_use]
pub fn sdk_config(endpoint: &str, account: &str) -> SdkConfig {
    let credentials = Credentials::new(account, "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Its functions are of its group, or lose their Runtime API with it.
        _ = self.signal(Signal::SIGKILL);
        if let Ok(group) = i32::try_from(self.shell.id()) {
            _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        _ = self.shell.wait();
    }
}
