//! What an import changed: types and properties added, removed, changed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::facts::{ResourceType, Service};

/// One line for each change, in the order of the names.
pub fn changes(before: &BTreeMap<String, Service>, after: &BTreeMap<String, Service>) -> Result<Vec<String>> {
    let (before, after) = (types(before), types(after));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut out = Vec::new();
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) => {
                let (before, after) = (facts(before)?, facts(after)?);
                for fact in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                    match (before.get(fact), after.get(fact)) {
                        (Some(before), Some(after)) if before != after => {
                            out.push(format!("~ {name} {fact}: {before} -> {after}"));
                        }
                        (None, Some(after)) => out.push(format!("+ {name} {fact}: {after}")),
                        (Some(_), None) => out.push(format!("- {name} {fact}")),
                        _ => {}
                    }
                }
            }
            (None, _) => out.push(format!("+ {name}")),
            (_, None) => out.push(format!("- {name}")),
        }
    }
    Ok(out)
}

fn types(services: &BTreeMap<String, Service>) -> BTreeMap<&str, &ResourceType> {
    services.values().flat_map(|service| &service.types).map(|(name, facts)| (name.as_str(), facts)).collect()
}

/// Everything known about a type, by its path.
fn facts(resource: &ResourceType) -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    if let Some(scrutiny) = &resource.scrutiny {
        out.insert("scrutiny".to_owned(), serde_json::to_string(scrutiny)?);
    }
    if let Some(tags) = &resource.tags {
        out.insert("tags".to_owned(), serde_json::to_string(tags)?);
    }
    for (name, attribute) in &resource.attributes {
        out.insert(format!("attribute {name}"), serde_json::to_string(attribute)?);
    }
    for (action, handlers) in &resource.permissions {
        out.insert(format!("permission {action}"), handlers.clone());
    }
    for (name, property) in &resource.properties {
        out.insert(name.clone(), serde_json::to_string(property)?);
    }
    for (definition, properties) in &resource.definitions {
        for (name, property) in properties {
            out.insert(format!("{definition}.{name}"), serde_json::to_string(property)?);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(text: &str) -> BTreeMap<String, Service> {
        BTreeMap::from([("B".to_owned(), serde_json::from_str(text).unwrap())])
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let before = services(
            r#"{"types": {"A::B::Gone": {}, "A::B::Kept": {"properties": {"Old": {"type": "string"}, "Size": {"type": "integer"}}}}}"#,
        );
        let after = services(
            r#"{"types": {"A::B::Kept": {"properties": {"New": {"type": "string"}, "Size": {"type": "integer", "maximum": 9}}}, "A::B::New": {}}}"#,
        );
        assert_eq!(
            changes(&before, &after).unwrap(),
            [
                "- A::B::Gone",
                r#"+ A::B::Kept New: {"type":"string"}"#,
                "- A::B::Kept Old",
                r#"~ A::B::Kept Size: {"type":"integer"} -> {"type":"integer","maximum":9}"#,
                "+ A::B::New",
            ]
        );
    }
}
