//! Which values differ, at nested paths, and what a change to each does. Different notations of the same value are not a difference.

use std::borrow::Cow;

use facts::{Kind, Knowledge, Schema};

use template::path::{push_index, push_key, segments};
use template::{Entry, Node, Resource, Value, embedded_json};

use crate::change::{MASK, PropertyChange, Replacement};
use crate::document;

/// Attributes next to `Properties` that are compared, in the order of the report.
const ATTRIBUTES: &[&str] =
    &["DeletionPolicy", "UpdateReplacePolicy", "Condition", "DependsOn", "CreationPolicy", "UpdatePolicy", "Metadata"];

/// Lists whose order AWS does not preserve.
const SETS: &[&str] = &[
    "Tags",
    "SecurityGroupIds",
    "SecurityGroups",
    "VpcSecurityGroupIds",
    "SubnetIds",
    "Subnets",
    "SecurityGroupIngress",
    "SecurityGroupEgress",
    "ManagedPolicyArns",
    "Policies",
    "AttributeDefinitions",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "EnableCloudwatchLogsExports",
    "RouteTableIds",
    "FunctionResponseTypes",
    "DependsOn",
    "Dimensions",
    "Roles",
    "Users",
    "Groups",
    "Queues",
    "Topics",
];

/// Keys that identify an item in a list of maps.
pub(crate) const IDENTITIES: &[&str] = &[
    "Key",
    "Id",
    "Sid",
    "Name",
    "PolicyName",
    "AttributeName",
    "IndexName",
    "ParameterName",
    "DeviceName",
    "PathPattern",
    "Region",
    "RuleName",
    "DeviceIndex",
    "ProviderName",
    "OptionName",
    "ResourcePath",
];

/// The differences between two states of a resource.
pub(crate) fn differences(before: &Resource, after: &Resource) -> Vec<PropertyChange> {
    let mut changes = Changes { found: Vec::new(), attribute: true };
    if before.resource_type != after.resource_type {
        let texts = [Some(before.resource_type.clone()), Some(after.resource_type.clone())];
        let [before, after] = texts;
        changes.found.push(PropertyChange {
            path: "Type".to_owned(),
            attribute: true,
            before,
            after,
            replacement: Replacement::Yes,
            write_only: false,
            because: None,
        });
    }
    for name in ATTRIBUTES {
        changes.walk(&mut (*name).to_owned(), name, before.attribute(name), after.attribute(name), &Along::attribute());
    }
    changes.attribute = false;
    let same_type = before.resource_type == after.resource_type;
    let facts = if same_type { facts::of(&after.resource_type) } else { Knowledge::Nothing };
    changes.entries(&mut String::new(), &before.properties, &after.properties, &Along::of(facts));
    changes.found
}

/// Whether two values without facts are the same.
pub(crate) fn is_same(before: Option<&Node>, after: Option<&Node>) -> bool {
    let mut changes = Changes { found: Vec::new(), attribute: true };
    changes.walk(&mut String::new(), "", before, after, &Along::attribute());
    changes.found.is_empty()
}

/// The facts for the value at a path below `Properties`.
fn along(resource_type: &str, path: &str) -> Along {
    let mut along = Along::of(facts::of(resource_type));
    for segment in segments(path) {
        let is_index = segment.bytes().all(|byte| byte.is_ascii_digit());
        let is_item = is_index && !matches!(along.known, Known::Value(Schema { kind: Kind::Map(_), .. }));
        along = if is_item { along.item() } else { along.key(&segment) };
    }
    along
}

/// What a change at a path below `Properties` does, and whether its value is write-only.
pub(crate) fn facts_at(resource_type: &str, path: &str) -> (Replacement, bool) {
    along(resource_type, path).at(path)
}

/// A value below `Properties` for people: what must not be shown is [`MASK`], by itself or inside another value.
pub(crate) fn shown(resource_type: &str, path: &str, value: &Node) -> String {
    along(resource_type, path).shown(value, &mut path.to_owned()).render()
}

