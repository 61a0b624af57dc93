//! Paths in the repository that the command runs in. Running outside one is an error.

use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The repository's root.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Searches upwards from the current folder for the one that contains `environments` and `Cargo.toml`.
    pub(crate) fn find() -> Result<Self, Failure> {
        let here = std::env::current_dir()?;
        let is_root = |folder: &&Path| folder.join("environments").is_dir() && folder.join("Cargo.toml").is_file();
        match here.ancestors().find(is_root) {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => Err(Failure::usage(format!("{} is not inside the repository; go there first", here.display()))),
        }
    }

    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Path of a committed template, below the root.
    pub(crate) fn template(stage: &str, stack: &str) -> PathBuf {
        Path::new("environments").join(stage).join("templates").join(format!("{stack}.yaml"))
    }

    pub(crate) fn templates(&self, stage: &str) -> PathBuf {
        self.root.join("environments").join(stage).join("templates")
    }

    /// Where cargo puts build results.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |dir| self.root.join(dir))
    }
}
