//! A template with known parameters, conditions and mappings resolved; and what changes in resources because one of those did.

use std::collections::{BTreeMap, BTreeSet};

use template::{Entry, Node, Resource, Template, Value, canonical};

use crate::change::MASK;
use crate::compare;

/// Nesting depth of conditions beyond which there must be a cycle.
const MAX_CONDITIONS: usize = 50;

/// The template with these parameters: `Ref` becomes the value, decidable conditions and `Fn::If` are resolved, and the resources they
/// exclude are gone. Other parameters stay references.
#[must_use]
pub fn with_parameters(template: &Template, values: &BTreeMap<String, String>) -> Template {
    let facts = Facts {
        values: values.iter().map(|(name, value)| (name.clone(), parameter(template, name, value))).collect(),
        mappings: section_names(template, "Mappings").map(str::to_owned).collect(),
        ..Facts::default()
    };
    let known = Conditions { template, values: &facts.values };
    let decided = condition_names(template)
        .filter_map(|name| known.named(name, 0).map(|holds| (name.to_owned(), holds)))
        .collect();
    fold(template, &Facts { decided, ..facts }, true)
}

/// Whether a resource of the template exists, with parameters at their defaults; `None`: unknown.
pub(crate) fn has(template: &Template, resource: &Resource) -> Option<bool> {
    let Some(name) = resource.attribute("Condition").and_then(Node::as_str) else { return Some(true) };
    Conditions { template, values: &defaults(template) }.named(name, 0)
}

/// Two templates in which everything is resolved that differs through a parameter's default, a condition or a mapping.
pub(crate) struct Folded {
    pub(crate) before: Template,
    pub(crate) after: Template,
    /// Names of parameters, conditions and mappings, and what to say about them.
    pub(crate) because: BTreeMap<String, String>,
}

/// Resolves what differs; `None`: nothing does.
pub(crate) fn changed(before: &Template, after: &Template) -> Option<Folded> {
    let mut because = BTreeMap::new();
    let (mut old, mut new) = (Facts::default(), Facts::default());
    let default = |template: &Template, name: &str| {
        template.section("Parameters").and_then(|all| all.get(name)?.get("Default")).cloned()
    };
    for name in section_names(after, "Parameters") {
        if let (Some(one), Some(two)) = (default(before, name), default(after, name))
            && !compare::is_same(Some(&one), Some(&two))
        {
            let is_secret = |template: &Template| {
                template.section("Parameters").and_then(|all| all.get(name)?.get("NoEcho")?.as_bool()) == Some(true)
            };
            let masked = is_secret(before) || is_secret(after);
            let value = |template: &Template, node: &Node, state: &str| {
                if masked {
                    Node::string(format!("{MASK} ({state})"), node.at)
                } else {
                    parameter(template, name, &node.text().unwrap_or_default())
                }
            };
            old.values.insert(name.to_owned(), value(before, &one, "before"));
            new.values.insert(name.to_owned(), value(after, &two, "after"));
            because.insert(name.to_owned(), format!("the default of parameter `{name}` changes"));
        }
    }
    new_parameters(before, after, &mut old, &mut new, &mut because);
    conditions(before, after, &mut old, &mut new, &mut because);
    for name in section_names(after, "Mappings") {
        let mapping = |template: &Template| template.section("Mappings").and_then(|all| all.get(name)).cloned();
        if let (Some(one), Some(two)) = (mapping(before), mapping(after))
            && !compare::is_same(Some(&one), Some(&two))
        {
            old.mappings.insert(name.to_owned());
            new.mappings.insert(name.to_owned());
            because.insert(name.to_owned(), format!("mapping `{name}` changes"));
        }
    }
    (!because.is_empty()).then(|| Folded {
        before: fold(before, &old, false),
        after: fold(after, &new, false),
        because,
    })
}

