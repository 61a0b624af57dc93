//! Values of properties in every branch of their `Fn::If`, and whether one of them became weaker. Judges nothing by itself.

use template::{Node, Resource};

use super::Context;
use std::collections::BTreeSet;

/// The template's conditions under which a value applies.
pub(super) type Guards = BTreeSet<(String, bool)>;

/// One value that a property may have.
#[derive(Clone, Debug)]
pub(super) struct Possible<'a> {
    /// `None`: not set.
    pub(super) value: Option<&'a Node>,
    pub(super) guards: Guards,
}

/// A value that became worse.
#[derive(Clone, Debug)]
pub(super) struct Weaker {
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    guards: Guards,
}

impl Weaker {
    /// `was true, is now false`, and under which condition.
    pub(super) fn shift(&self) -> String {
        let mut text = match (&self.before, &self.after) {
            (Some(before), Some(after)) => format!("was {before}, is now {after}"),
            (Some(before), None) => format!("was {before}, is now not set"),
            (None, Some(after)) => format!("is {after}"),
            (None, None) => "is not set".to_owned(),
        };
        if let Some((condition, holds)) = self.guards.iter().next() {
            text.push_str(&format!(" where {condition} is {holds}"));
        }
        text
    }
}

/// The possible values of a property at a path of keys.
pub(super) fn possible<'a>(resource: Option<&'a Resource>, path: &str) -> Vec<Possible<'a>> {
    let Some(resource) = resource else { return Vec::new() };
    let mut found = vec![Possible { value: Some(&resource.properties), guards: Guards::new() }];
    for key in path.split('.') {
        found = found
            .into_iter()
            .flat_map(branches)
            .map(|each| Possible { value: each.value.and_then(|value| value.get(key)), guards: each.guards })
            .collect();
    }
    found.into_iter().flat_map(branches).collect()
}

/// The possible texts of a property, for those that are text or a function: `${Queue.Arn}`.
pub(super) fn texts(resource: Option<&Resource>, path: &str) -> Vec<String> {
    let values = possible(resource, path).into_iter().filter_map(|each| each.value);
    values.flat_map(Node::items).map(|value| crate::policy::text::text(&value.to_json())).collect()
}

/// The number that a property certainly is.
pub(super) fn number(resource: Option<&Resource>, path: &str) -> Option<f64> {
    match possible(resource, path).as_slice() {
        [only] => only.value?.as_f64(),
        _ => None,
    }
}

fn branches(each: Possible<'_>) -> Vec<Possible<'_>> {
    let Some(node) = each.value else { return vec![each] };
    match node.intrinsic() {
        Some(("Fn::If", argument)) => {
            let [condition, yes, no] = argument.items() else { return vec![each] };
            let name = condition.text().unwrap_or_default().into_owned();
            [(yes, true), (no, false)]
                .into_iter()
                .filter(|(_, holds)| !each.guards.contains(&(name.clone(), !holds)))
                .flat_map(|(branch, holds)| {
                    let mut guards = each.guards.clone();
                    guards.insert((name.clone(), holds));
                    branches(Possible { value: Some(branch), guards })
                })
                .collect()
        }
        Some(("Ref", name)) if name.as_str() == Some("AWS::NoValue") => {
            vec![Possible { value: None, guards: each.guards }]
        }
        _ => vec![each],
    }
}

/// The value is weak now, in some branch, where it was not. On a new resource: it is weak at all.
pub(super) fn weakened(context: &Context<'_>, path: &str, is_weak: impl Fn(Option<&Node>) -> bool) -> Option<Weaker> {
    context.new?;
    let old = possible(context.old, path);
    let weak = possible(context.new, path).into_iter().find(|new| {
        let was_weak = |old: &Possible<'_>| old.guards.is_subset(&new.guards) && is_weak(old.value);
        is_weak(new.value) && !old.iter().any(was_weak)
    })?;
    let before = old.iter().find(|each| !is_weak(each.value)).and_then(|each| each.value).map(Node::render);
    Some(Weaker { path: path.to_owned(), before, after: weak.value.map(Node::render), guards: weak.guards })
}

/// A value somewhere in the properties.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'a> {
    pub(super) path: String,
    /// The path with names instead of indexes, where the items of a list have names: the others are compared as a set.
    bare: String,
    pub(super) key: &'a str,
    /// `None`: `AWS::NoValue`.
    pub(super) value: Option<&'a Node>,
    guards: Guards,
}

