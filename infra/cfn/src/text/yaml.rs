//! YAML in block style with CloudFormation's short-form tags. Text is quoted only where a YAML 1.1 parser would take it for
//! something else.

use std::borrow::Cow;

use super::{long_form, number};
use crate::Json;

const HEADER: &str =
    "# Generated from the stack's source. Change it there and synthesize again: edits made here are lost.\n";

/// The document as YAML text, with a header that says it is generated.
pub(crate) fn yaml(document: &Json) -> String {
    let mut out = String::from(HEADER);
    match document {
        Json::Object(entries) => object(&mut out, entries, 0, true),
        other => value(&mut out, other, 0, Place::Line),
    }
    if ends_in_space(document) {
        // Some parsers strip the document first, and the block would lose its end.
        out.push_str("# End of the template.\n");
    }
    out
}

/// Whether the last text of the document is a block that ends in spaces or lines.
fn ends_in_space(json: &Json) -> bool {
    match json {
        Json::String(text) | Json::Custom(text) => is_block(text) && text.ends_with(char::is_whitespace),
        Json::List(items) => items.iter().rfind(|item| **item != Json::Absent).is_some_and(ends_in_space),
        Json::Object(entries) => {
            entries.iter().rfind(|(_, value)| *value != Json::Absent).is_some_and(|(_, value)| ends_in_space(value))
        }
        Json::Intrinsic(intrinsic) => ends_in_space(&long_form(intrinsic).1),
        _ => false,
    }
}

/// What precedes a value on its line.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Nothing, or a dash and a space: a block may begin right here.
    Line,
    /// A key's colon or a tag: a block begins on the next line, a scalar after a space.
    Word,
}

/// Writes a value. Further lines of a block are indented by `indent`.
fn value(out: &mut String, json: &Json, indent: usize, place: Place) {
    match json {
        Json::List(items) if items.iter().any(|item| *item != Json::Absent) => {
            let first_inline = place == Place::Line;
            if !first_inline {
                out.push('\n');
            }
            list(out, items, indent, first_inline);
        }
        Json::Object(entries) if entries.iter().any(|(_, value)| *value != Json::Absent) => {
            let first_inline = place == Place::Line;
            if !first_inline {
                out.push('\n');
            }
            object(out, entries, indent, first_inline);
        }
        Json::Intrinsic(intrinsic) => {
            let (name, arguments) = long_form(intrinsic);
            let short = match &arguments {
                // Two consecutive tags are not YAML, and a tag makes every scalar a string.
                Json::Intrinsic(_) | Json::Bool(_) | Json::Integer(_) | Json::Number(_) | Json::Null => None,
                Json::List(items) if name == "Fn::GetAtt" => get_att(items),
                _ => Some(Cow::Borrowed(&arguments)),
            };
            match short {
                Some(arguments) => {
                    if place == Place::Word {
                        out.push(' ');
                    }
                    out.push('!');
                    out.push_str(name.strip_prefix("Fn::").unwrap_or(name));
                    value(out, &arguments, indent, Place::Word);
                }
                None => value(out, &Json::Object(vec![(name.into(), arguments)]), indent, place),
            }
        }
        scalar => {
            if place == Place::Word {
                out.push(' ');
            }
            match scalar {
                Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
                Json::Integer(value) => out.push_str(&value.to_string()),
                Json::Number(value) => out.push_str(&number(*value)),
                Json::String(text) | Json::Custom(text) => string(out, text, indent),
                Json::List(_) => out.push_str("[]"),
                Json::Object(_) => out.push_str("{}"),
                Json::Absent | Json::Null | Json::Intrinsic(_) => out.push_str("null"),
            }
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Json], indent: usize, first_inline: bool) {
    for (index, item) in items.iter().filter(|item| **item != Json::Absent).enumerate() {
        if index > 0 || !first_inline {
            spaces(out, indent);
        }
        out.push_str("- ");
        value(out, item, indent + 2, Place::Line);
    }
}

fn object(out: &mut String, entries: &[(Cow<'static, str>, Json)], indent: usize, first_inline: bool) {
    for (index, (key, entry)) in entries.iter().filter(|(_, value)| *value != Json::Absent).enumerate() {
        if index > 0 || !first_inline {
            spaces(out, indent);
        }
        if is_plain(key) {
            out.push_str(key);
        } else {
            quoted(out, key);
        }
        out.push(':');
        value(out, entry, indent + 2, Place::Word);
    }
}

/// `Id.Attribute`, unless it would be split at a different dot when it is read.
fn get_att(items: &[Json]) -> Option<Cow<'static, Json>> {
    match items {
        [Json::String(id), Json::String(attribute)] if !id.contains('.') => {
            Some(Cow::Owned(format!("{id}.{attribute}").into()))
        }
        _ => None,
    }
}

fn string(out: &mut String, text: &str, indent: usize) {
    if is_plain(text) {
        out.push_str(text);
    } else if is_block(text) {
        out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            out.push('\n');
            if !line.is_empty() {
                spaces(out, indent.max(2));
                out.push_str(line);
            }
        }
    } else {
        quoted(out, text);
    }
}

/// Several lines that can be written as they are.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && text.split('\n').all(|line| line.chars().all(is_printable) && (line.is_empty() || !line.trim().is_empty()))
}

/// Double quotes, unless single quotes avoid escapes.
fn quoted(out: &mut String, text: &str) {
    let single = text.contains(['"', '\\']) && text.chars().all(is_printable);
    if single {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
}

/// Whether every parser reads the bare text as this very string.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    !"-?:,[]{}#&*!|>'\"%@`=<~".contains(first)
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
        && !is_word_of_yaml(text)
        && !is_like_a_number(text)
}

/// Booleans and nulls of YAML 1.1, in any case.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Integers of every base, floats, base 60, dates and times; also some that are not, which are then quoted unnecessarily.
fn is_like_a_number(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['+', '-']);
    matches!(bare, ".inf" | ".nan")
        || (lower.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && lower.chars().all(|c| c.is_ascii_hexdigit() || "xo_.:+-tz ".contains(c)))
}

/// Characters that may appear unescaped in YAML and are read as themselves.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}
