//! schemathesis makes requests from an API's document, inside and outside of its limits, and compares every answer with the document.

use anyhow::ensure;
use test_machine::{command, tools_venv};

/// Tries an API. `settings` is its schemathesis.toml: what a document cannot say.
///
/// One worker: with several, Python 3.11's parser sometimes fails on its own recursion depth.
///
/// # Errors
/// Everything that schemathesis has found.
pub fn try_api(url: &str, settings: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("schemathesis.toml"), settings)?;
    let output = command(tools_venv().with_file_name("schemathesis").join("bin/schemathesis"))
        .args(["run", &format!("{url}/openapi.json"), "--url", url])
        .args(["--seed", "1", "--generation-deterministic", "--no-color", "--workers", "1"])
        .args(arguments)
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
