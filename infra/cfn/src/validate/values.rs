//! Literal values against the facts: types, required and unknown properties, patterns, lengths, ranges, counts, known values.

use std::collections::HashMap;

use facts::{Kind, Property, Rule, Schema};
use regex_lite::Regex;

use super::{Report, Subject, nearest};
use crate::{Json, Template};

pub(super) fn check(template: &Template, report: &mut Report<'_>) {
    let mut checker = Checker { patterns: HashMap::new(), report, hidden: false };
    for entry in &template.resources {
        let subject = Subject { id: Some(&entry.id), kind: &entry.parts.resource_type };
        let properties = || entry.parts.properties.iter();
        for (name, value) in properties() {
            checker.finite(value, name, subject);
        }
        if let Some(known) = facts::resource_type(&entry.parts.resource_type) {
            // A custom resource accepts whatever its function accepts.
            let open = known.name == "AWS::CloudFormation::CustomResource";
            checker.object(properties(), known.properties, "", open, subject);
        }
    }
}

struct Checker<'a, 'b> {
    patterns: HashMap<&'static str, Option<Regex>>,
    report: &'a mut Report<'b>,
    /// The value here is write-only and may be a secret: no message repeats it.
    hidden: bool,
}

impl Checker<'_, '_> {
    fn object<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v str, &'v Json)> + Clone,
        known: &'static [Property],
        path: &str,
        open: bool,
        subject: Subject<'_>,
    ) {
        for (name, value) in entries.clone() {
            let path = join(path, name);
            match facts::find(known, name) {
                Some(property) => {
                    let around = self.hidden;
                    self.hidden |= property.write_only;
                    self.value(value, &property.schema, &path, subject);
                    self.hidden = around;
                }
                None if open || *value == Json::Absent => {}
                None => {
                    let fix = match nearest(name, known.iter().map(|property| property.name)) {
                        Some(near) => format!("did you mean `{near}`"),
                        None => format!("it has {}", some(known.iter().map(|property| property.name))),
                    };
                    self.report.add("unknown-property", subject, &path, "there is no such property", fix);
                }
            }
        }
        for property in known.iter().filter(|property| property.required) {
            if !entries.clone().any(|(name, value)| name == property.name && *value != Json::Absent) {
                let path = join(path, property.name);
                self.report.add("required-property", subject, &path, "a required property is missing", "set it");
            }
        }
    }

    fn value(&mut self, value: &Json, schema: &'static Schema, path: &str, subject: Subject<'_>) {
        match (schema.kind, value) {
            (_, Json::Absent | Json::Intrinsic(_)) => {}
            // An intrinsic in its long form, written manually.
            (_, Json::Object(entries))
                if entries.len() == 1 && (entries[0].0 == "Ref" || entries[0].0.starts_with("Fn::")) => {}
            (Kind::Json, _) => {}
            (Kind::String, Json::String(text)) => self.text(text, schema.rules, true, path, subject),
            (Kind::String, Json::Custom(text)) => self.text(text, schema.rules, false, path, subject),
            (Kind::Timestamp, Json::String(_) | Json::Custom(_)) | (Kind::Boolean, Json::Bool(_)) => {}
            (Kind::Integer | Kind::Number, Json::Integer(number)) => {
                #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
                self.number(*number as f64, schema.rules, path, subject);
            }
            (Kind::Number, Json::Number(number)) => self.number(*number, schema.rules, path, subject),
            (Kind::List(item), Json::List(items)) => {
                self.count(items, schema.rules, path, subject);
                for (index, value) in items.iter().enumerate() {
                    self.value(value, item, &format!("{path}[{index}]"), subject);
                }
            }
            (Kind::Map(item), Json::Object(entries)) => {
                for (key, value) in entries {
                    self.value(value, item, &join(path, key), subject);
                }
            }
            (Kind::Object(definition), Json::Object(entries)) => {
                let entries = entries.iter().map(|(name, value)| (name.as_ref(), value));
                self.object(entries, definition.properties, path, false, subject);
            }
            (Kind::Tag, Json::Object(entries)) => {
                let entries = entries.iter().map(|(name, value)| (name.as_ref(), value));
                self.object(entries, TAG, path, false, subject);
            }
            (kind, other) => {
                let message = format!("{} is no {}", brief(other), name_of(kind));
                self.report.add("wrong-type", subject, path, message, format!("give a {}", name_of(kind)));
            }
        }
    }

    fn text(&mut self, text: &str, rules: &[Rule], known_only: bool, path: &str, subject: Subject<'_>) {
        let length = text.chars().count() as u64;
        for rule in rules {
            let (name, message, fix) = match *rule {
                Rule::MinLength(least) if length < least => (
                    "length",
                    format!("{} has {length} characters, fewer than {least}", self.shown(text)),
                    format!("use at least {least}"),
                ),
                Rule::MaxLength(most) if length > most => (
                    "length",
                    format!("{} has {length} characters, more than {most}", self.shown(text)),
                    format!("use at most {most}"),
                ),
                Rule::Pattern(pattern) if !self.matches(pattern, text) => (
                    "pattern",
                    format!("{} does not match {pattern}", self.shown(text)),
                    "change it so that it matches".to_owned(),
                ),
                Rule::Values(values) if known_only && !values.contains(&text) => unknown_value(text, values),
                Rule::ValuesInAnyCase(values)
                    if known_only && !values.iter().any(|value| value.eq_ignore_ascii_case(text)) =>
                {
                    unknown_value(text, values)
                }
                _ => continue,
            };
            self.report.add(name, subject, path, message, fix);
        }
    }

    fn shown(&self, text: &str) -> String {
        if self.hidden { "the value".to_owned() } else { brief_text(text) }
    }

    fn number(&mut self, number: f64, rules: &[Rule], path: &str, subject: Subject<'_>) {
        let limit = |wanted: fn(&Rule) -> Option<f64>| rules.iter().find_map(wanted);
        let least = limit(|rule| if let Rule::Minimum(least) = rule { Some(*least) } else { None });
        let most = limit(|rule| if let Rule::Maximum(most) = rule { Some(*most) } else { None });
        let message = match (least, most) {
            (Some(least), _) if number < least => format!("{number} is below {least}"),
            (_, Some(most)) if number > most => format!("{number} is above {most}"),
            _ => return,
        };
        let fix = match (least, most) {
            (Some(least), Some(most)) => format!("use {least} to {most}"),
            (Some(least), None) => format!("use at least {least}"),
            (None, most) => format!("use at most {}", most.unwrap_or(f64::INFINITY)),
        };
        self.report.add("range", subject, path, message, fix);
    }

    fn count(&mut self, items: &[Json], rules: &[Rule], path: &str, subject: Subject<'_>) {
        let count = items.iter().filter(|item| **item != Json::Absent).count() as u64;
        for rule in rules {
            let (message, fix) = match *rule {
                Rule::MinItems(least) if count < least => {
                    (format!("{count} items are fewer than {least}"), format!("give at least {least}"))
                }
                Rule::MaxItems(most) if count > most => {
                    (format!("{count} items are more than {most}"), format!("give at most {most}"))
                }
                _ => continue,
            };
            self.report.add("item-count", subject, path, message, fix);
        }
    }

    fn matches(&mut self, pattern: &'static str, text: &str) -> bool {
        let regex = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// JSON and YAML cannot express infinity and NaN.
    fn finite(&mut self, value: &Json, path: &str, subject: Subject<'_>) {
        match value {
            Json::Number(number) if !number.is_finite() => {
                self.report.add(
                    "not-finite",
                    subject,
                    path,
                    format!("{number} cannot be written"),
                    "use a finite number",
                );
            }
            Json::List(items) => items.iter().for_each(|item| self.finite(item, path, subject)),
            Json::Object(entries) => {
                entries.iter().for_each(|(key, value)| self.finite(value, &join(path, key), subject));
            }
            _ => {}
        }
    }
}