/// The same for a value as a change set has it.
pub(crate) fn shown_text(resource_type: &str, path: &str, text: &str) -> String {
    let along = along(resource_type, path);
    match (along.at(path).1, along.has_secrets(path)) {
        (true, _) => MASK.to_owned(),
        (false, false) => text.to_owned(),
        (false, true) => embedded_json(text)
            .map_or_else(|| MASK.to_owned(), |value| along.shown(&value, &mut path.to_owned()).to_json().to_string()),
    }
}

/// What is known along the path to a value.
#[derive(Clone, Copy)]
struct Along {
    known: Known,
    replacement: Replacement,
    write_only: bool,
    in_policy: bool,
}

#[derive(Clone, Copy)]
enum Known {
    Properties(&'static [facts::Property]),
    Value(&'static Schema),
    /// Next to `Properties`, or free-form JSON: nothing below it is described, and what is around it decides.
    Free,
    /// Looked up with the whole path.
    Outline(&'static facts::Outline),
    /// No facts: a change of anything may replace.
    Nothing,
}

impl Along {
    fn attribute() -> Self {
        Self { known: Known::Free, replacement: Replacement::No, write_only: false, in_policy: false }
    }

    fn of(knowledge: Knowledge) -> Self {
        let known = match knowledge {
            Knowledge::Full(facts) => Known::Properties(facts.properties),
            Knowledge::Outline(outline) => Known::Outline(outline),
            Knowledge::Nothing => Known::Nothing,
        };
        Self { known, ..Self::attribute() }
    }

    /// What a change to the whole value at this path does, and whether it is write-only.
    fn at(&self, path: &str) -> (Replacement, bool) {
        match self.known {
            Known::Outline(outline) => (outline.replacement(path).into(), outline.is_write_only(path)),
            _ => (self.replacement, self.write_only),
        }
    }

    /// The value with [`MASK`] for everything in it that is write-only.
    fn shown<'n>(&self, node: &'n Node, path: &mut String) -> Cow<'n, Node> {
        let masked = || Cow::Owned(Node::string(MASK, node.at));
        if self.at(path).1 {
            return masked();
        }
        if !self.has_secrets(path) {
            return Cow::Borrowed(node);
        }
        let length = path.len();
        let value = match (&node.value, node.intrinsic()) {
            (_, Some(("Ref" | "Fn::GetAtt" | "Fn::ImportValue", _))) => return Cow::Borrowed(node),
            (_, Some(("Fn::If", argument))) => match argument.items() {
                [condition, yes, no] => {
                    let branches = [yes, no].map(|branch| self.shown(branch, path).into_owned());
                    let all = std::iter::once(condition.clone()).chain(branches).collect();
                    return Cow::Owned(Node::single("Fn::If", Node::new(Value::List(all), node.at)));
                }
                _ => return masked(),
            },
            // What a function or a text would evaluate to is unknown.
            (_, Some(_)) | (Value::String(_), _) => return masked(),
            (Value::Map(entries), None) => {
                let entry = |entry: &Entry| {
                    push_key(path, &entry.key);
                    let value = self.key(&entry.key).shown(&entry.value, path).into_owned();
                    path.truncate(length);
                    Entry { value, ..entry.clone() }
                };
                Value::Map(entries.iter().map(entry).collect())
            }
            (Value::List(items), None) => {
                let item = |(index, item): (usize, &Node)| {
                    push_index(path, index);
                    let value = self.item().shown(item, path).into_owned();
                    path.truncate(length);
                    value
                };
                Value::List(items.iter().enumerate().map(item).collect())
            }
            _ => return Cow::Borrowed(node),
        };
        Cow::Owned(Node::new(value, node.at))
    }

    /// Something inside this value is write-only.
    fn has_secrets(&self, path: &str) -> bool {
        fn inside(schema: &Schema, depth: usize) -> bool {
            match schema.kind {
                Kind::List(item) | Kind::Map(item) => inside(item, depth),
                Kind::Object(definition) if depth > 0 => definition
                    .properties
                    .iter()
                    .any(|property| property.write_only || inside(&property.schema, depth - 1)),
                _ => false,
            }
        }
        match self.known {
            Known::Value(schema) => inside(schema, 4),
            Known::Outline(outline) => outline.has_write_only_below(path),
            _ => false,
        }
    }

    fn key(&self, key: &str) -> Self {
        let properties = match self.known {
            Known::Properties(properties) => properties,
            Known::Value(Schema { kind: Kind::Object(definition), .. }) => definition.properties,
            Known::Value(Schema { kind: Kind::Map(item), .. }) => return Self { known: Known::Value(item), ..*self },
            Known::Value(_) | Known::Free => return Self { known: Known::Free, ..*self },
            Known::Outline(_) => return *self,
            // Tags never replace a resource, of whatever type.
            Known::Nothing if key == "Tags" => return Self { known: Known::Free, ..*self },
            Known::Nothing => return Self { replacement: Replacement::Maybe, ..*self },
        };
        match facts::find(properties, key) {
            Some(property) => Self {
                known: Known::Value(&property.schema),
                replacement: self.replacement.max(property.replacement.into()),
                write_only: self.write_only || property.write_only,
                in_policy: self.in_policy,
            },
            None => Self { known: Known::Nothing, replacement: self.replacement.max(Replacement::Maybe), ..*self },
        }
    }

    fn item(&self) -> Self {
        match self.known {
            Known::Value(Schema { kind: Kind::List(item), .. }) => Self { known: Known::Value(item), ..*self },
            Known::Value(_) => Self { known: Known::Free, ..*self },
            _ => *self,
        }
    }

    /// Whether `10` and `"10"` are two values: only inside JSON that some service reads.
    fn is_strict(&self) -> bool {
        !self.in_policy && matches!(self.known, Known::Free | Known::Value(Schema { kind: Kind::Json, .. }))
    }

    fn is_number(&self) -> bool {
        matches!(self.known, Known::Value(Schema { kind: Kind::Integer | Kind::Number, .. }))
    }

    fn takes_json(&self) -> bool {
        matches!(
            self.known,
            Known::Free
                | Known::Outline(_)
                | Known::Nothing
                | Known::Value(Schema { kind: Kind::Json | Kind::Object(_), .. })
        )
    }
}

struct Changes {
    found: Vec<PropertyChange>,
    attribute: bool,
}

impl Changes {
    fn push(&mut self, path: &str, before: Option<&Node>, after: Option<&Node>, along: &Along) {
        let (replacement, write_only) = along.at(path);
        let text = |node: Option<&Node>| node.map(|node| along.shown(node, &mut path.to_owned()).render());
        self.found.push(PropertyChange {
            path: path.to_owned(),
            attribute: self.attribute,
            before: text(before),
            after: text(after),
            replacement,
            write_only,
            because: None,
        });
    }

