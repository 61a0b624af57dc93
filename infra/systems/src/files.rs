//! Reads the settings files of a stage. The one place here that does I/O.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The texts of a stage's settings, by file name: `stage.toml`, and one file per system.
pub type Files = BTreeMap<String, String>;

/// A folder or file that cannot be read.
#[derive(Debug)]
pub struct ReadError {
    pub path: PathBuf,
    pub source: io::Error,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot read {}, the stage's settings", self.path.display())
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Reads every `*.toml` of `environments/<stage>` below the repository's root.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn read(root: &Path, stage: &str) -> Result<Files, ReadError> {
    let folder = root.join("environments").join(stage);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError { path, source }
    };
    let mut files = Files::new();
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let path = entry.map_err(at(&folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".toml")) else {
            continue;
        };
        files.insert(name.to_owned(), fs::read_to_string(&path).map_err(at(&path))?);
    }
    Ok(files)
}
