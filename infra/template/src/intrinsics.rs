//! One form for each intrinsic: `Ref`, `Fn::GetAtt` with two items, `Fn::Sub` only where text and variables mix.

use crate::node::{Entry, Node, Value};
use crate::position::{Position, Refusal};
use crate::substitution::{Piece, pieces};

/// Short tags and the keys they stand for; `Ref` and `Condition` are the two without `Fn::`.
const TAGS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
];

/// The long-form key of a short tag.
pub(crate) fn key_of_tag(tag: &str) -> Option<String> {
    match tag {
        "Ref" | "Condition" => Some(tag.to_owned()),
        _ if TAGS.contains(&tag) => Some(format!("Fn::{tag}")),
        _ => None,
    }
}

/// The known tags, for an error.
pub(crate) fn nearest_tag(tag: &str) -> Option<&'static str> {
    TAGS.iter().chain(&["Ref", "Condition"]).copied().find(|known| known.eq_ignore_ascii_case(tag))
}

/// Rejects references without a target.
pub(crate) fn check(node: &Node) -> Result<(), Refusal> {
    if let Some(("Fn::GetAtt", argument)) = node.intrinsic()
        && let Some(text) = argument.as_str()
    {
        return Err(Refusal::new(
            node.at,
            format!("`!GetAtt {text}` names no attribute: write `!GetAtt {text}.Arn` or the like"),
        ));
    }
    match &node.value {
        Value::List(items) => items.iter().try_for_each(check),
        Value::Map(entries) => entries.iter().try_for_each(|entry| check(&entry.value)),
        _ => Ok(()),
    }
}

/// Normalizes a node whose children are normalized: called bottom-up while a tree is built or rewritten.
pub fn canonical(node: Node) -> Node {
    let at = node.at;
    let Value::Map(mut entries) = node.value else { return node };
    if entries.len() != 1 {
        drop_no_values(&mut entries);
        return Node::new(Value::Map(entries), at);
    }
    let Some(Entry { key, at: key_at, value }) = entries.pop() else { return Node::new(Value::Map(entries), at) };
    match key.as_str() {
        "Fn::GetAtt" => Node::new(Value::Map(vec![Entry { key, at: key_at, value: get_att(value) }]), at),
        "Fn::Sub" => substitute(value, at),
        "Fn::Join" => join(value, at),
        "Fn::If" if matches!(value.as_list(), Some([_, yes, no]) if yes == no) => {
            value.items().last().cloned().unwrap_or_else(|| value.clone())
        }
        _ => {
            let mut entries = vec![Entry { key, at: key_at, value }];
            drop_no_values(&mut entries);
            Node::new(Value::Map(entries), at)
        }
    }
}

/// `AWS::NoValue` is absence, except as an argument of an intrinsic.
fn drop_no_values(entries: &mut Vec<Entry>) {
    let is_no_value = |node: &Node| node.as_ref_name() == Some("AWS::NoValue");
    entries.retain_mut(|entry| {
        if !entry.key.starts_with("Fn::")
            && let Value::List(items) = &mut entry.value.value
        {
            items.retain(|item| !is_no_value(item));
        }
        entry.key.starts_with("Fn::") || !is_no_value(&entry.value)
    });
}

fn get_att(argument: Node) -> Node {
    let at = argument.at;
    match &argument.value {
        Value::String(text) => match text.split_once('.') {
            Some((resource, attribute)) => {
                Node::new(Value::List(vec![Node::string(resource, at), Node::string(attribute, at)]), at)
            }
            None => argument,
        },
        Value::List(items) if items.len() > 2 && items.iter().all(|item| item.as_str().is_some()) => {
            let attribute = items[1..].iter().filter_map(Node::as_str).collect::<Vec<_>>().join(".");
            Node::new(Value::List(vec![items[0].clone(), Node::string(attribute, at)]), at)
        }
        _ => argument,
    }
}

/// A piece of a concatenated text.
enum Part {
    Text(String),
    /// `A` or `A.B`.
    Reference(String),
    /// A variable of the intrinsic itself whose value is neither text nor a reference.
    Local(String, Node),
}

