//! Archives of functions and layers: built once, however many stacks need them, and packed; or packed before, elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use contract::db_init;
use deploy::{Archive, Asset, Compression};
use serde::Deserialize;
use system::{Stage, StageName};
use systems::SYSTEMS;

use crate::exit::{Context, Failure};
use crate::project::repository::Repository;
use crate::project::swagger_ui;
use crate::project::tools::{self, Tools};
use crate::ui::terminal::Terminal;

/// The layer with the RDS certificate bundle: asset name, file below the root, path in the archive (and so below `/opt`).
const RDS_CA: (&str, &str, &str) = ("rds-ca", "layers/rds-ca/rds-ca-bundle.pem", "rds-ca-bundle.pem");

/// What each asset is made of: its binary only, unless stated otherwise here.
pub(crate) fn assets(repository: &Repository, names: &[String]) -> Result<Vec<Asset>, Failure> {
    let root = repository.root();
    let asset = |name: &String| {
        if name == RDS_CA.0 {
            return Ok(Asset::of_files(name).with_file(RDS_CA.2, root.join(RDS_CA.1)));
        }
        if let Some(system) = SYSTEMS.iter().find(|system| system.migrated_by() == Some(name)) {
            let (system, asset) = (system.name(), Asset::of_binary(name, db_init::BINARY));
            let migrations = root.join("sql").join(system);
            let asset = asset.with_folder(&format!("{}/{system}", db_init::MIGRATIONS), &migrations, "sql");
            return asset.with_context(|| format!("cannot read {}", migrations.display()));
        }
        let is_documented = SYSTEMS.iter().any(|system| system.documented_by() == Some(name));
        let asset = Asset::of_binary(name, name);
        Ok(if is_documented { swagger_ui::add_to(asset, repository) } else { asset })
    };
    names.iter().map(asset).collect()
}

/// The binaries of assets, each once.
pub(crate) fn binaries(assets: &[Asset]) -> BTreeSet<String> {
    assets.iter().filter_map(|asset| asset.binary.clone()).collect()
}

/// The archives of the assets with these names, built first unless `skip_build`.
pub(crate) async fn archives(
    repository: &Repository,
    terminal: &Terminal,
    stage: &Stage,
    names: &[String],
    skip_build: bool,
) -> Result<Vec<Archive>, Failure> {
    let assets = assets(repository, names)?;
    let binaries = binaries(&assets);
    let is_local = stage.name == StageName::Local;
    if !skip_build && !binaries.is_empty() {
        match is_local {
            true => development(repository, terminal).await?,
            false => release(repository, terminal, &binaries, &architecture(stage)).await?,
        }
    }
    assets.iter().map(|asset| archive(repository, asset, is_local)).collect()
}

/// The archives of the assets with these names, as `infra build --archives` wrote them. Starts no program.
pub(crate) fn prebuilt(folder: &Path, stage: &Stage, names: &[String]) -> Result<Vec<Archive>, Failure> {
    let architecture = architecture(stage);
    let archive = |name: &String| {
        let path = prebuilt_path(folder, &architecture, name);
        Archive::of_zip(name, &path).map_err(|error| {
            let fix = format!("infra build --stage {} --archives {}", stage.name, folder.display());
            Failure::usage(format!("cannot read {}: {error}; `{fix}` writes it", path.display()))
        })
    };
    names.iter().map(archive).collect()
}

/// Where the archive of an asset is in a folder of archives, which may have those of several architectures.
pub(crate) fn prebuilt_path(folder: &Path, architecture: &str, asset: &str) -> PathBuf {
    folder.join(architecture).join(format!("{asset}.zip"))
}

pub(crate) fn archive(repository: &Repository, asset: &Asset, is_local: bool) -> Result<Archive, Failure> {
    let compression = if is_local { Compression::Stored } else { Compression::Deflated };
    let executable = |binary: &str| match is_local {
        true => repository.target().join("debug").join(binary),
        false => repository.target().join("lambda").join(binary).join("bootstrap"),
    };
    asset.archive(executable, compression).with_context(|| {
        let sources = asset.binary.iter().map(|binary| executable(binary));
        let mut sources = sources.chain(asset.files.iter().map(|(_, source)| source.clone()));
        unreadable(&sources.find(|source| !source.is_file()).unwrap_or_default())
    })
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}; build first, without --skip-build", path.display())
}

pub(crate) fn architecture(stage: &Stage) -> String {
    stage.functions.architecture.as_str().to_owned()
}

/// The whole workspace in one build: building only some packages would select other features of the libraries
/// and compile them again.
async fn development(repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
    tools::install_swagger_ui(repository, terminal).await?;
    let arguments = ["build", "--workspace", "--bins", "--quiet"].map(str::to_owned);
    execute(repository, terminal, cargo(), &arguments, None, "building the functions").await
}

