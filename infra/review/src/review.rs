//! Pairs of templates to a verdict: compares, follows replacements, asks the rules, sorts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::change::{Action, Category, Cause, Change, PropertyChange, Replacement, Review, SectionChange, Severity};
use crate::compare;
use crate::node::Node;
use crate::rules::{self, Context};
use crate::template::{Resource, Template};

/// The two states of one stack on one stage.
#[derive(Clone, Debug)]
pub struct Pair {
    pub stage: Option<String>,
    pub stack: String,
    /// `None`: the stack is new.
    pub before: Option<Template>,
    /// `None`: the stack is gone.
    pub after: Option<Template>,
}

/// What a review needs to know besides the templates.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// Year, month, day in UTC: acknowledgements expire. Year 0: none has.
    pub today: (i32, u8, u8),
    /// Rules that are not asked, by id.
    pub without: &'a [&'a str],
    /// By stack and logical id, what a change set said: it knows the deployed state and overrides what the templates tell. A stack that
    /// is not in here is judged by its templates alone.
    pub observed: BTreeMap<String, BTreeMap<String, Observed>>,
}

/// What a change set said about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub resource_type: String,
    pub action: Action,
    pub replacement: Replacement,
    pub properties: Vec<ObservedProperty>,
}

/// What a change set said about one property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedProperty {
    /// As this crate writes paths: below `Properties`, dots between keys, `[0]` for items.
    pub path: String,
    /// It stands beside `Properties`.
    pub attribute: bool,
    pub before: Option<String>,
    pub after: Option<String>,
    pub replacement: Replacement,
}

/// Judges what changes between the templates of each pair.
pub fn review(pairs: &[Pair], options: &Options<'_>) -> Review {
    let mut review = Review::default();
    for pair in pairs {
        stack(pair, options, &mut review);
    }
    review.changes.sort_by_cached_key(|change| {
        let dangers = change.findings.iter().filter(|finding| finding.is_dangerous()).count();
        let worst: Option<Category> =
            change.findings.iter().filter(|finding| finding.is_dangerous()).map(|finding| finding.category).min();
        let weight = (change.action == Action::Remove, change.replacement, change.action == Action::Modify);
        let place = (change.stage.clone(), change.stack.clone(), change.logical_id.clone());
        (Reverse(worst.map(Reverse)), Reverse(dangers), Reverse(weight), place)
    });
    review
}

fn stack(pair: &Pair, options: &Options<'_>, review: &mut Review) {
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    let mut changes = resources(pair, before, after);
    let found: Vec<_> = changes
        .iter()
        .map(|change| {
            let (old, new) = (find(before, &change.logical_id), find(after, &change.logical_id));
            let Some(rule) = rules::RULES.first() else { return Vec::new() };
            rules::findings(&Context { rule, change, changes: &changes, old, new, before, after }, options.without)
        })
        .collect();
    for (change, mut findings) in changes.iter_mut().zip(found) {
        findings.sort_by_key(|finding| (Reverse(finding.severity == Severity::Danger), finding.category));
        change.findings = findings;
    }
    review.changes.extend(changes);
    sections(pair, &mut review.sections);
}

fn find<'a>(template: Option<&'a Template>, logical_id: &str) -> Option<&'a Resource> {
    template.and_then(|template| template.resource(logical_id))
}

fn resources(pair: &Pair, before: Option<&Template>, after: Option<&Template>) -> Vec<Change> {
    let mut changes = Vec::new();
    for new in after.map_or(&[][..], Template::resources) {
        match find(before, &new.logical_id) {
            None => changes.push(change(pair, new, Action::Add, Vec::new())),
            Some(old) => {
                let properties = compare::differences(old, new);
                if !properties.is_empty() {
                    changes.push(change(pair, new, Action::Modify, properties));
                }
            }
        }
    }
    for old in before.map_or(&[][..], Template::resources) {
        if find(after, &old.logical_id).is_none() {
            changes.push(change(pair, old, Action::Remove, Vec::new()));
        }
    }
    changes
}

fn change(pair: &Pair, resource: &Resource, action: Action, properties: Vec<PropertyChange>) -> Change {
    let has_facts = cfn::facts::resource_type(&resource.resource_type).is_some();
    let causes = properties.iter().filter(|property| property.replacement != Replacement::No).map(|property| Cause {
        path: property.path.clone(),
        logical_id: None,
        replacement: property.replacement,
        reason: match property.replacement {
            Replacement::Yes => format!("a new {} makes a new resource", property.path),
            _ if has_facts => format!("a new {} may make a new resource", property.path),
            _ => format!("no facts about {}: {} may make a new resource", resource.resource_type, property.path),
        },
    });
    Change {
        stage: pair.stage.clone(),
        stack: pair.stack.clone(),
        logical_id: resource.logical_id.clone(),
        resource_type: resource.resource_type.clone(),
        action,
        replacement: properties.iter().map(|property| property.replacement).max().unwrap_or(Replacement::No),
        replaced_by: causes.collect(),
        properties,
        findings: Vec::new(),
        renamed_from: None,
        renamed_to: None,
    }
}

/// Sections whose entries are compared one by one.
const NAMED: &[&str] = &["Parameters", "Mappings", "Conditions", "Outputs", "Rules", "Hooks", "Metadata"];

fn sections(pair: &Pair, found: &mut Vec<SectionChange>) {
    let empty = Node::new(crate::node::Value::Map(Vec::new()), Default::default());
    let root = |template: &Option<Template>| {
        template.as_ref().map_or_else(|| empty.clone(), |template| template.root().clone())
    };
    let (before, after) = (root(&pair.before), root(&pair.after));
    for (section, old, new) in entries(&before, &after) {
        let is_named = NAMED.contains(&section.as_str());
        let whole = [(String::new(), old, new)];
        let parts =
            if is_named { entries(old.unwrap_or(&empty), new.unwrap_or(&empty)) } else { whole.into_iter().collect() };
        for (name, old, new) in parts.into_iter().filter(|(_, old, new)| !compare::is_same(*old, *new)) {
            let action = match (old, new) {
                (None, _) => Action::Add,
                (_, None) => Action::Remove,
                _ => Action::Modify,
            };
            found.push(SectionChange {
                stage: pair.stage.clone(),
                stack: pair.stack.clone(),
                section: section.clone(),
                name,
                action,
                before: old.map(Node::render),
                after: new.map(Node::render),
            });
        }
    }
}

/// The keys of both maps, those of the new one first, with their values.
fn entries<'a>(before: &'a Node, after: &'a Node) -> Vec<(String, Option<&'a Node>, Option<&'a Node>)> {
    let gone = before.entries().iter().filter(|entry| after.get(&entry.key).is_none());
    let there = after.entries().iter().map(|entry| (entry.key.clone(), before.get(&entry.key), Some(&entry.value)));
    there.chain(gone.map(|entry| (entry.key.clone(), Some(&entry.value), None))).collect()
}
