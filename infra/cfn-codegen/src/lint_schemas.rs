//! Reads cfn-lint's resource schemas and adds what they know (patterns, lengths, ranges, counts, values, write-only,
//! permissions) to the specification's types.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::facts::{Property, Replacement, ResourceType, Schema};
use crate::permissions;

/// Which schema belongs to which type; from the region with the most types.
const INDEX: &str = "cfnlint/data/schemas/providers/us-east-1.json";

/// The schemas inside the wheel.
pub struct Schemas {
    archive: zip::ZipArchive<Cursor<Vec<u8>>>,
    index: Map<String, Value>,
}

impl Schemas {
    pub fn open(wheel: Vec<u8>) -> Result<Self> {
        let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).context("the cfn-lint package is no wheel")?;
        let index = serde_json::from_str(&member(&mut archive, INDEX)?)?;
        Ok(Self { archive, index })
    }

    /// The schema of a type, if there is one.
    pub fn get(&mut self, resource_type: &str) -> Result<Option<Value>> {
        let Some(name) = self.index.get(resource_type).and_then(Value::as_str) else { return Ok(None) };
        let path = format!("cfnlint/data/schemas/resources/{}.json", name.trim_end_matches(".json"));
        Ok(Some(serde_json::from_str(&member(&mut self.archive, &path)?)?))
    }
}

fn member(archive: &mut zip::ZipArchive<Cursor<Vec<u8>>>, path: &str) -> Result<String> {
    let mut text = String::new();
    let mut file = archive.by_name(path).with_context(|| format!("the cfn-lint package has no {path}"))?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Applies a schema to a type.
pub fn overlay(resource: &mut ResourceType, schema: &Value) {
    let mut overlay = Overlay { root: schema, seen: BTreeSet::new() };
    resource.permissions = permissions::of_schema(schema);
    let ResourceType { properties, definitions, .. } = resource;
    for (name, property) in properties.iter_mut() {
        if let Some(found) = schema.get("properties").and_then(|all| all.get(name)) {
            overlay.apply(&mut property.schema, found, definitions);
        }
    }
    for path in strings(schema.get("writeOnlyProperties")) {
        mark(resource, &path, |property| property.write_only = true);
    }
    for (key, word) in
        [("createOnlyProperties", Replacement::Yes), ("conditionalCreateOnlyProperties", Replacement::Maybe)]
    {
        for path in strings(schema.get(key)) {
            // The specification takes precedence where it says anything.
            mark(resource, &path, |property| {
                if property.replacement == Replacement::No {
                    property.replacement = word;
                }
            });
        }
    }
}

type Definitions = std::collections::BTreeMap<String, std::collections::BTreeMap<String, Property>>;

struct Overlay<'a> {
    root: &'a Value,
    seen: BTreeSet<String>,
}

impl<'a> Overlay<'a> {
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..8 {
            let Some(pointer) = schema.get("$ref").and_then(Value::as_str) else { break };
            let Some(target) = self.root.pointer(pointer.trim_start_matches('#')) else { break };
            schema = target;
        }
        schema
    }

    fn apply(&mut self, ours: &mut Schema, theirs: &'a Value, definitions: &mut Definitions) {
        let theirs = self.resolve(theirs);
        match ours.kind.as_str() {
            "string" => self.string(ours, theirs),
            "integer" | "number" => {
                ours.minimum = theirs.get("minimum").and_then(Value::as_number).cloned();
                ours.maximum = theirs.get("maximum").and_then(Value::as_number).cloned();
            }
            "list" => {
                ours.min_items = theirs.get("minItems").and_then(Value::as_u64).filter(|count| *count > 0);
                ours.max_items = theirs.get("maxItems").and_then(Value::as_u64);
                if let (Some(item), Some(schema)) = (&mut ours.items, theirs.get("items")) {
                    self.apply(item, schema, definitions);
                }
            }
            "map" => {
                let patterns = theirs.get("patternProperties").and_then(Value::as_object);
                let schema = patterns.and_then(|patterns| patterns.values().next());
                let schema = schema.or_else(|| theirs.get("additionalProperties").filter(|schema| schema.is_object()));
                if let (Some(item), Some(schema)) = (&mut ours.items, schema) {
                    self.apply(item, schema, definitions);
                }
            }
            _ => self.definition(ours, theirs, definitions),
        }
    }

    fn definition(&mut self, ours: &Schema, theirs: &'a Value, definitions: &mut Definitions) {
        let Some(name) = ours.definition().map(ToOwned::to_owned) else { return };
        if !self.seen.insert(name.clone()) {
            return;
        }
        // Removed meanwhile, as a definition may contain itself.
        let Some(mut properties) = definitions.remove(&name) else { return };
        for (property_name, property) in &mut properties {
            if let Some(schema) = find_property(theirs, property_name) {
                self.apply(&mut property.schema, schema, definitions);
            }
        }
        definitions.insert(name, properties);
    }

    fn string(&self, ours: &mut Schema, theirs: &Value) {
        if theirs.get("type").is_some_and(|kind| kind.as_str() != Some("string")) {
            return;
        }
        ours.pattern = theirs.get("pattern").and_then(Value::as_str).map(ToOwned::to_owned);
        ours.min_length = theirs.get("minLength").and_then(Value::as_u64).filter(|length| *length > 0);
        ours.max_length = theirs.get("maxLength").and_then(Value::as_u64);
        ours.values.extend(strings(theirs.get("enum")));
        let any_case = strings(theirs.get("enumCaseInsensitive"));
        ours.any_case = !any_case.is_empty();
        ours.values.extend(any_case);
        ours.values.sort();
        ours.values.dedup();
    }
}

/// A property of an object, or of one of its variants.
fn find_property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    if let Some(found) = schema.get("properties").and_then(|all| all.get(name)) {
        return Some(found);
    }
    let mut variants = ["oneOf", "anyOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
    variants.find_map(|variant| variant.get("properties")?.get(name))
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}

/// Changes the property at `/properties/A/B` (lists are passed through, also by `*`).
fn mark(resource: &mut ResourceType, path: &str, change: impl FnOnce(&mut Property)) {
    let names: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "properties" | "*" | "items")).collect();
    let Some((last, parents)) = names.split_last() else { return };
    let mut definition: Option<String> = None;
    for name in parents {
        let Some(property) = properties(resource, definition.as_deref()).and_then(|all| all.get(*name)) else { return };
        let mut schema = &property.schema;
        while let Some(item) = &schema.items {
            schema = item;
        }
        let Some(name) = schema.definition() else { return };
        definition = Some(name.to_owned());
    }
    if let Some(property) = properties(resource, definition.as_deref()).and_then(|all| all.get_mut(*last)) {
        change(property);
    }
}

fn properties<'a>(
    resource: &'a mut ResourceType,
    definition: Option<&str>,
) -> Option<&'a mut std::collections::BTreeMap<String, Property>> {
    match definition {
        None => Some(&mut resource.properties),
        Some(name) => resource.definitions.get_mut(name),
    }
}