/// For Amazon Linux 2023, whatever this machine is: cargo-lambda links with zig against its older libc.
pub(crate) async fn release(
    repository: &Repository,
    terminal: &Terminal,
    binaries: &BTreeSet<String>,
    architecture: &str,
) -> Result<(), Failure> {
    let tools = local_cloud::Layout::new(repository.root()).venv().join("bin");
    Tools::Release.install(repository, terminal).await?;
    let mut arguments: Vec<String> =
        ["lambda", "build", "--release", "--output-format", "binary"].map(str::to_owned).to_vec();
    arguments.push(if architecture == "arm64" { "--arm64" } else { "--x86-64" }.to_owned());
    for package in packages(repository, binaries).await? {
        arguments.extend(["--package".to_owned(), package]);
    }
    let doing = format!("building {} functions for {architecture}", binaries.len());
    execute(repository, terminal, tools.join("cargo-lambda"), &arguments, Some(&tools), &doing).await
}

/// The packages that have these binaries, each once.
async fn packages(repository: &Repository, binaries: &BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
    let mut command = tokio::process::Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(repository.root());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("cannot start {}", cargo().display()))?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cannot read what `cargo metadata` says")?;
    let package_of = |binary: &String| metadata.package_of(binary).map(str::to_owned);
    let unknown = |binary| Failure::usage(format!("no package of the workspace has the binary {binary}"));
    binaries.iter().map(|binary| package_of(binary).ok_or_else(|| unknown(binary))).collect()
}

/// The part of `cargo metadata` that is needed here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Metadata {
    fn package_of(&self, binary: &str) -> Option<&str> {
        let is_it = |target: &Target| target.name == binary && target.kind.iter().any(|kind| kind == "bin");
        let found = self.packages.iter().find(|package| package.targets.iter().any(is_it));
        found.map(|package| package.name.as_str())
    }
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

async fn execute(
    repository: &Repository,
    terminal: &Terminal,
    program: PathBuf,
    arguments: &[String],
    tools: Option<&Path>,
    doing: &str,
) -> Result<(), Failure> {
    terminal.note(doing);
    let mut command = tokio::process::Command::new(&program);
    command.args(arguments).current_dir(repository.root()).stdin(Stdio::null()).kill_on_drop(true);
    // Its output goes to stderr: stdout is for results.
    command.stdout(std::io::stderr());
    if let Some(tools) = tools {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders)?);
    }
    let status = command.status().await.map_err(|error| {
        let fix = "install Rust from https://rustup.rs, or give CARGO the path of cargo";
        Failure::usage(format!("cannot start {}: {error}; {fix}", program.display()))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::usage(format!("`{} {}` ended with {status}", program.display(), arguments.join(" "))))
}

#[cfg(test)]
mod tests {
    use deploy::{Content, Entry};

    use super::*;
    use crate::project::templates;

    #[test]
    fn archives_that_were_built_elsewhere_are_taken_as_they_are_for_the_stages_architecture() {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let stage = templates::stage(&Repository::at(root), "dev").unwrap().stage;
        let path = prebuilt_path(folder.path(), &architecture(&stage), "orders");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let entry = Entry { path: "bootstrap".to_owned(), content: Content::Bytes(vec![1]), executable: true };
        let made = Archive::new("orders", vec![entry], Compression::Deflated).unwrap();
        made.write_zip(std::fs::File::create(&path).unwrap()).unwrap();

        let names = ["orders".to_owned(), "stock".to_owned()];
        let taken = prebuilt(folder.path(), &stage, &names[..1]).unwrap();
        assert_eq!((taken[0].name(), taken[0].key("dev")), ("orders", made.key("dev")));
        let missing = prebuilt(folder.path(), &stage, &names).unwrap_err().to_string();
        assert!(missing.contains("stock.zip") && missing.contains("infra build --stage dev --archives"), "{missing}");
    }

    #[test]
    fn a_binary_is_found_in_its_package_and_a_library_of_that_name_is_none() {
        let metadata = r#"{"packages": [
            {"name": "other", "targets": [{"name": "a-loader", "kind": ["lib"]}]},
            {"name": "loaders", "targets": [{"name": "loaders", "kind": ["lib"]}, {"name": "a-loader", "kind": ["bin"]}]}
        ], "version": 1}"#;
        let metadata: Metadata = serde_json::from_str(metadata).unwrap();
        assert_eq!(metadata.package_of("a-loader"), Some("loaders"));
        assert_eq!(metadata.package_of("loaders"), None);
    }
}