/// A tag's key and value, as in all services.
static TAG: &[Property] = &[
    Property {
        name: "Key",
        schema: Schema { kind: Kind::String, rules: &[Rule::MinLength(1), Rule::MaxLength(128)] },
        required: true,
        replacement: facts::Replacement::No,
        write_only: false,
        scrutiny: None,
    },
    Property {
        name: "Value",
        schema: Schema { kind: Kind::String, rules: &[Rule::MaxLength(256)] },
        required: true,
        replacement: facts::Replacement::No,
        write_only: false,
        scrutiny: None,
    },
];

fn unknown_value(text: &str, values: &[&'static str]) -> (&'static str, String, String) {
    let fix = match nearest(text, values.iter().copied()) {
        Some(near) => format!("did you mean `{near}`; `custom(..)` takes newer values"),
        None => "use one of these, or `custom(..)` for a newer value".to_owned(),
    };
    ("known-value", format!("{} is not one of {}", brief_text(text), some(values.iter().copied())), fix)
}

/// The first of many names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.collect();
    match names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
        None => names.join(", "),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Integer => "whole number",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Json => "JSON",
        Kind::Timestamp => "time",
        Kind::Tag => "tag",
        Kind::List(_) => "list",
        Kind::Map(_) => "map",
        Kind::Object(_) => "object",
    }
}

fn brief(value: &Json) -> String {
    match value {
        Json::String(text) | Json::Custom(text) => brief_text(text),
        Json::Integer(number) => number.to_string(),
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        Json::List(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::Null | Json::Absent | Json::Intrinsic(_) => "null".to_owned(),
    }
}

/// Enough of a text to recognize it.
fn brief_text(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}..`", &text[..end]),
        None => format!("`{text}`"),
    }
}
