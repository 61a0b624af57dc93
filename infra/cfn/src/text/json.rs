//! JSON with two spaces, keys in declaration order.

use super::{long_form, number};
use crate::Json;

impl Json {
    /// As JSON text with a final newline, keys in declaration order, intrinsics in their long form.
    pub fn to_text(&self) -> String {
        json(self)
    }
}

/// The document as JSON text, with a final newline.
pub(crate) fn json(document: &Json) -> String {
    let mut out = String::new();
    write(&mut out, document, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Json, indent: usize) {
    match value {
        Json::Absent | Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Integer(value) => out.push_str(&value.to_string()),
        Json::Number(value) => out.push_str(&number(*value)),
        Json::String(text) | Json::Custom(text) => quoted(out, text),
        Json::List(items) => {
            let items: Vec<_> = items.iter().filter(|item| **item != Json::Absent).collect();
            block(out, '[', ']', indent, items, write);
        }
        Json::Object(entries) => {
            let entries: Vec<_> = entries.iter().filter(|(_, value)| *value != Json::Absent).collect();
            block(out, '{', '}', indent, entries, |out, (key, value), indent| {
                quoted(out, key);
                out.push_str(": ");
                write(out, value, indent);
            });
        }
        Json::Intrinsic(intrinsic) => {
            let (name, arguments) = long_form(intrinsic);
            write(out, &Json::Object(vec![(name.into(), arguments)]), indent);
        }
    }
}

fn block<T>(
    out: &mut String,
    open: char,
    close: char,
    indent: usize,
    items: Vec<T>,
    mut write_item: impl FnMut(&mut String, T, usize),
) {
    out.push(open);
    let empty = items.is_empty();
    for (index, item) in items.into_iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', indent + 2));
        write_item(out, item, indent + 2);
    }
    if !empty {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
    out.push(close);
}

fn quoted(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
