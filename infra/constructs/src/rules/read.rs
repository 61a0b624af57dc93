//! How rules read a template: literals as numbers and texts, references as logical ids. Never guesses: what is not
//! written down reads as `None`.

use cfn::{Intrinsic, Json, ResourceEntry, Template};

/// Resources of one type, with their templates.
pub(super) fn of_type<'a>(
    templates: &'a [&'a Template],
    resource_type: &'a str,
) -> impl Iterator<Item = (&'a Template, &'a ResourceEntry)> {
    templates.iter().flat_map(move |template| {
        let entries = template.resources().iter().filter(move |entry| entry.parts.resource_type == resource_type);
        entries.map(move |entry| (*template, entry))
    })
}

/// A property by its dotted path.
pub(super) fn property<'a>(entry: &'a ResourceEntry, path: &str) -> Option<&'a Json> {
    let mut names = path.split('.');
    let first = entry.parts.properties.get(names.next()?)?;
    names.try_fold(first, field)
}

/// The value of a key; `None` for an entry that is dropped when the template is written.
pub(super) fn field<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    json.get(key).filter(|value| **value != Json::Absent)
}

/// A literal number, including one written as text.
pub(super) fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Integer(number) => Some(*number as f64),
        Json::Number(number) => Some(*number),
        _ => json.as_str()?.parse().ok(),
    }
}

/// The number at a path: `default` if absent, `None` if it is known only at deployment.
pub(super) fn number_or(entry: &ResourceEntry, path: &str, default: f64) -> Option<f64> {
    property(entry, path).map_or(Some(default), number)
}

/// The logical id that a `Ref`, a `GetAtt`, or a `Sub` of nothing else refers to.
pub(super) fn referred(json: &Json) -> Option<&str> {
    match json.as_intrinsic()? {
        Intrinsic::Ref(id) => Some(id),
        Intrinsic::GetAtt(id, _) => Some(id),
        Intrinsic::Sub(text, values) if values.is_empty() => {
            let name = text.strip_prefix("${")?.strip_suffix('}')?;
            if name.contains('$') { None } else { name.split('.').next() }
        }
        _ => None,
    }
}

/// The resource that a value refers to, in the same template.
pub(super) fn resource<'a>(template: &'a Template, json: &Json) -> Option<&'a ResourceEntry> {
    let id = referred(json)?;
    template.resources().iter().find(|entry| entry.id.as_str() == id)
}

/// The source and the function that an event source mapping connects, as far as they are of the template.
pub(super) fn ends<'a>(
    template: &'a Template,
    mapping: &'a ResourceEntry,
) -> (Option<&'a ResourceEntry>, Option<&'a ResourceEntry>) {
    let end = |path| property(mapping, path).and_then(|reference| resource(template, reference));
    (end("EventSourceArn"), end("FunctionName"))
}

/// The list, or the value itself as a list of one: IAM accepts both.
pub(super) fn one_or_many(json: &Json) -> &[Json] {
    json.as_list().unwrap_or(std::slice::from_ref(json))
}

/// The value as a person would write it, for messages.
pub(super) fn shown(json: &Json) -> String {
    match json {
        Json::Bool(value) => value.to_string(),
        Json::Integer(number) => number.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) | Json::Custom(text) => format!("{text:?}"),
        _ => match (referred(json), json.as_intrinsic()) {
            (Some(id), _) => format!("a reference to {id}"),
            (None, Some(_)) => "an intrinsic".to_owned(),
            (None, None) => "a structure".to_owned(),
        },
    }
}