/// The template with defaults and mappings in place of their names, where that makes a difference to the given resources.
/// Empty defaults mean that there is none, and secret ones are not used.
pub(crate) fn resolved(template: &Template, is_asked: impl Fn(&&Resource) -> bool) -> Option<Template> {
    let declared = |name: &str, key: &str| template.section("Parameters").and_then(|all| all.get(name)?.get(key));
    let mut values = defaults(template);
    values.retain(|name, value| {
        let kind = declared(name, "Type").and_then(Node::as_str).unwrap_or_default();
        declared(name, "NoEcho").is_none() && !kind.starts_with("AWS::SSM::") && value.as_str() != Some("")
    });
    let mappings: BTreeSet<String> = section_names(template, "Mappings").map(str::to_owned).collect();
    if values.is_empty() && mappings.is_empty() {
        return None;
    }
    let folded = fold(template, &Facts { values, mappings, ..Facts::default() }, false);
    let is_other = |one: &Resource| folded.resource(&one.logical_id).is_some_and(|two| two.node != one.node);
    template.resources().iter().filter(is_asked).any(is_other).then_some(folded)
}

/// A new parameter has its default; one that was only renamed has it on both sides.
fn new_parameters(
    before: &Template,
    after: &Template,
    old: &mut Facts,
    new: &mut Facts,
    because: &mut BTreeMap<String, String>,
) {
    let all = |template: &Template| template.section("Parameters").map_or(&[][..], Node::entries).to_vec();
    let (olds, news) = (all(before), all(after));
    let is_plain = |entry: &Entry| {
        let kind = entry.value.get("Type").and_then(Node::as_str).unwrap_or_default();
        entry.value.get("NoEcho").is_none() && !kind.starts_with("AWS::SSM::Parameter::Value")
    };
    let added = news.iter().filter(|entry| olds.iter().all(|other| other.key != entry.key));
    for entry in added.filter(|entry| is_plain(entry)) {
        let Some(default) = entry.value.get("Default").and_then(Node::text) else { continue };
        new.values.insert(entry.key.clone(), parameter(after, &entry.key, &default));
        because.insert(entry.key.clone(), format!("parameter `{}` is new", entry.key));
        let same = |other: &&Entry| {
            ["Type", "Default"].iter().all(|key| compare::is_same(other.value.get(key), entry.value.get(key)))
        };
        let gone = olds.iter().filter(|other| news.iter().all(|entry| entry.key != other.key));
        for other in gone.filter(same) {
            old.values.insert(other.key.clone(), parameter(before, &other.key, &default));
        }
    }
}

fn conditions(
    before: &Template,
    after: &Template,
    old: &mut Facts,
    new: &mut Facts,
    because: &mut BTreeMap<String, String>,
) {
    // One that was only renamed.
    let is_in = |template: &Template, name: &str| condition_names(template).any(|other| other == name);
    for name in condition_names(after).filter(|name| !is_in(before, name)) {
        for other in condition_names(before).filter(|name| !is_in(after, name)) {
            let (Some(was), Some(is)) = (definition(before, other), definition(after, name)) else { continue };
            if compare::is_same(Some(&was), Some(&is)) {
                because.insert(name.to_owned(), format!("condition `{other}` is now called `{name}`"));
                old.written_out.insert(other.to_owned(), was);
                new.written_out.insert(name.to_owned(), is);
            }
        }
    }
    let nothing = BTreeMap::new();
    let (old_defaults, new_defaults) = (defaults(before), defaults(after));
    for name in condition_names(after).filter(|name| condition_names(before).any(|other| other == *name)) {
        let sides = |old_values, new_values| {
            let decided = |template, values| Conditions { template, values }.named(name, 0);
            decided(before, old_values).zip(decided(after, new_values))
        };
        let is_edited = !compare::is_same(definition(before, name).as_ref(), definition(after, name).as_ref());
        let certain = sides(&nothing, &nothing);
        match certain.or_else(|| sides(&old_defaults, &new_defaults)) {
            Some((was, is)) if was != is => {
                old.decided.insert(name.to_owned(), was);
                new.decided.insert(name.to_owned(), is);
                because.insert(name.to_owned(), format!("condition `{name}` is now {is}"));
            }
            Some(_) if certain.is_some() => {}
            _ if is_edited => {
                old.written_out.extend(definition(before, name).map(|node| (name.to_owned(), node)));
                new.written_out.extend(definition(after, name).map(|node| (name.to_owned(), node)));
                because.insert(name.to_owned(), format!("condition `{name}` changes"));
            }
            _ => {}
        }
    }
}