    fn walk(&mut self, path: &mut String, key: &str, before: Option<&Node>, after: Option<&Node>, along: &Along) {
        let is_nothing =
            |node: &Node| matches!(&node.value, Value::Null) || node.as_list().is_some_and(<[Node]>::is_empty);
        let (before, after) = match (before.filter(|node| !is_nothing(node)), after.filter(|node| !is_nothing(node))) {
            (None, None) => return,
            (Some(before), Some(after)) => (before, after),
            (before, after) => return self.push(path, before, after, along),
        };
        if before == after || same_scalar(before, after, along) {
            return;
        }
        if along.takes_json() && (before.as_str().is_some() != after.as_str().is_some() || before.as_str().is_some()) {
            let parsed = |node: &Node| node.as_str().map_or_else(|| Some(node.clone()), embedded_json);
            if let (Some(before), Some(after)) = (parsed(before), parsed(after))
                && !before.is_scalar()
                && !after.is_scalar()
            {
                return self.values(path, key, &before, &after, along);
            }
        }
        self.values(path, key, before, after, along);
    }

    fn values(&mut self, path: &mut String, key: &str, before: &Node, after: &Node, along: &Along) {
        if document::is_policy(before) && document::is_policy(after) {
            if document::normal(before) == document::normal(after) {
                return;
            }
            return self.entries(path, before, after, &Along { in_policy: true, ..*along });
        }
        if before.is_plain_map() && after.is_plain_map() {
            return self.entries(path, before, after, along);
        }
        let both_lists = before.as_list().is_some() && after.as_list().is_some();
        let list_of_one = along.in_policy && !before.is_plain_map() && !after.is_plain_map() || key == "DependsOn";
        if both_lists || list_of_one && (before.as_list().is_some() || after.as_list().is_some()) {
            return self.lists(path, key, before, after, along);
        }
        self.push(path, Some(before), Some(after), along);
    }

