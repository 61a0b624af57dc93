//! MiniStack: AWS on one port, its state in memory, Lambda functions as its child processes. The one starter: the local cloud's
//! and those of tests come from it, on loopback only.

use std::path::Path;

use tokio::process::Command;

use crate::error::Error;
use crate::health;
use crate::layout::{Layout, site_packages};

pub(crate) const REGION: &str = "us-east-1";
/// MiniStack itself does not read it; functions call AWS there, and nowhere else.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

pub(crate) fn command(layout: &Layout, port: u16, functions_endpoint: Option<&str>) -> Command {
    let mut command = server(&layout.venv(), &layout.temp_dir(), port);
    command.current_dir(layout.state_dir());
    if let Some(endpoint) = functions_endpoint {
        command.env(ENDPOINT, endpoint);
    }
    command
}

/// The server, on a port of 127.0.0.1, from the package in `venv`; what it writes goes below `home`.
///
/// Its environment here is complete. Functions inherit it, so everything here reaches them too.
pub fn server(venv: &Path, home: &Path, port: u16) -> Command {
    let mut command = Command::new(venv.join("bin/python"));
    command
        .args(["-m", "ministack"])
        .env("PYTHONUNBUFFERED", "1")
        .env("GATEWAY_PORT", port.to_string())
        // It binds every interface by default.
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "localhost")
        .env("MINISTACK_REGION", REGION)
        .env(ENDPOINT, format!("http://127.0.0.1:{port}"))
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        // A database's endpoint looks like AWS's and resolves to nothing: libpq's variable holds the real address.
        .env("PGHOSTADDR", "127.0.0.1")
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("STATE_DIR", home.join("state"))
        .env("S3_DATA_DIR", home.join("s3"))
        .env("PERSIST_STATE", "0")
        // Listeners on fixed ports that are not needed here, and containers that do not exist here.
        .env("SFTP_ENABLED", "0")
        .env("IOT_MTLS_ENABLED", "0")
        .env("DOCKER_HOST", format!("unix://{}", home.join("no-docker.sock").display()));
    command
}

/// The installed version, from the folder in which pip keeps a package's metadata.
pub(crate) fn version(layout: &Layout) -> Option<String> {
    let dist_info = site_packages(&layout.venv())?.read_dir().ok()?.flatten();
    dist_info
        .filter_map(|entry| entry.file_name().into_string().ok())
        .find_map(|name| Some(name.strip_prefix("ministack-")?.strip_suffix(".dist-info")?.to_owned()))
}

/// Whether the server on this port answers.
pub async fn is_ready(port: u16) -> bool {
    health::http(port, "/_ministack/health").await.is_ok()
}

/// The package itself, not pip's metadata: an incomplete folder is as bad as none.
pub(crate) fn require(layout: &Layout) -> Result<(), Error> {
    let is_there = site_packages(&layout.venv()).is_some_and(|packages| packages.join("ministack").is_dir());
    match is_there && layout.venv().join("bin/python").is_file() {
        true => Ok(()),
        false => Err(Error::ToolsMissing { path: layout.venv() }),
    }
}