/// What is known, and so replaces its name.
#[derive(Default)]
struct Facts {
    values: BTreeMap<String, Node>,
    decided: BTreeMap<String, bool>,
    /// Conditions that changed, but cannot be decided.
    written_out: BTreeMap<String, Node>,
    mappings: BTreeSet<String>,
}

fn fold(template: &Template, facts: &Facts, drops: bool) -> Template {
    let mut resources = Vec::new();
    for resource in template.resources() {
        let condition = resource.attribute("Condition").and_then(Node::as_str);
        let holds = condition.and_then(|name| facts.decided.get(name).copied());
        if holds == Some(false) && drops {
            continue;
        }
        let mut node = rewrite(&resource.node, template, facts);
        if let Value::Map(entries) = &mut node.value {
            if holds == Some(true) && drops {
                entries.retain(|entry| entry.key != "Condition");
            }
            let written_out = condition.and_then(|name| facts.written_out.get(name));
            if let (Some(definition), Some(entry)) =
                (written_out, entries.iter_mut().find(|entry| entry.key == "Condition"))
            {
                entry.value = definition.clone();
            }
        }
        resources.push(resource.with(node));
    }
    let mut root = template.root().clone();
    if let Value::Map(entries) = &mut root.value {
        for entry in entries.iter_mut().filter(|entry| entry.key == "Outputs") {
            entry.value = rewrite(&entry.value, template, facts);
        }
    }
    template.with(root, resources)
}

/// Replaces known names with their values, bottom-up.
fn rewrite(node: &Node, template: &Template, facts: &Facts) -> Node {
    let at = node.at;
    let below = match &node.value {
        Value::List(items) => {
            return Node::new(Value::List(items.iter().map(|item| rewrite(item, template, facts)).collect()), at);
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| Entry {
                key: entry.key.clone(),
                at: entry.at,
                value: rewrite(&entry.value, template, facts),
            });
            canonical(Node::new(Value::Map(entries.collect()), at))
        }
        _ => return node.clone(),
    };
    let Some((name, argument)) = below.intrinsic() else { return below };
    let folded = match name {
        "Ref" => argument.as_str().and_then(|name| facts.values.get(name)).cloned(),
        "Fn::Sub" => argument.as_str().and_then(|text| {
            let locals = template::variables(text).into_iter().filter_map(|name| facts.values.get_key_value(name));
            let locals: Vec<Entry> =
                locals.map(|(name, value)| Entry { key: name.clone(), at, value: value.clone() }).collect();
            (!locals.is_empty()).then(|| {
                let pair = vec![argument.clone(), Node::new(Value::Map(locals), at)];
                canonical(Node::single("Fn::Sub", Node::new(Value::List(pair), at)))
            })
        }),
        "Fn::If" => match argument.as_list() {
            Some([condition, yes, no]) => condition.as_str().and_then(|name| match facts.decided.get(name) {
                Some(true) => Some(yes.clone()),
                Some(false) => Some(no.clone()),
                None => facts.written_out.get(name).map(|definition| {
                    let list = vec![definition.clone(), yes.clone(), no.clone()];
                    Node::single("Fn::If", Node::new(Value::List(list), at))
                }),
            }),
            _ => None,
        },
        "Fn::FindInMap" => find_in_map(argument, template, facts),
        "Fn::Select" => match argument.as_list() {
            Some([index, list]) => {
                list.as_list().and_then(|list| list.get(index.text()?.parse::<usize>().ok()?)).cloned()
            }
            _ => None,
        },
        _ => None,
    };
    folded.unwrap_or(below)
}

/// The mapping's value, or the call with all values it may find.
fn find_in_map(argument: &Node, template: &Template, facts: &Facts) -> Option<Node> {
    let [map, top, second, ..] = argument.as_list()? else { return None };
    let name = map.as_str().filter(|name| facts.mappings.contains(*name))?;
    let mapping = template.section("Mappings")?.get(name)?;
    if let (Some(top), Some(second)) = (top.text(), second.text()) {
        return mapping.get(&top)?.get(&second).cloned();
    }
    let mut found = Vec::new();
    for entry in mapping.entries().iter().filter(|entry| top.text().is_none_or(|top| top == entry.key)) {
        found.extend(match second.text() {
            Some(second) => entry.value.get(&second).cloned(),
            None => Some(entry.value.clone()),
        });
    }
    let mut list = argument.items().to_vec();
    list.push(Node::new(Value::List(found), argument.at));
    Some(Node::single("Fn::FindInMap", Node::new(Value::List(list), argument.at)))
}

