//! What a stack consists of, and what differs between two of them.

use deploy::{ChangeAction, PropertyDetail, Replacement, ResourceChange};
use serde_json::Value;

pub(crate) const NESTED: &str = "AWS::CloudFormation::Stack";

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Content {
    pub(crate) body: String,
    pub(crate) template: Value,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
}

impl Content {
    pub(crate) fn of(body: &str) -> Self {
        Self { body: body.to_owned(), template: serde_json::from_str(body).unwrap(), ..Self::default() }
    }

    /// Logical ids with their types, in the order of their names.
    pub(crate) fn resources(&self) -> Vec<(String, String)> {
        let resources = self.template["Resources"].as_object().into_iter().flatten();
        resources.map(|(id, resource)| (id.clone(), resource["Type"].as_str().unwrap().to_owned())).collect()
    }

    pub(crate) fn outputs(&self) -> Vec<(String, String)> {
        let outputs = self.template["Outputs"].as_object().into_iter().flatten();
        outputs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }

    pub(crate) fn keeps(&self, id: &str) -> bool {
        matches!(self.template["Resources"][id]["DeletionPolicy"].as_str(), Some("Retain" | "Snapshot"))
    }

    /// The name that the template gives a resource.
    pub(crate) fn name(&self, id: &str) -> Option<String> {
        self.template["Resources"][id]["Properties"]["Name"].as_str().map(str::to_owned)
    }

    pub(crate) fn nested(&self, id: &str) -> Option<Self> {
        let template = &self.template["Resources"][id]["Properties"]["Template"];
        template.is_object().then(|| Self { template: template.clone(), ..Self::default() })
    }

    /// What changes from `self`, when there is one, to `new`.
    pub(crate) fn changes(old: Option<&Self>, new: &Self) -> Vec<ResourceChange> {
        let none = Self::default();
        let old = old.unwrap_or(&none);
        let mut changes = Vec::new();
        for (id, kind) in new.resources() {
            let (before, after) = (&old.template["Resources"][&id], &new.template["Resources"][&id]);
            let change = ResourceChange { logical_id: id.clone(), resource_type: kind, ..ResourceChange::default() };
            if before.is_null() {
                changes.push(ResourceChange { action: ChangeAction::Add, ..change });
                continue;
            }
            let value = |side: &Value, name: &str| side["Properties"].get(name).map(std::string::ToString::to_string);
            let names = [before, after].into_iter().filter_map(|side| side["Properties"].as_object());
            let mut names: Vec<&String> = names.flat_map(|properties| properties.keys()).collect();
            names.sort();
            names.dedup();
            let lent = names.iter().filter_map(|name| {
                let lender = after["Properties"][*name]["Ref"].as_str()?;
                let is_touched = old.template["Resources"][lender] != new.template["Resources"][lender];
                is_touched.then(|| PropertyDetail {
                    attribute: "Properties".to_owned(),
                    path: Some((*name).clone()),
                    requires_recreation: recreation(name).to_owned(),
                    evaluation: "Dynamic".to_owned(),
                    change_source: Some("ResourceReference".to_owned()),
                    causing_entity: Some(lender.to_owned()),
                    ..PropertyDetail::default()
                })
            });
            let lent: Vec<PropertyDetail> = lent.collect();
            let details: Vec<PropertyDetail> = (names.into_iter())
                .filter(|name| value(before, name) != value(after, name))
                .map(|name| PropertyDetail {
                    attribute: "Properties".to_owned(),
                    path: Some(name.clone()),
                    before: value(before, name),
                    after: value(after, name),
                    requires_recreation: recreation(name).to_owned(),
                    ..PropertyDetail::default()
                })
                .chain(lent)
                .collect();
            if details.is_empty() {
                continue;
            }
            let replacement = match () {
                () if details.iter().any(|detail| detail.requires_recreation == "Always") => Replacement::Yes,
                () if details.iter().any(|detail| detail.requires_recreation == "Conditionally") => {
                    Replacement::Conditional
                }
                () => Replacement::No,
            };
            let replaces = replacement != Replacement::No;
            let kept = after["UpdateReplacePolicy"] == "Retain";
            let policy = if kept { "ReplaceAndRetain" } else { "ReplaceAndDelete" };
            changes.push(ResourceChange {
                physical_id: Some(format!("{id}-1")),
                replacement,
                policy_action: replaces.then(|| policy.to_owned()),
                details,
                ..change
            });
        }
        for (id, kind) in old.resources() {
            if new.template["Resources"][&id].is_null() {
                changes.push(ResourceChange {
                    action: ChangeAction::Remove,
                    policy_action: Some(if old.keeps(&id) { "Retain" } else { "Delete" }.to_owned()),
                    physical_id: Some(format!("{id}-1")),
                    logical_id: id,
                    resource_type: kind,
                    ..ResourceChange::default()
                });
            }
        }
        changes
    }
}

fn recreation(property: &str) -> &'static str {
    match property {
        "Name" => "Always",
        "Maybe" => "Conditionally",
        _ => "Never",
    }
}

/// Whether a stack policy denies taking this resource away.
pub(crate) fn denied(policy: Option<&str>, id: &str) -> bool {
    let Some(policy) = policy else { return false };
    let policy: Value = serde_json::from_str(policy).unwrap();
    let id = format!("LogicalResourceId/{id}");
    let lists = |value: &Value| value == "*" || value.as_array().is_some_and(|all| all.iter().any(|each| *each == *id));
    let applies = |statement: &&Value| match statement.get("NotResource") {
        Some(except) => !lists(except),
        None => lists(&statement["Resource"]),
    };
    let statements = || policy["Statement"].as_array().unwrap().iter().filter(applies);
    let effects: Vec<&str> = statements().map(|statement| statement["Effect"].as_str().unwrap()).collect();
    effects.contains(&"Deny") || !effects.contains(&"Allow")
}