fn substitute(argument: Node, at: Position) -> Node {
    let (text, locals) = match &argument.value {
        Value::String(text) => (text.as_str(), None),
        Value::List(items) if items.len() == 2 => match items[0].as_str() {
            Some(text) => (text, Some(&items[1])),
            None => return Node::single("Fn::Sub", argument),
        },
        Value::List(items) if items.len() == 1 && items[0].as_str().is_some() => {
            (items[0].as_str().unwrap_or_default(), None)
        }
        _ => return Node::single("Fn::Sub", argument),
    };
    let mut parts = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => parts.push(Part::Text(text.to_owned())),
            Piece::Escaped(name) => parts.push(Part::Text(format!("${{{name}}}"))),
            Piece::Variable(name) => match locals.and_then(|locals| locals.get(name)) {
                None => parts.push(Part::Reference(name.to_owned())),
                Some(value) => match parts_of(value) {
                    Some(inner) => parts.extend(inner),
                    None => parts.push(Part::Local(name.to_owned(), value.clone())),
                },
            },
        }
    }
    put_together(parts, at)
}

fn join(argument: Node, at: Position) -> Node {
    let parts = match argument.as_list() {
        Some([delimiter, items]) => delimiter.text().zip(items.as_list()).and_then(|(delimiter, items)| {
            let mut parts = Vec::new();
            for (index, item) in items.iter().filter(|item| item.as_ref_name() != Some("AWS::NoValue")).enumerate() {
                if index > 0 && !delimiter.is_empty() {
                    parts.push(Part::Text(delimiter.to_string()));
                }
                parts.extend(parts_of(item)?);
            }
            Some(parts)
        }),
        _ => None,
    };
    parts.map_or_else(|| Node::single("Fn::Join", argument), |parts| put_together(parts, at))
}

/// The pieces of a node that is text, a reference, or a mixture of both.
fn parts_of(node: &Node) -> Option<Vec<Part>> {
    if let Some(text) = node.text() {
        return Some(vec![Part::Text(text.into_owned())]);
    }
    if let Some(name) = node.as_ref_name() {
        return Some(vec![Part::Reference(name.to_owned())]);
    }
    if let Some((resource, attribute)) = node.as_get_att() {
        return Some(vec![Part::Reference(format!("{resource}.{attribute}"))]);
    }
    let (_, argument) = node.intrinsic().filter(|(name, _)| *name == "Fn::Sub")?;
    let parts = pieces(argument.as_str()?).into_iter().map(|piece| match piece {
        Piece::Text(text) => Part::Text(text.to_owned()),
        Piece::Escaped(name) => Part::Text(format!("${{{name}}}")),
        Piece::Variable(name) => Part::Reference(name.to_owned()),
    });
    Some(parts.collect())
}

fn put_together(parts: Vec<Part>, at: Position) -> Node {
    match parts.as_slice() {
        [Part::Reference(name)] => {
            return match name.split_once('.') {
                Some((resource, attribute)) => {
                    let pair = vec![Node::string(resource, at), Node::string(attribute, at)];
                    Node::single("Fn::GetAtt", Node::new(Value::List(pair), at))
                }
                None => Node::single("Ref", Node::string(name.clone(), at)),
            };
        }
        [Part::Local(_, value)] => return value.clone(),
        _ => {}
    }
    if parts.iter().all(|part| matches!(part, Part::Text(_))) {
        let text: String =
            parts.iter().map(|part| if let Part::Text(text) = part { text.as_str() } else { "" }).collect();
        return Node::string(text, at);
    }
    let mut text = String::new();
    let mut locals: Vec<Entry> = Vec::new();
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(&piece.replace("${", "${!")),
            Part::Reference(name) => text.push_str(&format!("${{{name}}}")),
            Part::Local(name, value) => {
                text.push_str(&format!("${{{name}}}"));
                if locals.iter().all(|local| local.key != name) {
                    locals.push(Entry { key: name, at, value });
                }
            }
        }
    }
    let text = Node::string(text, at);
    if locals.is_empty() {
        return Node::single("Fn::Sub", text);
    }
    Node::single("Fn::Sub", Node::new(Value::List(vec![text, Node::new(Value::Map(locals), at)]), at))
}
