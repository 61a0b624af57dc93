//! Generates the resources of the cfn crate from the specification facts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cfn_codegen::{facts, generate, import, overlay};
use clap::{Parser, Subcommand};

/// The services of the default set.
const SERVICES: [&str; 18] = [
    "ApiGateway",
    "ApiGatewayV2",
    "CloudFormation",
    "CloudWatch",
    "DynamoDB",
    "EC2",
    "Events",
    "IAM",
    "KMS",
    "Lambda",
    "Logs",
    "RDS",
    "S3",
    "SNS",
    "SQS",
    "SSM",
    "Scheduler",
    "SecretsManager",
];

/// Makes the typed resources of the cfn crate.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Refreshes the facts from the two packages.
    Import {
        /// The npm package of @aws-cdk/aws-service-spec.
        #[arg(long)]
        service_spec: PathBuf,
        /// The wheel of cfn-lint.
        #[arg(long)]
        cfn_lint: PathBuf,
    },
    /// Writes the Rust sources from the facts.
    Generate {
        /// Compare instead of writing; fails when a file would change.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match Arguments::parse().command {
        Command::Import { service_spec, cfn_lint } => {
            let services: BTreeSet<String> = SERVICES.iter().map(ToString::to_string).collect();
            let facts = import::import(&std::fs::read(service_spec)?, std::fs::read(cfn_lint)?, &services)?;
            std::fs::create_dir_all(root.join("facts"))?;
            for (name, service) in facts {
                std::fs::write(
                    root.join("facts").join(format!("{}.json", name.to_ascii_lowercase())),
                    service.to_text()?,
                )?;
            }
        }
        Command::Generate { check } => {
            let mut services = BTreeMap::new();
            for name in SERVICES {
                let path = root.join("facts").join(format!("{}.json", name.to_ascii_lowercase()));
                let overlay = root.join("overlays").join(format!("{}.json", name.to_ascii_lowercase()));
                services.insert(name.to_owned(), overlay::apply(facts::Service::read(&path)?, &overlay)?);
            }
            let directory = root.join("../cfn/src/generated");
            let mut stale = Vec::new();
            for (name, text) in generate::generate(&services)? {
                let path = directory.join(&name);
                if check {
                    if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                        stale.push(path.display().to_string());
                    }
                } else {
                    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
                }
            }
            if !stale.is_empty() {
                bail!("stale, run `cfn-codegen generate`: {}", stale.join(", "));
            }
        }
    }
    Ok(())
}