/// A parameter's value in the shape of its type.
fn parameter(template: &Template, name: &str, text: &str) -> Node {
    let declared = template.section("Parameters").and_then(|all| all.get(name));
    let at = declared.map_or_else(Default::default, |declared| declared.at);
    let kind = declared.and_then(|declared| declared.get("Type")?.as_str()).unwrap_or("String");
    if kind == "CommaDelimitedList" || kind.contains("List<") {
        return Node::new(Value::List(text.split(',').map(|item| Node::string(item.trim(), at)).collect()), at);
    }
    Node::string(text, at)
}

fn defaults(template: &Template) -> BTreeMap<String, Node> {
    let parameters = template.section("Parameters").map_or(&[][..], Node::entries);
    let default = |entry: &Entry| {
        Some((entry.key.clone(), parameter(template, &entry.key, &entry.value.get("Default")?.text()?)))
    };
    parameters.iter().filter_map(default).collect()
}

fn section_names<'a>(template: &'a Template, section: &str) -> impl Iterator<Item = &'a str> {
    template.section(section).map_or(&[][..], Node::entries).iter().map(|entry| entry.key.as_str())
}

fn condition_names(template: &Template) -> impl Iterator<Item = &str> {
    section_names(template, "Conditions")
}

/// A condition with the conditions that it uses resolved.
fn definition(template: &Template, name: &str) -> Option<Node> {
    fn written_out(node: &Node, all: &Node, depth: usize) -> Node {
        if depth > MAX_CONDITIONS {
            return node.clone();
        }
        if let Some(("Condition", argument)) = node.intrinsic()
            && let Some(definition) = argument.as_str().and_then(|name| all.get(name))
        {
            return written_out(definition, all, depth + 1);
        }
        let value = match &node.value {
            Value::List(items) => Value::List(items.iter().map(|item| written_out(item, all, depth + 1)).collect()),
            Value::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| Entry { value: written_out(&entry.value, all, depth + 1), ..entry.clone() });
                Value::Map(entries.collect())
            }
            other => other.clone(),
        };
        Node::new(value, node.at)
    }
    let all = template.section("Conditions")?;
    Some(written_out(all.get(name)?, all, 0))
}

/// Decides conditions from known parameters.
struct Conditions<'a> {
    template: &'a Template,
    values: &'a BTreeMap<String, Node>,
}

impl Conditions<'_> {
    fn named(&self, name: &str, depth: usize) -> Option<bool> {
        if depth > MAX_CONDITIONS {
            return None;
        }
        self.holds(self.template.section("Conditions")?.get(name)?, depth + 1)
    }

    fn holds(&self, node: &Node, depth: usize) -> Option<bool> {
        let (name, argument) = node.intrinsic().filter(|_| depth <= MAX_CONDITIONS)?;
        let each = || argument.items().iter().map(|item| self.holds(item, depth + 1));
        match name {
            "Condition" => self.named(argument.as_str()?, depth),
            "Fn::Not" => self.holds(argument.items().first()?, depth + 1).map(|holds| !holds),
            "Fn::And" if each().any(|holds| holds == Some(false)) => Some(false),
            "Fn::Or" if each().any(|holds| holds == Some(true)) => Some(true),
            "Fn::And" => each().all(|holds| holds == Some(true)).then_some(true),
            "Fn::Or" => each().all(|holds| holds == Some(false)).then_some(false),
            "Fn::Equals" => match argument.as_list()? {
                [one, two] => {
                    let facts = Facts {
                        values: self.values.clone(),
                        mappings: section_names(self.template, "Mappings").map(str::to_owned).collect(),
                        ..Facts::default()
                    };
                    let (one, two) = (rewrite(one, self.template, &facts), rewrite(two, self.template, &facts));
                    match (one.text(), two.text()) {
                        (Some(one), Some(two)) => Some(one == two),
                        _ => (one == two).then_some(true),
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }
}
