//! The two packages, pinned by version and sha256. Downloads with npm's and pip's own clients; makes no other connections.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// `spec.lock`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lock {
    pub service_spec: Package,
    pub cfn_lint: Package,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The registry's name for it.
    pub name: String,
    pub version: String,
    /// Of the archive, in hexadecimal.
    pub sha256: String,
}

/// Which client downloads a package.
#[derive(Clone, Copy, Debug)]
pub enum Registry {
    Npm,
    PyPi,
}

/// An archive with its actual version and checksum.
pub struct Archive {
    pub bytes: Vec<u8>,
    pub package: Package,
}

impl Lock {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no lock file", path.display()))
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let text = format!("# Moved by `cfn-codegen import --update-lock`.\n\n{}", toml::to_string(self)?);
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Archive {
    /// The locked package, from a file or from its registry.
    ///
    /// # Errors
    /// The archive is not the one in the lock file.
    pub fn locked(locked: &Package, registry: Registry, file: Option<&Path>) -> Result<Self> {
        let archive = Self::get(locked, Some(&locked.version), registry, file)?;
        if archive.package.sha256 != locked.sha256 {
            bail!(
                "{} {} has sha256 {}, the lock file says {}: use the locked archive, or move the lock by --update-lock",
                locked.name,
                archive.package.version,
                archive.package.sha256,
                locked.sha256
            );
        }
        Ok(archive)
    }

    /// The newest package, or the one in the file.
    pub fn newest(locked: &Package, registry: Registry, file: Option<&Path>) -> Result<Self> {
        Self::get(locked, None, registry, file)
    }

    fn get(locked: &Package, version: Option<&str>, registry: Registry, file: Option<&Path>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = match file {
            Some(file) => file.to_owned(),
            None => registry.fetch(&locked.name, version, directory.path())?,
        };
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let version = registry.version_in(&path).with_context(|| format!("{} names no version", path.display()))?;
        Ok(Self { bytes, package: Package { name: locked.name.clone(), version, sha256 } })
    }
}

impl Registry {
    fn fetch(self, name: &str, version: Option<&str>, directory: &Path) -> Result<PathBuf> {
        let mut command = match self {
            Self::Npm => {
                let mut command = Command::new("npm");
                let wanted = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
                command.args(["pack", "--silent", &wanted]);
                command
            }
            Self::PyPi => {
                let mut command = Command::new("pip");
                let wanted = version.map_or_else(|| name.to_owned(), |version| format!("{name}=={version}"));
                command.args(["download", "--quiet", "--no-deps", "--only-binary", ":all:", &wanted]);
                command
            }
        };
        let program = command.get_program().display().to_string();
        let output = command
            .current_dir(directory)
            .output()
            .with_context(|| format!("cannot start {program}, give the archive as a file instead"))?;
        if !output.status.success() {
            bail!("cannot fetch {name}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let mut files = std::fs::read_dir(directory)?;
        Ok(files.next().with_context(|| format!("{name} was fetched, but there is no file"))??.path())
    }

    /// `aws-cdk-aws-service-spec-0.1.216.tgz`, `cfn_lint-1.58.0-py3-none-any.whl`
    fn version_in(self, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?;
        Some(match self {
            Self::Npm => name.strip_suffix(".tgz")?.rsplit('-').next()?.to_owned(),
            Self::PyPi => name.split('-').nth(1)?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(sha256: &str) -> Package {
        Package { name: "cfn-lint".to_owned(), version: "1.0.0".to_owned(), sha256: sha256.to_owned() }
    }

    #[test]
    fn an_archive_that_is_not_the_locked_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cfn_lint-1.0.0-py3-none-any.whl");
        std::fs::write(&file, "abc").unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(Archive::locked(&package(of_abc), Registry::PyPi, Some(&file)).is_ok());
        let error = Archive::locked(&package("00"), Registry::PyPi, Some(&file)).err().unwrap().to_string();
        assert!(error.contains(of_abc) && error.contains("--update-lock"), "{error}");
    }

    #[test]
    fn versions_stand_in_the_names_of_archives() {
        let npm = Registry::Npm.version_in(Path::new("aws-cdk-aws-service-spec-0.1.216.tgz"));
        let wheel = Registry::PyPi.version_in(Path::new("cfn_lint-1.58.0-py3-none-any.whl"));
        assert_eq!((npm.as_deref(), wheel.as_deref()), (Some("0.1.216"), Some("1.58.0")));
    }
}
