//! IAM policy documents in one normal form, for comparison: lists sorted, single values as lists, actions lower-case.

use template::{Entry, Node, Value, embedded_json};

/// A map with a `Statement`.
pub(crate) fn is_policy(node: &Node) -> bool {
    node.get("Statement").is_some()
}

/// The statements of a policy document, also of one in JSON text.
pub(crate) fn normal(document: &Node) -> Node {
    let parsed = document.as_str().and_then(embedded_json);
    let document = parsed.as_ref().unwrap_or(document);
    let entries = document.entries().iter().map(|entry| match entry.key.as_str() {
        "Statement" => {
            Entry { value: list(entry.value.items().iter().map(statement).collect(), &entry.value), ..entry.clone() }
        }
        _ => entry.clone(),
    });
    Node::new(Value::Map(sorted_entries(entries.collect())), document.at)
}

fn statement(node: &Node) -> Node {
    let entries = node.entries().iter().map(|entry| {
        let value = match entry.key.as_str() {
            "Action" | "NotAction" => list(entry.value.items().iter().map(lower).collect(), &entry.value),
            "Resource" | "NotResource" => list(entry.value.items().to_vec(), &entry.value),
            "Principal" | "NotPrincipal" if entry.value.as_str() == Some("*") => {
                Node::single("AWS", list(vec![entry.value.clone()], &entry.value))
            }
            "Principal" | "NotPrincipal" => lists_below(&entry.value),
            "Condition" => {
                let operators = entry
                    .value
                    .entries()
                    .iter()
                    .map(|operator| Entry { value: lists_below(&operator.value), ..operator.clone() });
                Node::new(Value::Map(sorted_entries(operators.collect())), entry.value.at)
            }
            _ => entry.value.clone(),
        };
        Entry { value, ..entry.clone() }
    });
    if node.is_plain_map() { Node::new(Value::Map(sorted_entries(entries.collect())), node.at) } else { node.clone() }
}

fn lists_below(node: &Node) -> Node {
    if !node.is_plain_map() {
        return node.clone();
    }
    let entries = node.entries().iter().map(|entry| {
        let items = entry
            .value
            .items()
            .iter()
            .map(|item| item.text().map_or_else(|| item.clone(), |text| Node::string(text, item.at)));
        Entry { value: list(items.collect(), &entry.value), ..entry.clone() }
    });
    Node::new(Value::Map(sorted_entries(entries.collect())), node.at)
}

fn lower(action: &Node) -> Node {
    action.as_str().map_or_else(|| action.clone(), |text| Node::string(text.to_ascii_lowercase(), action.at))
}

fn list(mut items: Vec<Node>, from: &Node) -> Node {
    items.sort_by_cached_key(Node::render);
    items.dedup();
    Node::new(Value::List(items), from.at)
}

fn sorted_entries(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|one, two| one.key.cmp(&two.key));
    entries
}
