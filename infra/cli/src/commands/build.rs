//! Archives of functions and layers. Refuses to deploy what was not built, and to build twice what several need.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use clap::Args;
use deploy::{Archive, Compression, Content, Entry};
use serde::Deserialize;
use system::{Stage, StageName};

use crate::commands::stage_names;
use crate::commands::synth;
use crate::exit::BadInput;
use crate::project::repository::Repository;
use crate::project::tools::Tools;
use crate::ui::terminal::Terminal;

/// What is built.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The stage whose architecture the archives are for.
    #[arg(long, value_parser = stage_names(), default_value = "dev")]
    pub(crate) stage: StageName,
    /// Another architecture than the stage's.
    #[arg(long, value_parser = ["arm64", "x86_64"])]
    pub(crate) architecture: Option<String>,
}

/// The layer with the RDS certificate bundle: asset name, file below the root, path in the archive (and so below `/opt`).
const RDS_CA: (&str, &str, &str) = ("rds-ca", "layers/rds-ca/rds-ca-bundle.pem", "rds-ca-bundle.pem");

/// `infra build`: the functions of a stage as `target/lambda/<function>/bootstrap.zip`.
pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Build) -> anyhow::Result<()> {
    let stage = synth::stage(repository, arguments.stage.as_str())?;
    let plan = crate::run::plan::stacks_of(&synth::synthesize(&stage)?);
    let assets: Vec<String> = plan.iter().flat_map(asset_names).collect();
    let architecture = arguments.architecture.clone().unwrap_or_else(|| architecture(&stage.stage));
    let functions: Vec<String> = assets.into_iter().filter(|asset| asset != RDS_CA.0).collect();
    release(repository, terminal, &functions, &architecture).await?;
    for function in &functions {
        let folder = repository.target().join("lambda").join(function);
        let executable = folder.join("bootstrap");
        let archive = Archive::of_function(function, Content::File(executable.clone()), Compression::Deflated)
            .with_context(|| unreadable(&executable))?;
        let path = folder.join("bootstrap.zip");
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        archive.write_zip(&mut file).with_context(|| format!("cannot pack {function}"))?;
        terminal.data(&format!("{} {} bytes", path.display(), file.metadata()?.len()));
    }
    Ok(())
}

fn asset_names(stack: &deploy::Stack) -> Vec<String> {
    let names = stack.parameters.iter().filter_map(|parameter| match &parameter.source {
        deploy::Source::AssetKey { asset } => Some(asset.clone()),
        _ => None,
    });
    names.collect()
}

/// The archives of `assets`, built first unless `skip_build`.
pub(crate) async fn archives(
    repository: &Repository,
    terminal: &Terminal,
    stage: &Stage,
    assets: &[String],
    skip_build: bool,
) -> anyhow::Result<Vec<Archive>> {
    let functions: Vec<String> = assets.iter().filter(|asset| *asset != RDS_CA.0).cloned().collect();
    let is_local = stage.name == StageName::Local;
    if !skip_build && !functions.is_empty() {
        match is_local {
            true => development(repository, terminal).await?,
            false => release(repository, terminal, &functions, &architecture(stage)).await?,
        }
    }
    assets.iter().map(|asset| archive(repository, asset, is_local)).collect()
}

fn archive(repository: &Repository, asset: &str, is_local: bool) -> anyhow::Result<Archive> {
    let compression = if is_local { Compression::Stored } else { Compression::Deflated };
    if asset == RDS_CA.0 {
        let path = repository.root().join(RDS_CA.1);
        let entry = Entry { path: RDS_CA.2.to_owned(), content: Content::File(path.clone()), executable: false };
        return Archive::new(asset, vec![entry], compression).with_context(|| unreadable(&path));
    }
    let executable = match is_local {
        true => repository.target().join("debug").join(asset),
        false => repository.target().join("lambda").join(asset).join("bootstrap"),
    };
    Archive::of_function(asset, Content::File(executable.clone()), compression).with_context(|| unreadable(&executable))
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}; build first, without --skip-build", path.display())
}

fn architecture(stage: &Stage) -> String {
    stage.functions.architecture.as_str().to_owned()
}

/// Everything of the workspace in one go: a build of some packages alone would choose other features of the libraries
/// and compile them again.
async fn development(repository: &Repository, terminal: &Terminal) -> anyhow::Result<()> {
    let arguments = ["build", "--workspace", "--bins", "--quiet"].map(str::to_owned);
    execute(repository, terminal, cargo(), &arguments, None, "building the functions").await
}

/// For Amazon Linux 2023, whatever this machine is: cargo-lambda links with zig against its older libc.
async fn release(
    repository: &Repository,
    terminal: &Terminal,
    functions: &[String],
    architecture: &str,
) -> anyhow::Result<()> {
    let tools = local_cloud::Layout::new(repository.root()).venv().join("bin");
    Tools::Release.install(repository, terminal).await?;
    let mut arguments: Vec<String> =
        ["lambda", "build", "--release", "--output-format", "binary"].map(str::to_owned).to_vec();
    arguments.push(if architecture == "arm64" { "--arm64" } else { "--x86-64" }.to_owned());
    for package in packages(repository, functions).await? {
        arguments.extend(["--package".to_owned(), package]);
    }
    let doing = format!("building {} functions for {architecture}", functions.len());
    execute(repository, terminal, tools.join("cargo-lambda"), &arguments, Some(&tools), &doing).await
}

/// The packages that have these binaries, each once.
async fn packages(repository: &Repository, binaries: &[String]) -> anyhow::Result<BTreeSet<String>> {
    let mut command = tokio::process::Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(repository.root());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("cannot start {}", cargo().display()))?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cannot read what `cargo metadata` says")?;
    let package_of = |binary: &String| metadata.package_of(binary).map(str::to_owned);
    let unknown = |binary| BadInput(format!("no package of the workspace has the binary {binary}"));
    Ok(binaries.iter().map(|binary| package_of(binary).ok_or_else(|| unknown(binary))).collect::<Result<_, _>>()?)
}

/// What `cargo metadata` says, as far as it matters here.
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
) -> anyhow::Result<()> {
    terminal.note(doing);
    let mut command = tokio::process::Command::new(&program);
    command.args(arguments).current_dir(repository.root()).stdin(Stdio::null()).kill_on_drop(true);
    // What it says belongs to stderr: stdout is for results.
    command.stdout(std::io::stderr());
    if let Some(tools) = tools {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders)?);
    }
    let status = command.status().await.map_err(|error| {
        let fix = "install Rust from https://rustup.rs, or give CARGO the path of cargo";
        BadInput(format!("cannot start {}: {error}; {fix}", program.display()))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(BadInput(format!("`{} {}` ended with {status}", program.display(), arguments.join(" "))).into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