/// Every key anywhere in a resource's properties, in every branch, before and after: read once for all rules.
#[derive(Debug)]
pub(crate) struct Leaves<'a> {
    old: Collected<'a>,
    new: Collected<'a>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn of(old: Option<&'a Resource>, new: Option<&'a Resource>) -> Self {
        let (mut old, mut new) = (collected(old), collected(new));
        let common: BTreeSet<String> = old.items.intersection(&new.items).cloned().collect();
        old.keep_names(&common);
        new.keep_names(&common);
        Self { old, new }
    }

    pub(super) fn before(&self) -> &[Leaf<'a>] {
        &self.old.leaves
    }

    pub(super) fn after(&self) -> &[Leaf<'a>] {
        &self.new.leaves
    }
}

#[derive(Debug, Default)]
struct Collected<'a> {
    leaves: Vec<Leaf<'a>>,
    /// Path and bare path of each map, in which a key may be missing.
    maps: Vec<(String, String)>,
    /// Bare paths of items that have a name.
    items: BTreeSet<String>,
}

impl Collected<'_> {
    /// Drops the names of items that the other side lacks: those are compared as a set.
    fn keep_names(&mut self, common: &BTreeSet<String>) {
        let kept = |bare: &str| {
            let mut out = String::new();
            for (place, part) in bare.split_inclusive(NAME_ENDS).scan(0, |end, part| {
                *end += part.len();
                Some((*end, part))
            }) {
                match part.rfind(NAME_STARTS) {
                    Some(at) if !common.contains(&bare[..place]) => out.push_str(&part[..at]),
                    _ => out.push_str(part),
                }
            }
            out
        };
        self.leaves.iter_mut().for_each(|leaf| leaf.bare = kept(&leaf.bare));
        self.maps.iter_mut().for_each(|(_, bare)| *bare = kept(bare));
    }
}

/// Surrounds the name of an item in a bare path; templates cannot contain it, since names have no control characters.
const NAME_STARTS: char = '\u{2}';
const NAME_ENDS: char = '\u{3}';

fn collected(resource: Option<&Resource>) -> Collected<'_> {
    let mut found = Collected::default();
    if let Some(resource) = resource {
        collect(&resource.properties, "", "", &Guards::new(), &mut found);
    }
    found
}

fn collect<'a>(node: &'a Node, path: &str, bare: &str, guards: &Guards, found: &mut Collected<'a>) {
    for each in branches(Possible { value: Some(node), guards: guards.clone() }) {
        let Some(value) = each.value else { continue };
        if let Some(items) = value.as_list() {
            let identity = crate::compare::identity(items, items);
            for (index, item) in items.iter().enumerate() {
                let mut bare = bare.to_owned();
                if let Some(name) = identity.and_then(|key| item.get(key)?.text()) {
                    bare.extend([NAME_STARTS]);
                    bare.push_str(&name);
                    bare.extend([NAME_ENDS]);
                    found.items.insert(bare.clone());
                }
                collect(item, &format!("{path}[{index}]"), &bare, &each.guards, found);
            }
        } else if value.is_plain_map() {
            found.maps.push((path.to_owned(), bare.to_owned()));
            for entry in value.entries() {
                let mut inner = path.to_owned();
                template::path::push_key(&mut inner, &entry.key);
                let bare = format!("{bare}/{}", entry.key);
                for branch in branches(Possible { value: Some(&entry.value), guards: each.guards.clone() }) {
                    found.leaves.push(Leaf {
                        path: inner.clone(),
                        bare: bare.clone(),
                        key: &entry.key,
                        value: branch.value,
                        guards: branch.guards.clone(),
                    });
                    if let Some(value) = branch.value {
                        collect(value, &inner, &bare, &branch.guards, found);
                    }
                }
            }
        }
    }
}

/// Whether a value at this path is directly inside the map at that one.
fn is_in(leaf: &str, map: &str) -> bool {
    leaf.strip_prefix(map).is_some_and(|rest| !rest.trim_start_matches(['.', '[', '"']).contains(['.', '[']))
}

