//! pandas, pinned, in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What `with_pandas.py` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Way {
    pub(crate) rows: usize,
    /// Of the predictions.
    pub(crate) sum: f64,
    /// CPU seconds of reading the file.
    pub(crate) reading: f64,
    /// CPU seconds of the whole way, reading included. Python's start and imports are not counted.
    pub(crate) whole: f64,
}

/// The same file, the way of pandas.
///
/// # Errors
/// Why there is no pandas, or what it says.
pub(crate) fn way(file: &Path) -> Result<Way, String> {
    let python = installed()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/reader/with_pandas.py");
    let printed = run(Command::new(python).arg(script).arg(file))?;
    serde_json::from_str(&printed).map_err(|error| format!("with_pandas.py prints {printed:?}: {error}"))
}

/// The Python of the virtual environment, which is made if need be. pip sees at once when all is there.
fn installed() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let (venv, requirements) = (root.join(".tools/pandas"), root.join("tests/pandas-requirements.txt"));
    let python = venv.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    }
    let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes", "-r"];
    run(Command::new(&python).args(pip).arg(requirements))?;
    Ok(python)
}

/// What a command prints.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{command:?} says: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
