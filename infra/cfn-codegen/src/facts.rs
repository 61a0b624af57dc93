//! The facts about resource types, one file per service: what both sources say, without their prose.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// `AWS::SQS::Queue` .. of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub types: BTreeMap<String, ResourceType>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceType {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrutiny: Option<Scrutiny>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Schema>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Property>,
    /// Nested types by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, BTreeMap<String, Property>>,
    /// What IAM has to allow CloudFormation: actions, and the letters of the handlers that call them: [`crate::permissions`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tags {
    pub property: String,
    pub shape: TagShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagShape {
    List,
    Map,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Property {
    #[serde(flatten)]
    pub schema: Schema,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Replacement::is_no")]
    pub replacement: Replacement,
    #[serde(default, rename = "writeOnly", skip_serializing_if = "std::ops::Not::not")]
    pub write_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrutiny: Option<Scrutiny>,
}

/// Why a change needs a security review.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Scrutiny {
    IdentityPolicy,
    ManagedPolicies,
    ResourcePolicy,
    IngressRules,
    EgressRules,
    LambdaPermission,
}

/// Whether a change creates a new resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replacement {
    #[default]
    No,
    Maybe,
    Yes,
}

impl Replacement {
    fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// A type: `string integer number boolean json timestamp tag list map`, two of them with a bar between, or the name of a definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The known values, sorted.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The known values are case-insensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_case: bool,
}

impl Schema {
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// The definition that it names, if it names one.
    pub fn definition(&self) -> Option<&str> {
        self.kind.starts_with(|c: char| c.is_ascii_uppercase()).then_some(self.kind.as_str())
    }
}

impl Service {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no facts file", path.display()))
    }

    /// JSON with one property per line, so that a change to one property is a change to one line.
    pub fn to_text(&self) -> Result<String> {
        let mut out = String::from("{\"types\": {\n");
        let mut types = self.types.iter().peekable();
        while let Some((name, kind)) = types.next() {
            let end = if types.peek().is_some() { "," } else { "" };
            let mut parts = Vec::new();
            if let Some(scrutiny) = &kind.scrutiny {
                parts.push(format!("  \"scrutiny\": {}", serde_json::to_string(scrutiny)?));
            }
            if let Some(tags) = &kind.tags {
                parts.push(format!("  \"tags\": {}", serde_json::to_string(tags)?));
            }
            if !kind.attributes.is_empty() {
                parts.push(format!("  \"attributes\": {}", lines(&kind.attributes, 4)?));
            }
            if !kind.properties.is_empty() {
                parts.push(format!("  \"properties\": {}", lines(&kind.properties, 4)?));
            }
            if !kind.definitions.is_empty() {
                let definitions = kind.definitions.iter();
                let definitions: Vec<_> = definitions
                    .map(|(name, all)| Ok(format!("    \"{name}\": {}", lines(all, 6)?)))
                    .collect::<Result<_>>()?;
                parts.push(format!("  \"definitions\": {{\n{}\n  }}", definitions.join(",\n")));
            }
            if !kind.permissions.is_empty() {
                parts.push(format!("  \"permissions\": {}", serde_json::to_string(&kind.permissions)?));
            }
            match parts.is_empty() {
                true => writeln!(out, "\"{name}\": {{}}{end}")?,
                false => writeln!(out, "\"{name}\": {{\n{}\n}}{end}", parts.join(",\n"))?,
            }
        }
        out.push_str("}}\n");
        Ok(out)
    }
}

fn lines<T: Serialize>(entries: &BTreeMap<String, T>, indent: usize) -> Result<String> {
    let pad = " ".repeat(indent);
    let entries = entries.iter().map(|(name, entry)| Ok(format!("{pad}\"{name}\": {}", serde_json::to_string(entry)?)));
    let entries: Vec<_> = entries.collect::<Result<_>>()?;
    Ok(match entries.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{\n{}\n{}}}", entries.join(",\n"), " ".repeat(indent - 2)),
    })
}