/// Values whose strength decreased. `strength` of a key and its value, `None` of the value: not set; `None`: nothing is known about it.
pub(super) fn sunken(context: &Context<'_>, strength: impl Fn(&str, Option<&Node>) -> Option<i32>) -> Vec<Weaker> {
    if context.old.is_none() || context.new.is_none() {
        return Vec::new();
    }
    let (before, after) = (&context.leaves.old, &context.leaves.new);
    let (old, new) = (&before.leaves, &after.leaves);
    let rendered = |leaf: &Leaf<'_>| leaf.value.map(Node::render);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for first in old.iter().filter(|leaf| strength(leaf.key, leaf.value).is_some()) {
        if !seen.insert(first.bare.as_str()) {
            continue;
        }
        let strong = |leaves: &[Leaf<'_>]| -> Vec<(i32, usize)> {
            let here = leaves.iter().enumerate().filter(|(_, leaf)| leaf.bare == first.bare);
            here.filter_map(|(place, leaf)| Some((strength(leaf.key, leaf.value)?, place))).collect()
        };
        let (was, is) = (strong(old), strong(new));
        if !new.iter().any(|leaf| leaf.bare == first.bare) {
            let parent = first.bare.rsplit_once('/').map_or("", |(parent, _)| parent);
            let has_parent = parent.is_empty()
                || new.iter().any(|leaf| leaf.bare == parent && leaf.value.is_some())
                || after.maps.iter().any(|(_, bare)| bare == parent);
            let best = was.iter().max();
            if let (true, Some(best), Some(absent)) = (has_parent, best, strength(first.key, None))
                && best.0 > absent
            {
                let leaf = &old[best.1];
                let path = leaf.path.clone();
                found.push(Weaker { path, before: rendered(leaf), after: None, guards: Guards::new() });
            }
            continue;
        }
        let mut lost = was.clone();
        let mut gained = is.clone();
        gained.retain(|(strength, _)| match lost.iter().position(|(other, _)| other == strength) {
            Some(place) => {
                lost.remove(place);
                false
            }
            None => true,
        });
        let lowest = was.iter().map(|(strength, _)| *strength).min();
        for (strength, place) in gained {
            let better = lost.iter().max().filter(|(other, _)| *other > strength);
            let better = better.or_else(|| was.iter().min().filter(|_| lowest.is_some_and(|lowest| lowest > strength)));
            if let Some((_, from)) = better {
                let leaf = &new[place];
                found.push(Weaker {
                    path: leaf.path.clone(),
                    before: rendered(&old[*from]),
                    after: rendered(leaf),
                    guards: leaf.guards.clone(),
                });
            }
        }
        // Some items still have the key, and others lost it.
        let parent = first.bare.rsplit_once('/').map_or("", |(parent, _)| parent);
        let without = |leaves: &[Leaf<'_>], maps: &[(String, String)]| -> Vec<String> {
            let has = |path: &str| leaves.iter().any(|leaf| leaf.bare == first.bare && is_in(&leaf.path, path));
            maps.iter().filter(|(path, bare)| bare == parent && !has(path)).map(|(path, _)| path.clone()).collect()
        };
        if let (Some(absent), true) = (strength(first.key, None), is.len() < was.len()) {
            let (had_none, have_none) = (without(old, &before.maps), without(new, &after.maps));
            let stronger = lost.iter().filter(|(strength, _)| *strength > absent);
            for (path, (_, from)) in have_none.iter().skip(had_none.len()).zip(stronger) {
                let mut path = path.clone();
                template::path::push_key(&mut path, first.key);
                found.push(Weaker { path, before: rendered(&old[*from]), after: None, guards: Guards::new() });
            }
        }
        // One branch was better, and the value is now the worse one in all of them.
        for (strength, from) in lost {
            let leaf = &old[from];
            let worse = is.iter().find(|(now, place)| *now < strength && new[*place].guards.is_subset(&leaf.guards));
            if let (false, Some((_, place)), true) = (leaf.guards.is_empty(), worse, is.len() < was.len()) {
                found.push(Weaker {
                    path: new[*place].path.clone(),
                    before: rendered(leaf),
                    after: rendered(&new[*place]),
                    guards: leaf.guards.clone(),
                });
            }
        }
    }
    found
}
