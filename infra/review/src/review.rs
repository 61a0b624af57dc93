//! From pairs of templates to a verdict: compares, follows replacements, applies the rules, sorts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use template::path::segments;
use template::{Entry, Node, Position, Resource, Template, Value};

use crate::change::{
    Action, Category, Cause, Change, Finding, MASK, PropertyChange, Replacement, Review, SectionChange, Severity,
};
use crate::pair::Pair;
use crate::policy::Evidence;
use crate::rules::{self, Context};
use crate::skew::{self, Stages};
use crate::{acknowledge, compare, fold, propagate, rename};

/// What a review needs besides the templates.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// Year, month, day in UTC: acknowledgements expire. Year 0: none does.
    pub today: (i32, u8, u8),
    /// Rules that are switched off, by id.
    pub without: &'a [&'a str],
    /// By stack and logical id, what a change set said: it knows the deployed state and takes precedence over the templates. A stack that
    /// is not in here is judged by its templates alone.
    pub observed: BTreeMap<String, BTreeMap<String, Observed>>,
    /// Stages to compare with each other; see [`Review::skew`].
    pub stages: Vec<Stages>,
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
    /// It is next to `Properties`.
    pub attribute: bool,
    pub before: Option<String>,
    pub after: Option<String>,
    pub replacement: Replacement,
}

/// Judges what changes between the templates of each pair.
pub fn review(pairs: &[Pair], options: &Options<'_>) -> Review {
    let mut review = Review::default();
    for pair in pairs.iter().filter(|pair| options.observed.contains_key(&pair.stack) || pair.before != pair.after) {
        stack(pair, options, &mut review);
        let beside = sections(pair).into_iter().map(|mut change| {
            change.findings = rules::sections::findings(&change, pair, pairs, options.without);
            let place = change.place();
            acknowledge::apply(&place, &mut change.findings, pair.before.as_ref(), pair.after.as_ref(), options.today);
            change
        });
        review.sections.extend(beside);
    }
    review.skew = options.stages.iter().flat_map(|stages| skew::find(pairs, stages)).collect();
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
    let raw = Sides { before: pair.before.as_ref(), after: pair.after.as_ref() };
    let folded = raw.before.zip(raw.after).and_then(|(before, after)| fold::changed(before, after));
    let mut sides = raw;
    if let Some(folded) = &folded {
        sides = Sides { before: Some(&folded.before), after: Some(&folded.after) };
    }
    let flipped = raw.flipped();
    let without = |template: Option<&Template>, holds: bool| {
        let template = template.filter(|_| !flipped.is_empty())?;
        let is_there = |resource: &&Resource| flipped.get(&resource.logical_id) != Some(&holds);
        Some(template.with(template.root().clone(), template.resources().iter().filter(is_there).cloned().collect()))
    };
    let (before, after) = (without(sides.before, true), without(sides.after, false));
    sides = Sides { before: before.as_ref().or(sides.before), after: after.as_ref().or(sides.after) };

    let mut changes = resources(pair, sides);
    for change in &mut changes {
        if let Some(holds) = flipped.get(&change.logical_id) {
            let reason = format!("its condition is now {holds}");
            change.replaced_by.push(Cause {
                path: "Condition".to_owned(),
                logical_id: None,
                replacement: Replacement::No,
                reason,
            });
        }
        if let Some(folded) = &folded {
            explain(change, raw, &folded.because);
        }
    }
    if let Some(after) = sides.after {
        propagate::follow(after, &mut changes, |logical_id| {
            let resource = after.resource(logical_id)?;
            Some(begin(pair, resource, Action::Modify, Vec::new()))
        });
    }
    if let (Some(before), Some(after)) = (sides.before, sides.after) {
        rename::find(before, after, &mut changes);
    }
    if let Some(observed) = options.observed.get(&pair.stack) {
        observe(pair, observed, &mut changes);
    }
    let evidence = Evidence::of(sides.before, sides.after);
    let mut found = judged(&changes, sides, &evidence, options);
    // What a default or a mapping resolves to may be dangerous where its name is not.
    let is_changed = |resource: &&Resource| changes.iter().any(|change| change.logical_id == resource.logical_id);
    if let Some(after) = sides.after.and_then(|after| fold::resolved(after, is_changed)) {
        let before = sides.before.map(|before| fold::resolved(before, |_| true).unwrap_or_else(|| before.clone()));
        let sides = Sides { before: before.as_ref(), after: Some(&after) };
        let more = judged(&changes, sides, &Evidence::of(sides.before, sides.after), options);
        for (found, more) in found.iter_mut().zip(more) {
            let is_known = |one: &Finding| found.iter().any(|other| other.rule == one.rule && other.path == one.path);
            let news: Vec<Finding> =
                more.into_iter().filter(|one| one.severity == Severity::Danger && !is_known(one)).collect();
            found.extend(news);
        }
    }
    for (change, findings) in changes.iter_mut().zip(found) {
        change.findings = findings;
        acknowledge::apply(&change.logical_id, &mut change.findings, raw.before, raw.after, options.today);
        change
            .findings
            .sort_by_key(|finding| (Reverse(finding.is_dangerous()), Reverse(finding.severity), finding.category));
    }
    review.changes.extend(changes);
    review.permissions.extend(evidence.permission_changes(pair));
    review.ingress.extend(evidence.ingress_changes(pair));
}

