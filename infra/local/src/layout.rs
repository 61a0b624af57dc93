//! Where the local cloud stores what, below the repository. Both folders are git-ignored.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::error::{At, Error};
use crate::service_name::ServiceName;

/// Paths below a repository's root.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Self {
        // Children run in other folders and processes are recognized by this path, so it must be the canonical one.
        Self { root: root.canonicalize().unwrap_or_else(|_| root.to_owned()) }
    }

    /// State of the running cloud: removed by `down`.
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".local")
    }

    pub fn state_file(&self) -> PathBuf {
        self.state_dir().join("state.json")
    }

    pub fn log(&self, service: &ServiceName) -> PathBuf {
        self.logs_dir().join(format!("{service}.log"))
    }

    pub(crate) fn logs_dir(&self) -> PathBuf {
        self.state_dir().join("logs")
    }

    /// The virtual environment with the pinned tools; kept by `down`.
    pub fn venv(&self) -> PathBuf {
        self.root.join(".tools/venv")
    }

    pub(crate) fn tools_dir(&self) -> PathBuf {
        self.root.join(".tools")
    }

    /// Temporary files of the children, so that `down` removes them too.
    pub(crate) fn temp_dir(&self) -> PathBuf {
        self.state_dir().join("tmp")
    }

    /// Waits until no other `up` or `down` of this repository is running.
    pub(crate) async fn lock(&self) -> Result<Lock, Error> {
        lock_file(&self.state_dir(), "lock").await
    }
}

/// `lib/python3.N/site-packages` of a virtual environment.
pub(crate) fn site_packages(venv: &Path) -> Option<PathBuf> {
    let libraries = venv.join("lib").read_dir().ok()?.flatten();
    libraries.map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir())
}

/// Held while this lives; the operating system releases it however the process ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

/// Long enough for another `up` that installs nothing; tools have their own lock.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) async fn lock_file(dir: &Path, name: &str) -> Result<Lock, Error> {
    std::fs::create_dir_all(dir).at("create", dir)?;
    let path = dir.join(name);
    let mut file = OpenOptions::new().create(true).append(true).open(&path).at("open", &path)?;
    let start = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Lock(lock)),
            Err((_, errno)) if errno != nix::errno::Errno::EWOULDBLOCK => {
                return Err(std::io::Error::from(errno)).at("lock", path);
            }
            Err(_) if start.elapsed() > PATIENCE => return Err(Error::Locked { path, waited: PATIENCE }),
            Err((unlocked, _)) => file = unlocked,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
