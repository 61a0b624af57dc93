//! Pinned Python tools in the project's own virtual environment, installed from requirement files with hashes.
//! Rejects a Python older than 3.10 and packages without a hash, and installs nothing twice.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::error::{At, Error};
use crate::layout::{Layout, lock_file};

/// MiniStack's own minimum.
const MINIMUM: (u32, u32) = (3, 10);

/// Installs a requirements file into `.tools/venv`, and returns whether there was anything to do.
///
/// A stamp `.tools/venv/.<stamp>-stamp` holds the file's checksum, so several files can share the environment
/// and each is installed once. pip checks every download against the hashes in the file.
///
/// # Errors
/// When python3 is missing, too old or without `venv`; when pip fails, with its output.
pub async fn install(root: &Path, requirements: &Path, stamp: &str) -> Result<bool, Error> {
    install_into(root, &Layout::new(root).venv(), requirements, stamp).await
}

/// The same, into another virtual environment: some tools need conflicting versions of a package.
///
/// # Errors
/// As [`install`].
pub async fn install_into(root: &Path, venv: &Path, requirements: &Path, stamp: &str) -> Result<bool, Error> {
    let stamp = venv.join(format!(".{stamp}-stamp"));
    once(root, requirements, &stamp, async || {
        let python = environment(venv).await?;
        let requirements = requirements.display().to_string();
        run(&python, &[&INSTALL[..], &["-r", &requirements]].concat()).await
    })
    .await
}

/// Installs the files of packages into a folder, alone: nothing that the packages depend on, and nothing that was in the folder before.
///
/// # Errors
/// As [`install`].
pub async fn install_files(root: &Path, folder: &Path, requirements: &Path) -> Result<bool, Error> {
    once(root, requirements, &folder.join(".stamp"), async || {
        let python = environment(&Layout::new(root).venv()).await?;
        if folder.exists() {
            std::fs::remove_dir_all(folder).at("remove", folder)?;
        }
        let (requirements, folder) = (requirements.display().to_string(), folder.display().to_string());
        let files = ["--no-deps", "--only-binary", ":all:", "--target", &folder, "-r", &requirements];
        run(&python, &[&INSTALL[..], &files].concat()).await
    })
    .await
}

const INSTALL: [&str; 6] = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"];

/// Works through a requirements file, unless the stamp has its checksum; nobody else of this repository does so at the same time.
async fn once(
    root: &Path,
    requirements: &Path,
    stamp: &Path,
    install: impl AsyncFnOnce() -> Result<String, Error>,
) -> Result<bool, Error> {
    let text = std::fs::read(requirements).at("read", requirements)?;
    let checksum: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let is_installed = || std::fs::read_to_string(stamp).is_ok_and(|old| old.trim() == checksum);
    if is_installed() {
        return Ok(false);
    }
    let _lock = lock_file(&Layout::new(root).tools_dir(), "lock").await?;
    if is_installed() {
        return Ok(false);
    }
    install().await?;
    std::fs::write(stamp, checksum + "\n").at("write", stamp)?;
    Ok(true)
}

/// The Python of a virtual environment, which is made if there is none.
async fn environment(venv: &Path) -> Result<PathBuf, Error> {
    let python = venv.join("bin/python");
    // A moved or incomplete environment does not start: recreate it.
    if run(&python, &["-m", "pip", "--version"]).await.is_err() {
        let system = self::python().await?;
        let venv = venv.display().to_string();
        run(&system, &["-m", "venv", "--clear", &venv]).await.map_err(|error| match error {
            Error::Command { output, .. } => Error::Python { problem: format!("`python3 -m venv` says: {output}") },
            other => other,
        })?;
    }
    Ok(python)
}

/// The system's python3, if it is new enough.
///
/// # Errors
/// When there is none, or an older one.
pub async fn python() -> Result<PathBuf, Error> {
    let program = PathBuf::from("python3");
    let version = run(&program, &["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).await;
    let version = version.map_err(|error| Error::Python { problem: error.to_string() })?;
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let parsed = version.trim().split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match parsed {
        Some(found) if found >= MINIMUM => Ok(program),
        _ => Err(Error::Python { problem: format!("found {}", version.trim()) }),
    }
}

async fn run(program: &Path, arguments: &[&str]) -> Result<String, Error> {
    let command = || format!("{} {}", program.display(), arguments.join(" "));
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|source| Error::Command {
        command: command(),
        exit: "not started".to_owned(),
        output: source.to_string(),
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    Err(Error::Command { command: command(), exit: output.status.to_string(), output: said.trim().to_owned() })
}
