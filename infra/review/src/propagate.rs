//! A replaced resource has a new identity: follows that through `Ref`, `Fn::GetAtt` and `Fn::Sub`, on to the resources it replaces in turn.

use template::Template;

use crate::change::{Action, Cause, Change, PropertyChange, Replacement};
use crate::compare;

/// Adds to `changes` what changes because something else is replaced. `make` begins the change of an unchanged resource.
pub(crate) fn follow(after: &Template, changes: &mut Vec<Change>, make: impl Fn(&str) -> Option<Change>) {
    let references: Vec<(&str, Vec<(String, String)>)> = after
        .resources()
        .iter()
        .map(|resource| (resource.logical_id.as_str(), resource.properties.references()))
        .filter(|(_, references)| !references.is_empty())
        .collect();
    let mut queue: Vec<String> =
        changes.iter().filter(|change| is_cause(change)).map(|change| change.logical_id.clone()).collect();
    let mut seen = 0;
    while let Some(replaced) = queue.get(seen).cloned() {
        seen += 1;
        let certainty = changes
            .iter()
            .find(|change| change.logical_id == replaced)
            .map_or(Replacement::Maybe, |change| change.replacement);
        for (logical_id, references) in references.iter().filter(|(logical_id, _)| *logical_id != replaced) {
            for (path, _) in references.iter().filter(|(_, target)| *target == replaced) {
                let place = match changes.iter().position(|change| change.logical_id == *logical_id) {
                    Some(place) => place,
                    None => match make(logical_id) {
                        Some(change) => {
                            changes.push(change);
                            changes.len() - 1
                        }
                        None => continue,
                    },
                };
                let change = &mut changes[place];
                if change.action == Action::Modify
                    && touch(change, after, path, &replaced, certainty)
                    && is_cause(change)
                    && !queue.contains(&change.logical_id)
                {
                    queue.push(change.logical_id.clone());
                }
            }
        }
    }
}

/// What replaces it is known: a type without facts would make everything that refers to it a guess.
fn is_cause(change: &Change) -> bool {
    change.action == Action::Modify
        && match change.replacement {
            Replacement::Yes => true,
            Replacement::Maybe => facts::is_known(&change.resource_type),
            Replacement::No => false,
        }
}

/// Records that the value at `path` changes with the resource it refers to. Returns whether that is new.
fn touch(change: &mut Change, after: &Template, path: &str, replaced: &str, certainty: Replacement) -> bool {
    if change.replaced_by.iter().any(|cause| cause.path == path && cause.logical_id.as_deref() == Some(replaced)) {
        return false;
    }
    let Some(resource) = after.resource(&change.logical_id) else { return false };
    let (fact, write_only) = compare::facts_at(&resource.resource_type, path);
    // Whether the value really changes is known only when the replaced resource exists.
    let replacement = fact.min(Replacement::Maybe);
    let verb = if certainty == Replacement::Yes { "is" } else { "may be" };
    if !change.properties.iter().any(|property| !property.attribute && property.path == path) {
        let value = resource.property(path).map(|node| compare::shown(&resource.resource_type, path, node));
        change.properties.push(PropertyChange {
            path: path.to_owned(),
            attribute: false,
            before: value.clone(),
            after: value,
            replacement,
            write_only,
            because: Some(format!("`{replaced}` {verb} replaced")),
        });
    }
    let outcome = if replacement == Replacement::No { "" } else { ", which may replace this one too" };
    change.replaced_by.push(Cause {
        path: path.to_owned(),
        logical_id: Some(replaced.to_owned()),
        replacement,
        reason: format!("{path} changes because `{replaced}` {verb} replaced{outcome}"),
    });
    change.replacement = change.replacement.max(replacement);
    true
}
