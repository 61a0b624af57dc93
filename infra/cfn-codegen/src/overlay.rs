//! Our own overlays: JSON merge patches (RFC 7396) on a service's facts, each with its reason.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::facts::{ResourceType, Service};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    reason: String,
    patch: Value,
}

/// Applies the file's patches to the facts, in order; no file, no change.
///
/// # Errors
/// A patch without a reason, one that breaks the form of the facts, and one that changes nothing because the sources have caught up with it.
pub fn apply(service: Service, file: &Path) -> Result<Service> {
    let Ok(text) = std::fs::read_to_string(file) else { return Ok(service) };
    apply_text(service, &text).with_context(|| file.display().to_string())
}

fn apply_text(service: Service, text: &str) -> Result<Service> {
    let overlays: Vec<Overlay> = serde_json::from_str(text)?;
    let mut types = serde_json::to_value(&service.types)?;
    for Overlay { reason, patch } in overlays {
        if reason.trim().is_empty() {
            bail!("a patch has no reason: {patch}");
        }
        let before = types.clone();
        merge(&mut types, patch);
        if types == before {
            bail!("a patch changes nothing, remove it: {reason}");
        }
    }
    let types: BTreeMap<String, ResourceType> = serde_json::from_value(types)?;
    Ok(Service { types })
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        serde_json::from_str(r#"{"types": {"A::B::C": {"properties": {"Name": {"type": "string", "maxLength": 80}}}}}"#)
            .unwrap()
    }

    #[test]
    fn a_patch_adds_changes_and_removes() {
        let text = r#"[{"reason": "why", "patch": {"A::B::C": {"tags": {"property": "Tags", "shape": "list"}, "properties": {"Name": {"required": true, "maxLength": null}}}}}]"#;
        let patched = apply_text(service(), text).unwrap();
        let resource = &patched.types["A::B::C"];
        assert_eq!(resource.tags.as_ref().map(|tags| tags.property.as_str()), Some("Tags"));
        assert!(resource.properties["Name"].required);
        assert_eq!(resource.properties["Name"].schema.max_length, None);
    }

    #[test]
    fn a_patch_that_the_sources_caught_up_with_is_refused() {
        let text = r#"[{"reason": "why", "patch": {"A::B::C": {"properties": {"Name": {"maxLength": 80}}}}}]"#;
        let error = apply_text(service(), text).unwrap_err();
        assert_eq!(error.to_string(), "a patch changes nothing, remove it: why");
    }

    #[test]
    fn a_patch_needs_a_reason() {
        let text = r#"[{"reason": " ", "patch": {"A::B::C": null}}]"#;
        assert!(apply_text(service(), text).unwrap_err().to_string().starts_with("a patch has no reason"));
    }
}
