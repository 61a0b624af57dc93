//! The FIPE server as a child.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::error::Error;
use crate::state::ServiceName;
use crate::{Config, FipeMonths, health};

/// Two real months are read in a second or two; generated ones of millions of prices take longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Its whole configuration, so that a changed one is seen by comparing. `before`: what it ran with until now.
pub(crate) fn arguments(config: &Config, before: &[String]) -> Result<Vec<String>, Error> {
    let data = &config.fipe;
    let mut arguments = vec![format!("--port={}", config.ports.fipe)];
    match &data.months {
        FipeMonths::Shipped => arguments.extend(before.iter().filter(|argument| is_file(argument)).cloned()),
        FipeMonths::Generated { seed, prices, months } => {
            arguments.extend([format!("--seed={seed}"), format!("--prices={prices}"), format!("--months={months}")]);
        }
        FipeMonths::Files(files) => {
            for file in files {
                let file = file.canonicalize().map_err(|source| Error::Dataset { path: file.clone(), source })?;
                arguments.push(format!("--dataset={}", file.display()));
            }
        }
    }
    if !data.faults.is_empty() {
        arguments.push(format!("--faults={}", data.faults));
    }
    arguments.extend(data.retry_after.map(|seconds| format!("--retry-after={seconds}")));
    arguments.extend(data.rate_limit.map(|calls| format!("--rate-limit={calls}")));
    Ok(arguments)
}

/// Whether it serves files rather than made-up months.
pub(crate) fn serves_files(arguments: &[String]) -> bool {
    arguments.iter().any(is_file)
}

fn is_file(argument: impl AsRef<str>) -> bool {
    argument.as_ref().starts_with("--dataset=")
}

pub(crate) fn command(program: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Lets the server itself look at its files and settings, before anything that runs has to make way for it.
pub(crate) async fn check(program: &Path, arguments: &[String]) -> Result<(), Error> {
    let mut check = Command::new(program);
    check.args(arguments).arg("--check").env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let output = check.output().await.map_err(|source| Error::Spawn {
        service: ServiceName::Fipe,
        program: program.to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().next().unwrap_or_default();
    Err(Error::Refused { reason: reason.strip_prefix("error: ").unwrap_or(reason).to_owned() })
}

/// Its version, once it answers.
pub(crate) async fn version(port: u16) -> Option<String> {
    let body = health::http(port, "/_fipe/health").await.ok()?;
    let health: serde_json::Value = serde_json::from_str(&body).ok()?;
    Some(health.get("version")?.as_str()?.to_owned())
}