    fn entries(&mut self, path: &mut String, before: &Node, after: &Node, along: &Along) {
        let length = path.len();
        let gone = before.entries().iter().filter(|entry| after.get(&entry.key).is_none());
        let pairs = after.entries().iter().map(|entry| (&entry.key, before.get(&entry.key), Some(&entry.value)));
        let pairs: Vec<_> = pairs.chain(gone.map(|entry| (&entry.key, Some(&entry.value), None))).collect();
        for (key, before, after) in pairs {
            if before == after {
                continue;
            }
            push_key(path, key);
            self.walk(path, key, before, after, &along.key(key));
            path.truncate(length);
        }
    }

    fn lists(&mut self, path: &mut String, key: &str, before: &Node, after: &Node, along: &Along) {
        let (old, new) = (before.items(), after.items());
        let item = along.item();
        let length = path.len();
        let mut at = |changes: &mut Self, index: usize, before: Option<&Node>, after: Option<&Node>| {
            push_index(path, index);
            changes.walk(path, "", before, after, &item);
            path.truncate(length);
        };
        if let Some(identity) = identity(old, new) {
            for (index, after) in new.iter().enumerate() {
                at(self, index, old.iter().find(|before| before.get(identity) == after.get(identity)), Some(after));
            }
            for (index, before) in old.iter().enumerate() {
                if !new.iter().any(|after| after.get(identity) == before.get(identity)) {
                    at(self, index, Some(before), None);
                }
            }
            return;
        }
        let mut rest: Vec<(usize, &Node)> = old.iter().enumerate().collect();
        let mut unmatched = Vec::new();
        let mut last = None;
        let mut reordered = false;
        for (index, after) in new.iter().enumerate() {
            match rest.iter().position(|(_, before)| *before == after || self.is_same_item(before, after, &item)) {
                Some(place) => {
                    let (from, _) = rest.remove(place);
                    reordered |= last.is_some_and(|last| from < last);
                    last = Some(from);
                }
                None => unmatched.push((index, after)),
            }
        }
        if rest.is_empty() && unmatched.is_empty() {
            let is_set = along.in_policy || SETS.contains(&key);
            if reordered && !is_set {
                // Whether the order counts is not among the facts.
                self.push(path, Some(before), Some(after), along);
                if let Some(change) = self.found.last_mut() {
                    change.replacement = change.replacement.min(Replacement::Maybe);
                }
            }
            return;
        }
        let mut rest = rest.into_iter();
        for (index, after) in unmatched {
            at(self, index, rest.next().map(|(_, before)| before), Some(after));
        }
        for (index, before) in rest {
            at(self, index, Some(before), None);
        }
    }

    fn is_same_item(&self, before: &Node, after: &Node, along: &Along) -> bool {
        let mut trial = Self { found: Vec::new(), attribute: self.attribute };
        trial.walk(&mut String::new(), "", Some(before), Some(after), along);
        trial.found.is_empty()
    }
}

fn same_scalar(before: &Node, after: &Node, along: &Along) -> bool {
    let (Some(one), Some(two)) = (before.text(), after.text()) else { return false };
    if along.is_number()
        && let (Some(one), Some(two)) = (before.as_f64(), after.as_f64())
    {
        return one == two;
    }
    let is_boolean = matches!(along.known, Known::Value(Schema { kind: Kind::Boolean, .. }));
    if is_boolean && before.as_bool().is_some() {
        return before.as_bool() == after.as_bool();
    }
    !along.is_strict() && one == two
}

/// The key that names each item on both sides, if there is one.
pub(crate) fn identity(old: &[Node], new: &[Node]) -> Option<&'static str> {
    IDENTITIES.iter().copied().find(|key| {
        [old, new].iter().all(|items| {
            !items.is_empty()
                && items.iter().enumerate().all(|(index, item)| {
                    item.get(key).is_some_and(|name| {
                        name.text().is_some() && items[..index].iter().all(|other| other.get(key) != Some(name))
                    })
                })
        })
    })
}
