//! The tree of a template: values with their position, intrinsics in their long form. Does not know what they mean.

use std::borrow::Cow;

use crate::path::{push_index, push_key, segments};
use crate::position::Position;
use crate::substitution::variables;

/// A value and its position. Two nodes are equal when their values are, whatever their positions; the order of keys does not matter.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub at: Position,
}

/// A value of a template, as CloudFormation reads it (YAML 1.1).
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    /// Its digits, decimal: `0x1F` is `31`, an octal `017` is `15`.
    Number(String),
    String(String),
    List(Vec<Node>),
    /// In the order of the text. Keys are unique.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl Node {
    pub fn new(value: Value, at: Position) -> Self {
        Self { value, at }
    }

    pub fn string(text: impl Into<String>, at: Position) -> Self {
        Self::new(Value::String(text.into()), at)
    }

    /// A map of one entry, such as an intrinsic: `{"Ref": "Queue"}`.
    pub fn single(key: &str, value: Node) -> Self {
        let at = value.at;
        Self::new(Value::Map(vec![Entry { key: key.to_owned(), at, value }]), at)
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The node at a path of keys and indexes: `Environment.Variables.URL`, `Policies[0].PolicyDocument`, `Parameters["rds.force_ssl"]`.
    pub fn at_path(&self, path: &str) -> Option<&Node> {
        segments(path).into_iter().try_fold(self, |node, segment| match segment.parse::<usize>() {
            Ok(index) if node.as_list().is_some() => node.items().get(index),
            _ => node.get(&segment),
        })
    }

    /// Keys and values of a map, including intrinsics; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; anything else is a list of one, null an empty one. IAM treats `Action: x` this way.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string. See [`Node::text`] for numbers and booleans too.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, number or boolean: CloudFormation passes `10` and `"10"` on as the same.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// `true`, `"true"` and `"True"` are true.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A number, quoted or not.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.value {
            Value::Number(text) | Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// Neither list nor map.
    pub fn is_scalar(&self) -> bool {
        !matches!(self.value, Value::List(_) | Value::Map(_))
    }

    /// A map that is not an intrinsic.
    pub fn is_plain_map(&self) -> bool {
        matches!(self.value, Value::Map(_)) && self.intrinsic().is_none()
    }

    /// The name and argument of an intrinsic: `("Ref", "Queue")`, `("Fn::GetAtt", ["Queue", "Arn"])`, `("Condition", "IsPrd")`.
    pub fn intrinsic(&self) -> Option<(&str, &Node)> {
        match self.entries() {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => Some((&only.key, &only.value)),
            [only] if only.key == "Condition" && only.value.as_str().is_some() => Some((&only.key, &only.value)),
            _ => None,
        }
    }

    /// The logical id or parameter of a `Ref`.
    pub fn as_ref_name(&self) -> Option<&str> {
        self.intrinsic().filter(|(name, _)| *name == "Ref").and_then(|(_, argument)| argument.as_str())
    }

    /// The logical id and attribute of an `Fn::GetAtt`.
    pub fn as_get_att(&self) -> Option<(&str, &str)> {
        let (_, argument) = self.intrinsic().filter(|(name, _)| *name == "Fn::GetAtt")?;
        match argument.as_list()? {
            [resource, attribute] => Some((resource.as_str()?, attribute.as_str()?)),
            _ => None,
        }
    }

    /// Names that `Ref`, `Fn::GetAtt` and `Fn::Sub` in here refer to: resources, parameters and pseudo parameters, each with its
    /// path below this node.
    pub fn references(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.collect_references(&mut String::new(), &mut found);
        found
    }

    fn collect_references(&self, path: &mut String, found: &mut Vec<(String, String)>) {
        if let Some((name, argument)) = self.intrinsic() {
            match name {
                "Ref" => found.extend(argument.as_str().map(|target| (path.clone(), target.to_owned()))),
                "Fn::GetAtt" => found.extend(
                    argument.items().first().and_then(Node::as_str).map(|target| (path.clone(), target.to_owned())),
                ),
                "Fn::Sub" => {
                    let local = argument.as_list().and_then(|list| list.get(1));
                    let text = argument.items().first().and_then(Node::as_str).unwrap_or_default();
                    for target in variables(text) {
                        if local.and_then(|local| local.get(target)).is_none() {
                            found.push((path.clone(), target.split('.').next().unwrap_or(target).to_owned()));
                        }
                    }
                    if let Some(local) = local {
                        local.entries().iter().for_each(|entry| entry.value.collect_references(path, found));
                    }
                }
                _ => argument.items().iter().for_each(|item| item.collect_references(path, found)),
            }
            return;
        }
        let length = path.len();
        match &self.value {
            Value::Map(entries) => {
                for entry in entries {
                    push_key(path, &entry.key);
                    entry.value.collect_references(path, found);
                    path.truncate(length);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    push_index(path, index);
                    item.collect_references(path, found);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }

    /// As JSON, intrinsics in their long form.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
            Value::String(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }

    /// For people, on one line: `!GetAtt Queue.Arn`, `[a, b]`, `{Key: Stage, Value: prd}`.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        if let Some((name, argument)) = self.intrinsic() {
            out.push('!');
            out.push_str(name.trim_start_matches("Fn::"));
            out.push(' ');
            match self.as_get_att() {
                Some((resource, attribute)) => {
                    out.push_str(resource);
                    out.push('.');
                    out.push_str(attribute);
                }
                None => argument.write(out),
            }
            return;
        }
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&entry.key);
                    out.push_str(": ");
                    entry.value.write(out);
                }
                out.push('}');
            }
            _ => out.push_str(&self.text().unwrap_or_default()),
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(two)) => one == two,
            (Self::Number(one), Self::Number(two)) | (Self::String(one), Self::String(two)) => one == two,
            (Self::List(one), Self::List(two)) => one == two,
            (Self::Map(one), Self::Map(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two).all(|(one, two)| one.key == two.key && one.value == two.value)
                    || one.len() == two.len()
                        && one
                            .iter()
                            .all(|entry| two.iter().any(|other| other.key == entry.key && other.value == entry.value))
            }
            _ => false,
        }
    }
}
