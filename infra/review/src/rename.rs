//! A logical id that vanished and a new one with the same content: to CloudFormation one resource deleted and another created.

use std::collections::BTreeSet;

use template::{Entry, Node, Resource, Template, Value};

use crate::change::{Action, Change};
use crate::compare;

/// The share of properties that must be equal, in percent.
const ALIKE: usize = 75;

/// Marks pairs of removed and added resources whose content is the same, or nearly so.
pub(crate) fn find(before: &Template, after: &Template, changes: &mut [Change]) {
    let ids = |action| {
        changes
            .iter()
            .filter(|change| change.action == action)
            .map(|change| change.logical_id.clone())
            .collect::<Vec<_>>()
    };
    let (removed, added) = (ids(Action::Remove), ids(Action::Add));
    let moved: BTreeSet<&str> = removed.iter().chain(&added).map(String::as_str).collect();
    let mut pairs: Vec<(usize, &str, &str)> = Vec::new();
    for old in removed.iter().filter_map(|id| before.resource(id)) {
        let old_shape = blank(&old.properties, &moved);
        for new in added.iter().filter_map(|id| after.resource(id)).filter(|new| new.resource_type == old.resource_type)
        {
            let score = alike(&old_shape, &blank(&new.properties, &moved), old, new);
            if score >= ALIKE {
                pairs.push((score, &old.logical_id, &new.logical_id));
            }
        }
    }
    // The best pairs first; among equals, the first in the template.
    pairs.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for (_, old, new) in pairs {
        if taken.contains(old) || taken.contains(new) {
            continue;
        }
        taken.extend([old, new]);
        for change in changes.iter_mut() {
            if change.logical_id == old && change.action == Action::Remove {
                change.renamed_to = Some(new.to_owned());
            } else if change.logical_id == new && change.action == Action::Add {
                change.renamed_from = Some(old.to_owned());
            }
        }
    }
}

/// How much of two resources is the same, in percent of their properties.
fn alike(old_shape: &Node, new_shape: &Node, old: &Resource, new: &Resource) -> usize {
    let keys: BTreeSet<&str> = [old_shape, new_shape]
        .iter()
        .flat_map(|node| node.entries())
        .map(|entry| entry.key.as_str())
        .filter(|key| *key != "Tags")
        .collect();
    if keys.is_empty() {
        // Nothing to compare: only identical in every respect counts.
        let same = |name: &str| compare::is_same(old.attribute(name), new.attribute(name));
        return if same("DeletionPolicy") && same("Metadata") && same("DependsOn") { 100 } else { 0 };
    }
    let same = keys.iter().filter(|key| compare::is_same(old_shape.get(key), new_shape.get(key))).count();
    same * 100 / keys.len()
}

/// The properties with references to removed and added resources made equal.
fn blank(node: &Node, moved: &BTreeSet<&str>) -> Node {
    let is_moved = |name: Option<&str>| name.is_some_and(|name| moved.contains(name));
    let placeholder = || Node::string("(moved)", node.at);
    if is_moved(node.as_ref_name()) {
        return Node::single("Ref", placeholder());
    }
    if let Some((resource, attribute)) = node.as_get_att()
        && is_moved(Some(resource))
    {
        return Node::single("Fn::GetAtt", Node::string(format!("(moved).{attribute}"), node.at));
    }
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|item| blank(item, moved)).collect()),
        Value::Map(entries) => Value::Map(
            entries.iter().map(|entry| Entry { value: blank(&entry.value, moved), ..entry.clone() }).collect(),
        ),
        other => other.clone(),
    };
    Node::new(value, node.at)
}
