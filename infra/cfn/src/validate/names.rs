//! Logical ids and the limits of a template.

use std::collections::HashMap;

use super::{Report, Subject};
use crate::{LogicalId, Template};

/// CloudFormation's quotas for one template.
const MOST: [(&str, usize); 4] = [("parameters", 200), ("mappings", 200), ("resources", 500), ("outputs", 200)];

pub(super) fn check(template: &Template, report: &mut Report<'_>) {
    let parameters = || template.parameters.iter().map(|(id, _)| (id, "Parameter"));
    let resources = || template.resources.iter().map(|entry| (&entry.id, entry.parts.resource_type.as_ref()));
    // Parameters and resources share one namespace: `Ref` refers to both.
    unique(parameters().chain(resources()), report);
    unique(template.mappings.iter().map(|(id, _)| (id, "Mapping")), report);
    unique(template.conditions.iter().map(|(id, _)| (id, "Condition")), report);
    unique(template.outputs.iter().map(|output| (&output.id, "Output")), report);

    let counts = [template.parameters.len(), template.mappings.len(), template.resources.len(), template.outputs.len()];
    for ((what, most), count) in MOST.into_iter().zip(counts) {
        if count > most {
            let message = format!("{count} {what} are more than {most}");
            report.add("limit", Subject::TEMPLATE, "", message, "split the stack");
        }
    }
    if template.resources.is_empty() {
        report.add("limit", Subject::TEMPLATE, "", "there are no resources", "add one");
    }
    if let Some(length) = template.description.as_ref().map(String::len).filter(|length| *length > 1024) {
        report.add(
            "limit",
            Subject::TEMPLATE,
            "Description",
            format!("{length} bytes are more than 1024"),
            "shorten it",
        );
    }
}

fn unique<'a>(ids: impl Iterator<Item = (&'a LogicalId, &'a str)>, report: &mut Report<'_>) {
    let mut seen: HashMap<&LogicalId, &str> = HashMap::new();
    for (id, kind) in ids {
        let subject = Subject { id: Some(id), kind };
        if !id.is_valid() {
            let message = format!("`{id}` is no logical id");
            report.add("logical-id", subject, "", message, "use 1 to 255 ASCII letters and digits");
        }
        if let Some(first) = seen.insert(id, kind) {
            report.add(
                "duplicate-id",
                subject,
                "",
                format!("the id is taken by another one ({first})"),
                "choose another id",
            );
        }
    }
}
