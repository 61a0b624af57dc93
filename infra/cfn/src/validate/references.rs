//! References: everything that is named exists, and has the requested attribute.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{Report, Subject, nearest};
use crate::template::ResourceEntry;
use crate::{Intrinsic, Json, Template};

const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Types whose attributes are defined by their author.
const OPEN_ATTRIBUTES: [&str; 3] = [
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Stack",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
];

/// What an intrinsic refers to.
pub(super) enum Reference<'a> {
    /// By `Ref` or `${Name}`.
    Name(Cow<'a, str>),
    Attribute(Cow<'a, str>, Cow<'a, str>),
    Condition(&'a str),
    Mapping(&'a str),
}

pub(super) fn check(template: &Template, report: &mut Report<'_>) {
    let known = Known::of(template);
    for entry in &template.resources {
        let subject = Subject { id: Some(&entry.id), kind: &entry.parts.resource_type };
        for (name, value) in entry.parts.properties.iter() {
            visit(value, name, &mut |path, reference| known.check(reference, subject, path, report));
        }
        for (name, value) in entry.parts.metadata.iter() {
            let path = format!("Metadata.{name}");
            visit(value, &path, &mut |path, reference| known.check(reference, subject, path, report));
        }
        for other in &entry.parts.depends_on {
            if !known.resources.contains_key(other.as_str()) {
                known.missing("resource", other.as_str(), subject, "DependsOn", report);
            }
        }
        if let Some(condition) = &entry.parts.condition {
            known.check(Reference::Condition(condition.as_str()), subject, "Condition", report);
        }
    }
    for (id, condition) in &template.conditions {
        let subject = Subject { id: Some(id), kind: "Condition" };
        visit(condition, "", &mut |path, reference| {
            if let Reference::Name(name) = &reference
                && known.resources.contains_key(name.as_ref())
            {
                let message = format!("a condition cannot see the resource `{name}`");
                report.add("condition-reference", subject, path, message, "use parameters and mappings");
            }
            known.check(reference, subject, path, report);
        });
    }
    for output in &template.outputs {
        let subject = Subject { id: Some(&output.id), kind: "Output" };
        visit(&output.value, "Value", &mut |path, reference| known.check(reference, subject, path, report));
        if let Some(name) = &output.export_name {
            visit(name, "Export.Name", &mut |path, reference| known.check(reference, subject, path, report));
        }
        if let Some(condition) = &output.condition {
            known.check(Reference::Condition(condition.as_str()), subject, "Condition", report);
        }
    }
}

/// Calls back with the path and each reference inside a value.
pub(super) fn visit<'a>(value: &'a Json, path: &str, found: &mut dyn FnMut(&str, Reference<'a>)) {
    match value {
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &format!("{path}[{index}]"), found);
            }
        }
        Json::Object(entries) => {
            for (key, entry) in entries {
                visit(entry, &format!("{path}.{key}"), found);
            }
        }
        Json::Intrinsic(intrinsic) => visit_intrinsic(intrinsic, path, found),
        _ => {}
    }
}

fn visit_intrinsic<'a>(intrinsic: &'a Intrinsic, path: &str, found: &mut dyn FnMut(&str, Reference<'a>)) {
    match intrinsic {
        Intrinsic::Ref(name) => found(path, Reference::Name(Cow::Borrowed(name))),
        Intrinsic::GetAtt(id, attribute) => {
            found(path, Reference::Attribute(Cow::Borrowed(id), Cow::Borrowed(attribute)));
        }
        Intrinsic::Sub(text, values) => {
            for name in names_in(text) {
                if values.iter().any(|(own, _)| own == name) {
                    continue;
                }
                found(
                    path,
                    match name.split_once('.') {
                        Some((id, attribute)) => Reference::Attribute(Cow::Borrowed(id), Cow::Borrowed(attribute)),
                        None => Reference::Name(Cow::Borrowed(name)),
                    },
                );
            }
            for (_, value) in values {
                visit(value, path, found);
            }
        }
        Intrinsic::If(condition, then, otherwise) => {
            found(path, Reference::Condition(condition));
            visit(then, path, found);
            visit(otherwise, path, found);
        }
        Intrinsic::Condition(condition) => found(path, Reference::Condition(condition)),
        Intrinsic::FindInMap(map, top, second) => {
            if let Some(map) = map.as_str() {
                found(path, Reference::Mapping(map));
            }
            for argument in [map, top, second] {
                visit(argument, path, found);
            }
        }
        Intrinsic::Join(_, argument)
        | Intrinsic::Split(_, argument)
        | Intrinsic::ImportValue(argument)
        | Intrinsic::Base64(argument)
        | Intrinsic::GetAZs(argument)
        | Intrinsic::Not(argument) => visit(argument, path, found),
        Intrinsic::Select(left, right) | Intrinsic::Equals(left, right) => {
            visit(left, path, found);
            visit(right, path, found);
        }
        Intrinsic::Cidr(block, count, bits) => {
            for argument in [block, count, bits] {
                visit(argument, path, found);
            }
        }
        Intrinsic::And(conditions) | Intrinsic::Or(conditions) => {
            for condition in conditions {
                visit(condition, path, found);
            }
        }
    }
}

