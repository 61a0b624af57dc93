//! The published JSON of a review; its schema is `schema/review.schema.json`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::change::{Action, Change, Replacement, Review};

/// Version of the schema: incremented when a field changes its meaning or is removed, not when one is added.
const SCHEMA: u32 = 1;

impl Review {
    /// The review as the published schema describes it.
    pub fn to_json(&self) -> Value {
        let count = |wanted: &dyn Fn(&Change) -> bool| self.changes.iter().filter(|change| wanted(change)).count();
        let is_replaced = |change: &Change| change.action == Action::Modify && change.replacement != Replacement::No;
        json!({
            "schema": SCHEMA,
            "dangerous": self.is_dangerous(),
            "summary": {
                "add": count(&|change| change.action == Action::Add),
                "modify": count(&|change| change.action == Action::Modify && !is_replaced(change)),
                "replace": count(&is_replaced),
                "remove": count(&|change| change.action == Action::Remove),
                "dangerous": count(&Change::is_dangerous),
                "accepted": count(&|change| change.findings.iter().any(|finding| finding.accepted.is_some())),
                "sections": self.sections.len(),
                "skew": self.skew.len(),
            },
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
            "sections": value(&self.sections),
            "skew": value(&self.skew),
            "permissions": value(&self.permissions),
            "ingress": value(&self.ingress),
        })
    }
}

fn change(change: &Change) -> Value {
    json!({
        "stage": change.stage,
        "stack": change.stack,
        "logical_id": change.logical_id,
        "resource_type": change.resource_type,
        "action": value(&change.action),
        "replacement": value(&change.replacement),
        "categories": value(&change.categories()),
        "reason": change.reason(),
        "dangerous": change.is_dangerous(),
        "findings": value(&change.findings),
        "properties": value(&change.properties),
        "replaced_by": value(&change.replaced_by),
        "renamed_from": change.renamed_from,
        "renamed_to": change.renamed_to,
    })
}

/// Plain structs and enums: they always have a JSON form.
fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
