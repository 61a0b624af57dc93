//! The facts that programs look up at run time, as static tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::facts::{Property, Replacement, Schema, Scrutiny, Service, TagShape};
use crate::names::snake;
use crate::{outlines, patterns};

/// The module of a service's tables, and `TYPES`, all its types sorted.
pub(super) fn write(name: &str, service: &Service) -> Result<String> {
    let mut out = format!("//! Facts of `AWS::{name}::*`\n\nuse super::*;\n");
    let mut all = String::new();
    for (resource_type, facts) in &service.types {
        let prefix = snake(resource_type.rsplit("::").next().unwrap_or_default()).to_ascii_uppercase();
        for (definition, properties) in &facts.definitions {
            let table = definition_name(&prefix, definition);
            writeln!(
                out,
                "static {table}: Definition = Definition {{ name: \"{definition}\", properties: {} }};",
                properties_table(&prefix, properties)?
            )?;
        }
        let tags = match &facts.tags {
            None => "None".to_owned(),
            Some(tags) => {
                let shape = match tags.shape {
                    TagShape::List => "List",
                    TagShape::Map => "Map",
                };
                format!("Some(Tags {{ property: \"{}\", shape: TagShape::{shape} }})", tags.property)
            }
        };
        let attributes: Vec<_> = facts.attributes.keys().map(|name| format!("{name:?}")).collect();
        let permissions: Vec<_> = (facts.permissions.iter())
            .map(|(action, handlers)| format!("A {{ action: {action:?}, handlers: {handlers:?} }}"))
            .collect();
        writeln!(
            out,
            "static {prefix}: ResourceType = ResourceType {{ name: \"{resource_type}\", scrutiny: {}, tags: {tags}, attributes: &[{}], permissions: &[{}], properties: {} }};",
            scrutiny(facts.scrutiny),
            attributes.join(", "),
            permissions.join(", "),
            properties_table(&prefix, &facts.properties)?
        )?;
        writeln!(all, "    &{prefix},")?;
    }
    writeln!(out, "\npub(super) static TYPES: &[&ResourceType] = &[\n{all}];")?;
    Ok(out)
}

/// The list of services, and the stateful types of all of them.
pub(super) fn write_index(modules: &BTreeMap<String, String>, stateful: &BTreeSet<String>) -> Result<String> {
    let mut out = String::from("//! Facts of all services.\n\n");
    for module in modules.values() {
        writeln!(out, "#[cfg(feature = \"{}\")]\nmod {module};", module.replace('_', "-"))?;
    }
    out.push_str("mod outlines;\n\npub(crate) use outlines::OUTLINES;\n");
    out.push_str("\n#[allow(unused_imports, reason = \"without the feature of a service there is no table\")]");
    out.push_str("\nuse crate::model::{Definition, Kind as K, Permission as A, Property as P, Replacement as R, ResourceType, Rule as U, Schema as S, Scrutiny as Y, TagShape, Tags};\n");
    out.push_str(
        "\n/// Service, and its types sorted by name.\npub(crate) static SERVICES: &[(&str, &[&ResourceType])] = &[\n",
    );
    for (service, module) in modules {
        writeln!(out, "    #[cfg(feature = \"{}\")]\n    (\"{service}\", {module}::TYPES),", module.replace('_', "-"))?;
    }
    out.push_str("];\n\n/// Types that hold data, sorted.\npub(crate) static STATEFUL: &[&str] = &[\n");
    for name in stateful {
        writeln!(out, "    \"{name}\",")?;
    }
    out.push_str("];\n");
    Ok(out)
}