/// What the rules say about each change.
fn judged(
    changes: &[Change],
    Sides { before, after }: Sides<'_>,
    evidence: &Evidence,
    options: &Options<'_>,
) -> Vec<Vec<Finding>> {
    let of = |change: &Change| {
        let (old, new) = (find(before, &change.logical_id), find(after, &change.logical_id));
        let Some(rule) = rules::RULES.first() else { return Vec::new() };
        let leaves = &rules::Leaves::of(old, new);
        rules::findings(&Context { rule, change, changes, old, new, before, after, evidence, leaves }, options.without)
    };
    changes.iter().map(of).collect()
}

/// The templates of a stack before and after.
#[derive(Clone, Copy)]
struct Sides<'a> {
    before: Option<&'a Template>,
    after: Option<&'a Template>,
}

impl Sides<'_> {
    /// Resources on both sides whose condition is true on only one of them, and whether it is true now.
    fn flipped(&self) -> BTreeMap<String, bool> {
        let Some((before, after)) = self.before.zip(self.after) else { return BTreeMap::new() };
        let flip = |new: &Resource| {
            let was = fold::has(before, before.resource(&new.logical_id)?)?;
            let is = fold::has(after, new)?;
            (was != is).then(|| (new.logical_id.clone(), is))
        };
        after.resources().iter().filter_map(flip).collect()
    }
}

fn find<'a>(template: Option<&'a Template>, logical_id: &str) -> Option<&'a Resource> {
    template.and_then(|template| template.resource(logical_id))
}

fn resources(pair: &Pair, Sides { before, after }: Sides<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for new in after.map_or(&[][..], Template::resources) {
        match find(before, &new.logical_id) {
            None => changes.push(begin(pair, new, Action::Add, Vec::new())),
            Some(old) => {
                let properties = compare::differences(old, new);
                if !properties.is_empty() {
                    changes.push(begin(pair, new, Action::Modify, properties));
                }
            }
        }
    }
    for old in before.map_or(&[][..], Template::resources) {
        if find(after, &old.logical_id).is_none() {
            changes.push(begin(pair, old, Action::Remove, Vec::new()));
        }
    }
    changes
}

fn begin(pair: &Pair, resource: &Resource, action: Action, properties: Vec<PropertyChange>) -> Change {
    Change {
        stage: pair.stage.clone(),
        stack: pair.stack.clone(),
        logical_id: resource.logical_id.clone(),
        resource_type: resource.resource_type.clone(),
        action,
        replacement: properties.iter().map(|property| property.replacement).max().unwrap_or(Replacement::No),
        replaced_by: causes(&resource.resource_type, &properties),
        properties,
        findings: Vec::new(),
        renamed_from: None,
        renamed_to: None,
    }
}

fn causes(resource_type: &str, properties: &[PropertyChange]) -> Vec<Cause> {
    let has_facts = facts::is_known(resource_type);
    let cause = |property: &PropertyChange| Cause {
        path: property.path.clone(),
        logical_id: None,
        replacement: property.replacement,
        reason: match property.replacement {
            Replacement::Yes => format!("a new {} makes a new resource", property.path),
            _ if has_facts => format!("a new {} may make a new resource", property.path),
            _ => format!("no facts about {resource_type}: a new {} may make a new resource", property.path),
        },
    };
    properties.iter().filter(|property| property.replacement != Replacement::No).map(cause).collect()
}

/// Says for properties whose text is unchanged why their value changes.
fn explain(change: &mut Change, raw: Sides<'_>, because: &BTreeMap<String, String>) {
    let (Some(old), Some(new)) = (find(raw.before, &change.logical_id), find(raw.after, &change.logical_id)) else {
        return;
    };
    for property in &mut change.properties {
        let (old, new) = if property.attribute { (&old.node, &new.node) } else { (&old.properties, &new.properties) };
        let (old, new) = (deepest(old, &property.path), deepest(new, &property.path));
        if compare::is_same(Some(old), Some(new)) {
            property.because = mentioned(new, because);
        }
    }
}

/// The node at a path, or the last one on the way there.
fn deepest<'a>(node: &'a Node, path: &str) -> &'a Node {
    let mut found = node;
    for segment in segments(path) {
        let next = match segment.parse::<usize>() {
            Ok(index) if found.as_list().is_some() => found.items().get(index),
            _ => found.get(&segment),
        };
        match next {
            Some(next) => found = next,
            None => break,
        }
    }
    found
}

