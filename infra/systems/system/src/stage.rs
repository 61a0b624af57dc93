//! A stage: what differs between local, dev, stg and prd and is the same for all systems. Owns the shape of
//! `environments/<stage>/stage.toml`.

use std::fmt;

use cfn::Value;
use constructs::{Architecture, LONGEST_ADDRESS_RETENTION, Metric, RETENTION_DAYS, RemovalPolicy, RustFunction, Stack};

use crate::{Alarms, Section};

/// What all systems of a stage share.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub name: StageName,
    pub protection: Safeguards,
    /// Whether one client outside the VPC may be admitted to databases (parameter `AllowedIp`).
    pub public_access: bool,
    pub functions: Functions,
    /// How long the access logs of HTTP APIs are kept, in days; they have the callers' addresses.
    pub access_log_retention_days: u32,
    pub alarms: Alarms,
    /// Tags in addition to `Stage` and `Application`, in key order.
    pub tags: Vec<(String, String)>,
    /// The policy that bounds what the roles of its stacks may do; [`crate::Configured::permissions_boundary`] of one of its systems.
    pub permissions_boundary: Option<Value<String>>,
}

/// The stages that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageName {
    Local,
    Dev,
    Stg,
    Prd,
}

impl StageName {
    pub const ALL: [StageName; 4] = [Self::Local, Self::Dev, Self::Stg, Self::Prd];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Dev => "dev",
            Self::Stg => "stg",
            Self::Prd => "prd",
        }
    }

    /// The stage of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What protects the deployed stacks from accidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safeguards {
    /// CloudFormation refuses to delete the stacks.
    pub termination: bool,
    /// Updates must not replace or delete what holds data.
    pub stack_policy: bool,
}

/// What all functions share.
#[derive(Debug, Clone, PartialEq)]
pub struct Functions {
    pub architecture: Architecture,
    pub log_retention_days: u32,
}

impl Stage {
    /// The name of its settings file.
    pub const FILE: &str = "stage.toml";

    /// Reads `stage.toml`.
    pub fn read(name: StageName, mut root: Section<'_>) -> Self {
        let protection = read_protection(root.section("protection"));
        let stage = Self {
            name,
            protection,
            public_access: read_network(root.section("network")),
            functions: read_functions(root.section("functions")),
            access_log_retention_days: read_access_logs(root.section("apis")),
            alarms: Alarms::read(root.section("alarms"), protection.termination),
            tags: read_tags(root.section("tags")),
            permissions_boundary: None,
        };
        root.refuse_unknown_keys();
        stage
    }

    /// Starts a stack of this stage: named `<name>-<stage>`, tagged, and protected as the stage says. `application` is the system's name.
    pub fn stack(&self, name: &'static str, application: &str) -> Stack {
        Stack::new(name, self.name.as_str(), application, &self.tags)
            .protected(self.protection.termination, self.protection.stack_policy)
            .permissions_boundary(self.permissions_boundary.clone())
    }

    /// Whether people rely on the stage, so that nobody deletes its stacks by accident.
    pub fn is_protected(&self) -> bool {
        self.protection.termination
    }

    /// What becomes of data whose stack is deleted: it stays where people rely on it.
    pub fn removal_policy(&self) -> RemovalPolicy {
        if self.is_protected() { RemovalPolicy::Retain } else { RemovalPolicy::Destroy }
    }

    /// A count that a function reports itself, with the dimensions of every metric that a function writes.
    pub fn metric(&self, namespace: &'static str, function: &RustFunction, name: &'static str) -> Metric {
        let dimensions = vec![
            (contract::metric::STAGE, self.name.to_string()),
            (contract::metric::FUNCTION, function.id().to_string()),
        ];
        Metric::count(namespace, name, dimensions)
    }
}

fn read_protection(mut section: Section<'_>) -> Safeguards {
    let safeguards =
        Safeguards { termination: section.flag("termination"), stack_policy: section.flag("stack_policy") };
    section.refuse_unknown_keys();
    safeguards
}

fn read_network(mut section: Section<'_>) -> bool {
    let public_access = section.flag("public_access");
    section.refuse_unknown_keys();
    public_access
}

fn read_functions(mut section: Section<'_>) -> Functions {
    let architectures = [("arm64", Architecture::Arm64), ("x86_64", Architecture::X86_64)];
    let log_retention_days = read_retention(&mut section, "log_retention_days", 3653);
    let functions = Functions { architecture: section.one_of("architecture", &architectures), log_retention_days };
    section.refuse_unknown_keys();
    functions
}

fn read_access_logs(mut section: Section<'_>) -> u32 {
    let days = read_retention(&mut section, "access_log_retention_days", LONGEST_ADDRESS_RETENTION);
    section.refuse_unknown_keys();
    days
}

fn read_retention(section: &mut Section<'_>, key: &'static str, longest: u32) -> u32 {
    let days = section.whole(key, 1..=longest, "days");
    if !RETENTION_DAYS.contains(&days) {
        section.fault(key, format!("{days} is not what CloudWatch Logs knows: one of {RETENTION_DAYS:?}"));
    }
    days
}

/// Limits: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
fn read_tags(section: Section<'_>) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    for (key, value) in section.entries() {
        match value {
            _ if key == "Stage" || key == "Application" => section.fault(key, "is set by the stacks; leave it out"),
            _ if key.starts_with("aws:") || key.is_empty() || key.len() > 128 => {
                section.fault(key, "is not a tag key: 1 to 128 characters that do not start with \"aws:\"");
            }
            toml::Value::String(text) if !text.is_empty() && text.len() <= 256 => {
                tags.push((key.clone(), text.clone()));
            }
            other => section.fault(key, format!("{other} is not a text of 1 to 256 characters")),
        }
    }
    tags
}
