//! Paths: facts, overlays and the lock next to this crate, generated sources in the facts and cfn crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::facts::Service;
use crate::generate::{BUILDERS, TABLES};
use crate::overlay;

/// The services of the default set, as resource types name them.
pub const SERVICES: [&str; 18] = [
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

/// The folder of this crate in the checkout.
pub struct Project {
    root: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatefulOverlay {
    #[expect(dead_code, reason = "for readers of the file; its absence is an error")]
    reason: String,
    types: BTreeSet<String>,
}

impl Project {
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("spec.lock")
    }

    /// The facts as they were imported. Services without a file are left out.
    pub fn facts(&self) -> Result<BTreeMap<String, Service>> {
        let present = SERVICES.iter().filter(|service| self.file("facts", service).exists());
        present.map(|service| Ok(((*service).to_owned(), Service::read(&self.file("facts", service))?))).collect()
    }

    /// The facts with our overlays applied.
    pub fn overlaid_facts(&self) -> Result<BTreeMap<String, Service>> {
        let services = self.facts()?.into_iter();
        services
            .map(|(name, service)| {
                let service = overlay::apply(service, &self.file("overlays", &name))?;
                Ok((name, service))
            })
            .collect()
    }

    /// The stateful types of the specification and of our overlay.
    pub fn stateful(&self) -> Result<BTreeSet<String>> {
        let mut types: BTreeSet<String> = read_json(&self.file("facts", "stateful"))?;
        let overlay: StatefulOverlay = read_json(&self.file("overlays", "stateful"))?;
        types.extend(overlay.types);
        Ok(types)
    }

    pub fn write_facts(&self, services: &BTreeMap<String, Service>, stateful: &BTreeSet<String>) -> Result<()> {
        for (name, service) in services {
            write(&self.file("facts", name), &service.to_text()?)?;
        }
        write(&self.file("facts", "stateful"), &format!("{}\n", serde_json::to_string_pretty(stateful)?))
    }

    /// The outlines of the types of all other services.
    pub fn outlines(&self) -> Result<String> {
        let path = self.outlines_file();
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    pub fn write_outlines(&self, table: &str) -> Result<()> {
        write(&self.outlines_file(), table)
    }

    /// Writes the generated files, by their paths below `infra`, and removes obsolete ones.
    pub fn write_sources(&self, sources: &BTreeMap<String, String>) -> Result<()> {
        for (path, text) in sources {
            write(&self.infra().join(path), text)?;
        }
        for path in self.leftovers(sources)? {
            std::fs::remove_file(self.infra().join(path))?;
        }
        Ok(())
    }

    /// The generated files whose bytes differ, and those that are missing.
    pub fn stale_sources(&self, sources: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let is_fresh =
            |path: &str, text: &str| std::fs::read(self.infra().join(path)).is_ok_and(|bytes| bytes == text.as_bytes());
        let mut stale: Vec<String> =
            sources.iter().filter(|(path, text)| !is_fresh(path, text)).map(|(path, _)| path.clone()).collect();
        stale.extend(self.leftovers(sources)?);
        Ok(stale.into_iter().map(|path| format!("infra/{path}")).collect())
    }

    fn leftovers(&self, sources: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let mut out = Vec::new();
        for folder in [BUILDERS, TABLES] {
            let Ok(entries) = std::fs::read_dir(self.infra().join(folder)) else { continue };
            for entry in entries {
                let entry = entry?;
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_file() && !sources.contains_key(&path) {
                    out.push(path);
                }
            }
        }
        out.sort();
        Ok(out)
    }

    fn infra(&self) -> PathBuf {
        self.root.join("..")
    }

    fn outlines_file(&self) -> PathBuf {
        self.root.join("facts/outlines.txt")
    }

    fn file(&self, folder: &str, name: &str) -> PathBuf {
        self.root.join(folder).join(format!("{}.json", name.to_ascii_lowercase()))
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} has another form", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
