//! Facts from the two packages: the specification first, cfn-lint's knowledge on top.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::facts::{Property, Schema, Service};
use crate::{lint_schemas, outlines, patterns, service_spec};

/// The result of an import.
pub struct Import {
    /// By the service's name, such as `SQS`.
    pub services: BTreeMap<String, Service>,
    /// What a change to a property does, for the types of all other services: see [`outlines::table`].
    pub outlines: String,
    /// Types of all services that hold data.
    pub stateful: BTreeSet<String>,
}

/// The facts of these services.
pub fn import(service_spec: &[u8], cfn_lint: Vec<u8>, services: &BTreeSet<String>) -> Result<Import> {
    let mut schemas = lint_schemas::Schemas::open(cfn_lint)?;
    let specification = service_spec::read(service_spec, services)?;
    let mut out: BTreeMap<String, Service> = BTreeMap::new();
    for (name, mut resource) in specification.types {
        if let Some(schema) = schemas.get(&name)? {
            lint_schemas::overlay(&mut resource, &schema);
        }
        let service = name.split("::").nth(1).unwrap_or_default().to_owned();
        out.entry(service).or_default().types.insert(name, resource);
    }
    let mut others = specification.others;
    for (name, resource) in &mut others {
        if let Some(schema) = schemas.get(name)? {
            lint_schemas::overlay(resource, &schema);
        }
    }
    Ok(Import { services: out, outlines: outlines::table(&others), stateful: specification.stateful })
}

/// Patterns that cannot be checked, as `type property: pattern`.
pub fn unchecked_patterns(services: &BTreeMap<String, Service>) -> Vec<String> {
    let mut out = Vec::new();
    for (name, facts) in services.values().flat_map(|service| &service.types) {
        let nested = facts.definitions.iter().map(|(definition, properties)| (format!("{definition}."), properties));
        for (prefix, properties) in std::iter::once((String::new(), &facts.properties)).chain(nested) {
            for (property, Property { schema, .. }) in properties {
                for pattern in patterns_of(schema).filter(|pattern| patterns::for_engine(pattern).is_none()) {
                    out.push(format!("{name} {prefix}{property}: {pattern}"));
                }
            }
        }
    }
    out
}

fn patterns_of(schema: &Schema) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(schema), |schema| schema.items.as_deref()).filter_map(|schema| schema.pattern.as_deref())
}
