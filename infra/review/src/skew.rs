//! What one stage has that another lacks, beyond what the stages' settings explain.

use template::{Entry, Node, Resource, Template, Value};

use crate::change::Skew;
use crate::compare;
use crate::pair::Pair;

/// Two stages to compare, such as `stg` and `prd`.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// The one that changes first and should have everything: `stg`.
    pub behind: String,
    /// The one that must have nothing in addition: `prd`.
    pub ahead: String,
    /// Differences explained by the stages' settings: exactly the [`differences`] between a stage's template and the one that the same code
    /// produces for that stage's name with the other's settings.
    pub explained: Vec<Explained>,
}

/// A place that may differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explained {
    pub stack: String,
    pub logical_id: String,
    /// The property or attribute, with everything below it; empty: the whole resource.
    pub path: String,
}

/// The places where two templates of one stack differ, for [`Stages::explained`].
pub fn differences(stack: &str, one: &Template, two: &Template) -> Vec<Explained> {
    let explained =
        |logical_id: &str, path: String| Explained { stack: stack.to_owned(), logical_id: logical_id.to_owned(), path };
    let mut found = Vec::new();
    for resource in one.resources() {
        match two.resource(&resource.logical_id) {
            None => found.push(explained(&resource.logical_id, String::new())),
            Some(other) => found.extend(
                compare::differences(resource, other)
                    .into_iter()
                    .map(|change| explained(&resource.logical_id, change.path)),
            ),
        }
    }
    found.extend(
        two.resources()
            .iter()
            .filter(|resource| one.resource(&resource.logical_id).is_none())
            .map(|resource| explained(&resource.logical_id, String::new())),
    );
    found
}

/// What the stage ahead has that the stage behind lacks, in the templates after the change: stacks, resources, properties.
pub(crate) fn find(pairs: &[Pair], stages: &Stages) -> Vec<Skew> {
    let of = |stage: &str| {
        pairs
            .iter()
            .filter(move |pair| pair.stage.as_deref() == Some(stage))
            .filter_map(|pair| Some((&pair.stack, pair.after.as_ref()?)))
            .collect::<Vec<_>>()
    };
    let (behind, ahead) = (of(&stages.behind), of(&stages.ahead));
    let mut found = Vec::new();
    for (stack, template) in ahead {
        let skew = |logical_id: &str, resource_type: &str, path: &str, values: [Option<String>; 2]| {
            let [behind_value, ahead_value] = values;
            Skew {
                behind: stages.behind.clone(),
                ahead: stages.ahead.clone(),
                stack: stack.clone(),
                logical_id: logical_id.to_owned(),
                resource_type: resource_type.to_owned(),
                path: path.to_owned(),
                behind_value,
                ahead_value,
            }
        };
        let is_explained = |logical_id: &str, path: &str| {
            stages
                .explained
                .iter()
                .any(|each| each.stack == *stack && each.logical_id == logical_id && is_at_or_above(&each.path, path))
        };
        let Some((_, other)) = behind.iter().find(|(name, _)| *name == stack) else {
            found.push(skew("", "", "", [None, Some(stack.clone())]));
            continue;
        };
        for resource in template.resources() {
            let (id, kind) = (resource.logical_id.as_str(), resource.resource_type.as_str());
            let Some(twin) = other.resource(id) else {
                if !is_explained(id, "") {
                    found.push(skew(id, kind, "", [None, Some(kind.to_owned())]));
                }
                continue;
            };
            let (twin, resource) = (without_stage(twin, &stages.behind), without_stage(resource, &stages.ahead));
            for change in compare::differences(&twin, &resource) {
                if change.after.is_some() && !is_explained(id, &change.path) {
                    found.push(skew(id, kind, &change.path, [change.before, change.after]));
                }
            }
        }
    }
    found
}

fn is_at_or_above(explained: &str, path: &str) -> bool {
    path.strip_prefix(explained)
        .is_some_and(|rest| explained.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The resource with the stage's name, where it is a word of its own, replaced by a placeholder.
fn without_stage(resource: &Resource, stage: &str) -> Resource {
    let node = replace(&resource.node, stage);
    resource.with(node)
}

fn replace(node: &Node, stage: &str) -> Node {
    let value = match &node.value {
        Value::String(text) if text.contains(stage) => Value::String(without_word(text, stage)),
        Value::List(items) => Value::List(items.iter().map(|item| replace(item, stage)).collect()),
        Value::Map(entries) => Value::Map(
            entries.iter().map(|entry| Entry { value: replace(&entry.value, stage), ..entry.clone() }).collect(),
        ),
        other => other.clone(),
    };
    Node::new(value, node.at)
}

fn without_word(text: &str, word: &str) -> String {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(word).filter(|_| !word.is_empty()) {
        let (head, tail) = (&rest[..start], &rest[start + word.len()..]);
        let before = head.chars().next_back().or_else(|| out.chars().next_back());
        out.push_str(head);
        out.push_str(if is_letter(before) || is_letter(tail.chars().next()) { word } else { "{stage}" });
        rest = tail;
    }
    out.push_str(rest);
    out
}