/// The names in `${Name}`; `${!Literal}` is not one.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("${").skip(1);
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name.trim()).filter(|name| !name.starts_with('!'))
}

struct Known<'a> {
    resources: HashMap<&'a str, &'a ResourceEntry>,
    parameters: HashSet<&'a str>,
    conditions: HashSet<&'a str>,
    mappings: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(template: &'a Template) -> Self {
        Self {
            resources: template.resources.iter().map(|entry| (entry.id.as_str(), entry)).collect(),
            parameters: template.parameters.iter().map(|(id, _)| id.as_str()).collect(),
            conditions: template.conditions.iter().map(|(id, _)| id.as_str()).collect(),
            mappings: template.mappings.iter().map(|(id, _)| id.as_str()).collect(),
        }
    }

    fn check(&self, reference: Reference<'_>, subject: Subject<'_>, path: &str, report: &mut Report<'_>) {
        match reference {
            Reference::Name(name) => {
                let name = name.as_ref();
                let known = self.resources.contains_key(name)
                    || self.parameters.contains(name)
                    || PSEUDO_PARAMETERS.contains(&name);
                if !known {
                    self.missing("parameter or resource", name, subject, path, report);
                }
            }
            Reference::Attribute(id, attribute) => match self.resources.get(id.as_ref()) {
                None => self.missing("resource", &id, subject, path, report),
                Some(entry) => attribute_exists(entry, &attribute, subject, path, report),
            },
            Reference::Condition(name) if !self.conditions.contains(name) => {
                report.add(
                    "unknown-reference",
                    subject,
                    path,
                    format!("there is no condition `{name}`"),
                    "add it to the template",
                );
            }
            Reference::Mapping(name) if !self.mappings.contains(name) => {
                report.add(
                    "unknown-reference",
                    subject,
                    path,
                    format!("there is no mapping `{name}`"),
                    "add it to the template",
                );
            }
            Reference::Condition(_) | Reference::Mapping(_) => {}
        }
    }

    fn missing(&self, what: &str, name: &str, subject: Subject<'_>, path: &str, report: &mut Report<'_>) {
        let fix = match nearest(name, self.resources.keys().chain(self.parameters.iter()).copied()) {
            Some(near) => format!("did you mean `{near}`"),
            None => "add it to this template, or pass it in as a parameter".to_owned(),
        };
        report.add("unknown-reference", subject, path, format!("there is no {what} `{name}`"), fix);
    }
}

fn attribute_exists(entry: &ResourceEntry, attribute: &str, subject: Subject<'_>, path: &str, report: &mut Report<'_>) {
    let Some(known) = facts::resource_type(&entry.parts.resource_type) else { return };
    if OPEN_ATTRIBUTES.contains(&known.name) || known.attributes.contains(&attribute) || attribute.contains("${") {
        return;
    }
    let message = format!("`{}` ({}) has no attribute `{attribute}`", entry.id, known.name);
    let fix = match nearest(attribute, known.attributes.iter().copied()) {
        Some(near) => format!("did you mean `{near}`"),
        None => format!("it has {}", known.attributes.join(", ")),
    };
    report.add("unknown-attribute", subject, path, message, fix);
}
