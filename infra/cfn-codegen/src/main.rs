//! The command line: `import` refreshes the facts, `generate` writes the sources.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use cfn_codegen::changes::changes;
use cfn_codegen::generate::generate;
use cfn_codegen::import::{import, unchecked_patterns};
use cfn_codegen::packages::{Archive, Lock, Registry};
use cfn_codegen::project::{Project, SERVICES};
use clap::{Parser, Subcommand};

/// Makes the tables of the facts crate and the typed resources of the cfn crate.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Refreshes the facts from the two packages that the lock file names, and tells what changed.
    Import {
        /// The archive of @aws-cdk/aws-service-spec (.tgz), instead of asking npm for it.
        #[arg(long, value_name = "FILE")]
        service_spec: Option<PathBuf>,
        /// The archive of cfn-lint (.whl), instead of asking pip for it.
        #[arg(long, value_name = "FILE")]
        cfn_lint: Option<PathBuf>,
        /// Take the newest versions, or the given files, and write them into the lock file.
        #[arg(long)]
        update_lock: bool,
    },
    /// Makes the Rust sources from the facts and overlays.
    Generate {
        /// Write nothing; fail and name the files if their bytes would change.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    let project = Project::at(env!("CARGO_MANIFEST_DIR"));
    let mut out = std::io::stdout().lock();
    match Arguments::parse().command {
        Command::Import { service_spec, cfn_lint, update_lock } => {
            let lock = Lock::read(&project.lock())?;
            let get = if update_lock { Archive::newest } else { Archive::locked };
            let specification = get(&lock.service_spec, Registry::Npm, service_spec.as_deref())?;
            let schemas = get(&lock.cfn_lint, Registry::PyPi, cfn_lint.as_deref())?;
            let services: BTreeSet<String> = SERVICES.iter().map(ToString::to_string).collect();
            let imported = import(&specification.bytes, schemas.bytes, &services)?;
            for line in changes(&project.facts()?, &imported.services)? {
                writeln!(out, "{line}")?;
            }
            let unchecked = unchecked_patterns(&imported.services);
            writeln!(out, "{} patterns that cannot be checked", unchecked.len())?;
            for line in unchecked {
                writeln!(out, "  {line}")?;
            }
            project.write_facts(&imported.services, &imported.stateful)?;
            project.write_outlines(&imported.outlines)?;
            if update_lock {
                Lock { service_spec: specification.package, cfn_lint: schemas.package }.write(&project.lock())?;
            }
        }
        Command::Generate { check } => {
            let sources = generate(&project.overlaid_facts()?, &project.stateful()?, &project.outlines()?)?;
            if !check {
                return project.write_sources(&sources);
            }
            let stale = project.stale_sources(&sources)?;
            if !stale.is_empty() {
                bail!("run `cargo run -p cfn-codegen -- generate`, these are stale: {}", stale.join(", "));
            }
        }
    }
    Ok(())
}