/// The outlines of all types without a table, sorted.
pub(super) fn write_outlines(table: &str) -> Result<String> {
    let mut out = String::from(
        "//! Outlines of the types of all other services.\n\n\
         use crate::model::Replacement::{Maybe as M, No as N, Yes as Y};\n\
         use crate::outline::{Outline as O, Outlined as P};\n\n\
         pub(crate) static OUTLINES: &[O] = &[\n",
    );
    for (name, properties) in outlines::read(table)? {
        writeln!(out, "    O {{ name: \"{name}\", properties: &[")?;
        for property in properties {
            let replacement = match property.replacement {
                Replacement::No => "N",
                Replacement::Maybe => "M",
                Replacement::Yes => "Y",
            };
            let write_only = property.write_only;
            writeln!(
                out,
                "        P {{ path: \"{}\", replacement: {replacement}, write_only: {write_only} }},",
                property.path
            )?;
        }
        out.push_str("    ] },\n");
    }
    out.push_str("];\n");
    Ok(out)
}

fn definition_name(prefix: &str, definition: &str) -> String {
    format!("{prefix}__{}", snake(definition).to_ascii_uppercase())
}

fn properties_table(prefix: &str, properties: &BTreeMap<String, Property>) -> Result<String> {
    if properties.is_empty() {
        return Ok("&[]".to_owned());
    }
    let mut out = String::from("&[\n");
    for (name, property) in properties {
        let replacement = match property.replacement {
            Replacement::No => "No",
            Replacement::Maybe => "Maybe",
            Replacement::Yes => "Yes",
        };
        writeln!(
            out,
            "    P {{ name: \"{name}\", schema: {}, required: {}, replacement: R::{replacement}, write_only: {}, scrutiny: {} }},",
            schema(prefix, &property.schema)?,
            property.required,
            property.write_only,
            scrutiny(property.scrutiny)
        )?;
    }
    out.push(']');
    Ok(out)
}

fn scrutiny(facts: Option<Scrutiny>) -> String {
    facts.map_or_else(|| "None".to_owned(), |scrutiny| format!("Some(Y::{scrutiny:?})"))
}

fn schema(prefix: &str, facts: &Schema) -> Result<String> {
    let item = || match &facts.items {
        Some(item) => schema(prefix, item),
        None => Ok("S { kind: K::Json, rules: &[] }".to_owned()),
    };
    let kind = match (facts.definition(), facts.kind.as_str()) {
        (Some(definition), _) => format!("K::Object(&{})", definition_name(prefix, definition)),
        (_, "string") => "K::String".to_owned(),
        (_, "integer" | "integer|string") => "K::Integer".to_owned(),
        (_, "number" | "number|string") => "K::Number".to_owned(),
        (_, "boolean" | "boolean|string") => "K::Boolean".to_owned(),
        (_, "timestamp") => "K::Timestamp".to_owned(),
        (_, "tag") => "K::Tag".to_owned(),
        (_, "json" | "json|string") => "K::Json".to_owned(),
        (_, "list") => format!("K::List(&{})", item()?),
        (_, "map") => format!("K::Map(&{})", item()?),
        (_, other) => bail!("no table for the type {other}"),
    };
    Ok(format!("S {{ kind: {kind}, rules: &[{}] }}", rules(facts).join(", ")))
}

fn rules(facts: &Schema) -> Vec<String> {
    let mut rules = Vec::new();
    if let Some(pattern) = facts.pattern.as_deref().and_then(patterns::for_engine) {
        rules.push(format!("U::Pattern({pattern:?})"));
    }
    let counts = [
        ("MinLength", facts.min_length),
        ("MaxLength", facts.max_length),
        ("MinItems", facts.min_items),
        ("MaxItems", facts.max_items),
    ];
    rules.extend(counts.iter().filter_map(|(name, count)| count.map(|count| format!("U::{name}({count})"))));
    for (name, limit) in [("Minimum", &facts.minimum), ("Maximum", &facts.maximum)] {
        if let Some(limit) = limit.as_ref().and_then(serde_json::Number::as_f64) {
            rules.push(format!("U::{name}({limit:?})"));
        }
    }
    if !facts.values.is_empty() {
        let name = if facts.any_case { "ValuesInAnyCase" } else { "Values" };
        let values: Vec<_> = facts.values.iter().map(|value| format!("{value:?}")).collect();
        rules.push(format!("U::{name}(&[{}])", values.join(", ")));
    }
    rules
}
