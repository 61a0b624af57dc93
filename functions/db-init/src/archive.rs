//! What the archive contains besides the binary: one system's migrations. An archive without any, or with those of several systems, is an error.

use std::io;
use std::path::{Path, PathBuf};

use contract::db_init::MIGRATIONS;
use function_postgres::migrations::Migration;

/// The archive does not contain what it must.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("no migrations next to the binary: its archive must contain {}; build and deploy it again", path.display())]
    NoFolder { path: PathBuf, source: io::Error },
    #[error("no migrations beside the binary: {} must hold the folder of one system with its .sql files, found {found:?}", path.display())]
    NotOneSystem { path: PathBuf, found: Vec<String> },
    #[error("reading the migrations in {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// Reads the migrations of `sql/<system>` below `root`, in order.
///
/// # Errors
/// There is no such folder, more than one, or nothing in it.
pub fn migrations(root: &Path) -> Result<Vec<Migration>, ArchiveError> {
    let path = root.join(MIGRATIONS);
    let entries = path.read_dir().and_then(std::iter::Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|source| ArchiveError::NoFolder { path: path.clone(), source })?;
    let systems: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    let found = || systems.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    let [system] = systems.as_slice() else { return Err(ArchiveError::NotOneSystem { found: found(), path }) };
    let unreadable = |source| ArchiveError::Unreadable { path: system.clone(), source };
    let migrations = Migration::read_folder(system).map_err(unreadable)?;
    if migrations.is_empty() { Err(ArchiveError::NotOneSystem { found: found(), path }) } else { Ok(migrations) }
}

/// Where the archive was unpacked: Lambda's task root, or else the folder of this executable.
///
/// # Errors
/// When the executable cannot be located.
pub fn root(task_root: Option<String>) -> io::Result<PathBuf> {
    match task_root.filter(|root| !root.is_empty()) {
        Some(root) => Ok(PathBuf::from(root)),
        None => Ok(std::env::current_exe()?.parent().unwrap_or(Path::new("/")).to_owned()),
    }
}
