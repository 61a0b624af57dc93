//! Outlines of the types of services without a facts file: which properties replace the resource, and which cannot be read back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::facts::{Property, Replacement, ResourceType, Schema};

/// Deeper nested types add nothing new.
const DEPTH: usize = 6;

/// One line per type, sorted: its name, then a path for each property with stronger facts than those around it, marked `!` replaces, `?` may
/// replace, `~` write-only. Indexes and map keys are not part of a path.
pub fn table(types: &BTreeMap<String, ResourceType>) -> String {
    let mut out = String::new();
    for (name, kind) in types {
        let mut words = Vec::new();
        walk(kind, &kind.properties, &mut String::new(), Replacement::No, 0, &mut words);
        let _ = writeln!(out, "{name}{}{}", if words.is_empty() { "" } else { " " }, words.join(" "));
    }
    out
}

/// A word of a line.
#[derive(Debug, PartialEq)]
pub struct Outlined<'a> {
    pub path: &'a str,
    pub replacement: Replacement,
    pub write_only: bool,
}

/// The types of a table, and the words of each.
///
/// # Errors
/// A line without a name, a word without a mark, lines that are not sorted.
pub fn read(table: &str) -> Result<Vec<(&str, Vec<Outlined<'_>>)>> {
    let mut types: Vec<(&str, Vec<Outlined<'_>>)> = Vec::new();
    for line in table.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        if types.last().is_some_and(|(before, _)| *before >= name) || name.is_empty() {
            bail!("`{name}` does not follow in the order of the names");
        }
        types.push((name, words.map(outlined).collect::<Result<_>>()?));
    }
    Ok(types)
}

fn outlined(word: &str) -> Result<Outlined<'_>> {
    let path = word.trim_end_matches(['!', '?', '~']);
    let (replacement, write_only) = match &word[path.len()..] {
        "!" => (Replacement::Yes, false),
        "?" => (Replacement::Maybe, false),
        "~" => (Replacement::No, true),
        "!~" => (Replacement::Yes, true),
        "?~" => (Replacement::Maybe, true),
        marks => bail!("`{word}` ends with `{marks}`, not with one of ! ? ~ !~ ?~"),
    };
    Ok(Outlined { path, replacement, write_only })
}

fn walk(
    kind: &ResourceType,
    properties: &BTreeMap<String, Property>,
    path: &mut String,
    around: Replacement,
    depth: usize,
    words: &mut Vec<String>,
) {
    for (name, property) in properties {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        let stronger = match (around, property.replacement) {
            (Replacement::No, stronger @ (Replacement::Maybe | Replacement::Yes))
            | (Replacement::Maybe, stronger @ Replacement::Yes) => Some(stronger),
            _ => None,
        };
        let mark = match stronger {
            Some(Replacement::Yes) => "!",
            Some(Replacement::Maybe) => "?",
            _ => "",
        };
        if stronger.is_some() || property.write_only {
            words.push(format!("{path}{mark}{}", if property.write_only { "~" } else { "" }));
        }
        let innermost =
            std::iter::successors(Some(&property.schema), |schema: &&Schema| schema.items.as_deref()).last();
        let nested = innermost.and_then(Schema::definition).and_then(|name| kind.definitions.get(name));
        if let Some(nested) = nested.filter(|_| depth < DEPTH && !property.write_only) {
            walk(kind, nested, path, stronger.unwrap_or(around), depth + 1, words);
        }
        path.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(kind: &str, replacement: Replacement, write_only: bool) -> Property {
        Property { schema: Schema::of(kind), replacement, write_only, ..Property::default() }
    }

    #[test]
    fn a_nested_property_is_named_when_it_says_more_than_those_around_it() {
        let inner = BTreeMap::from([
            ("Fixed".to_owned(), property("string", Replacement::Yes, false)),
            ("Free".to_owned(), property("string", Replacement::No, false)),
            ("Secret".to_owned(), property("string", Replacement::No, true)),
        ]);
        let kind = ResourceType {
            properties: BTreeMap::from([
                ("Name".to_owned(), property("string", Replacement::Yes, false)),
                ("Settings".to_owned(), property("Inner", Replacement::Maybe, false)),
                ("Size".to_owned(), property("integer", Replacement::No, false)),
            ]),
            definitions: BTreeMap::from([("Inner".to_owned(), inner)]),
            ..ResourceType::default()
        };
        let types = BTreeMap::from([("AWS::A::B".to_owned(), kind), ("AWS::A::C".to_owned(), ResourceType::default())]);
        assert_eq!(table(&types), "AWS::A::B Name! Settings? Settings.Fixed! Settings.Secret~\nAWS::A::C\n");
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let table = "AWS::A::B Name! Settings? Settings.Fixed!~ Settings.Secret~\nAWS::A::C\n";
        let outlined = |path, replacement, write_only| Outlined { path, replacement, write_only };
        let wanted = vec![
            outlined("Name", Replacement::Yes, false),
            outlined("Settings", Replacement::Maybe, false),
            outlined("Settings.Fixed", Replacement::Yes, true),
            outlined("Settings.Secret", Replacement::No, true),
        ];
        assert_eq!(read(table).unwrap(), [("AWS::A::B", wanted), ("AWS::A::C", Vec::new())]);
        for broken in ["AWS::A::B Name", "AWS::A::B Name~!", "AWS::A::C\nAWS::A::B\n", "\n"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }
}