fn mentioned(node: &Node, because: &BTreeMap<String, String>) -> Option<String> {
    if let Some((_, name)) = node.references().into_iter().find(|(_, name)| because.contains_key(name)) {
        return because.get(&name).cloned();
    }
    match &node.value {
        Value::String(text) => because.get(text).cloned(),
        Value::List(items) => items.iter().find_map(|item| mentioned(item, because)),
        Value::Map(entries) => entries.iter().find_map(|entry| mentioned(&entry.value, because)),
        _ => None,
    }
}

/// Gives the change set precedence: it knows what is deployed.
fn observe(pair: &Pair, observed: &BTreeMap<String, Observed>, changes: &mut Vec<Change>) {
    for (logical_id, seen) in observed {
        if !changes.iter().any(|change| change.logical_id == *logical_id) {
            changes.push(Change {
                stage: pair.stage.clone(),
                stack: pair.stack.clone(),
                logical_id: logical_id.clone(),
                resource_type: seen.resource_type.clone(),
                action: seen.action,
                replacement: seen.replacement,
                replaced_by: Vec::new(),
                properties: Vec::new(),
                findings: Vec::new(),
                renamed_from: None,
                renamed_to: None,
            });
        }
    }
    for change in changes {
        let Some(seen) = observed.get(&change.logical_id) else {
            // Not in the change set: CloudFormation does nothing with it, for example with metadata only.
            change.replacement = Replacement::No;
            change.replaced_by.retain(|cause| cause.replacement == Replacement::No);
            continue;
        };
        change.action = seen.action;
        for property in &seen.properties {
            let write_only = !property.attribute && compare::facts_at(&change.resource_type, &property.path).1;
            let show = |value: &Option<String>| {
                let show = |value: &String| match property.attribute {
                    true => value.clone(),
                    false => compare::shown_text(&change.resource_type, &property.path, value),
                };
                value.as_ref().map(show)
            };
            let found = PropertyChange {
                path: property.path.clone(),
                attribute: property.attribute,
                before: show(&property.before),
                after: show(&property.after),
                replacement: property.replacement,
                write_only,
                because: None,
            };
            match change
                .properties
                .iter_mut()
                .find(|known| known.path == found.path && known.attribute == found.attribute)
            {
                Some(known) => {
                    let values = [found.before.or(known.before.take()), found.after.or(known.after.take())];
                    let [before, after] = values;
                    *known = PropertyChange { before, after, because: known.because.take(), ..found };
                }
                None => change.properties.push(found),
            }
        }
        change.replacement = seen.replacement;
        change.replaced_by.retain(|cause| cause.logical_id.is_some());
        for cause in &mut change.replaced_by {
            cause.replacement = cause.replacement.min(seen.replacement);
        }
        let known: Vec<_> = change.properties.iter().filter(|property| property.because.is_none()).cloned().collect();
        let own = causes(&change.resource_type, &known)
            .into_iter()
            .map(|cause| Cause { replacement: cause.replacement.min(seen.replacement), ..cause });
        change.replaced_by.splice(0..0, own.filter(|cause| cause.replacement != Replacement::No));
    }
}

/// Sections whose entries are compared one by one.
const NAMED: &[&str] = &["Parameters", "Mappings", "Conditions", "Outputs", "Rules", "Hooks", "Metadata"];

fn sections(pair: &Pair) -> Vec<SectionChange> {
    let mut found = Vec::new();
    let empty = Node::new(Value::Map(Vec::new()), Position::default());
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
                before: old.map(shown),
                after: new.map(shown),
                findings: Vec::new(),
            });
        }
    }
    found
}

/// For people; the default of a `NoEcho` parameter is masked.
fn shown(node: &Node) -> String {
    if node.get("NoEcho").and_then(Node::as_bool) != Some(true) {
        return node.render();
    }
    let entries = node.entries().iter().map(|entry| match entry.key.as_str() {
        "Default" => Entry { value: Node::string(MASK, entry.value.at), ..entry.clone() },
        _ => entry.clone(),
    });
    Node::new(Value::Map(entries.collect()), node.at).render()
}

/// The keys of both maps, those of the new one first, with their values.
fn entries<'a>(before: &'a Node, after: &'a Node) -> Vec<(String, Option<&'a Node>, Option<&'a Node>)> {
    let gone = before.entries().iter().filter(|entry| after.get(&entry.key).is_none());
    let there = after.entries().iter().map(|entry| (entry.key.clone(), before.get(&entry.key), Some(&entry.value)));
    there.chain(gone.map(|entry| (entry.key.clone(), Some(&entry.value), None))).collect()
}
