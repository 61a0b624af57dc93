//! Statements of policy documents in normal form. Sid, order, case of actions and list or string make no difference.

use super::{
    condition::Conditions,
    pattern::Pattern,
    text::{self, Guards},
};
use serde_json::Value;

/// The content of a statement, independent of its spelling.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) allow: bool,
    pub(crate) principals: Set,
    pub(crate) actions: Set,
    pub(crate) resources: Set,
    pub(crate) conditions: Conditions,
    /// The template's conditions under which the statement exists at all.
    pub(crate) guards: Guards,
    /// Its place in the properties.
    pub(crate) path: String,
}

/// Principals, actions or resources.
#[derive(Clone, Debug)]
pub(crate) enum Set {
    Only(Vec<Item>),
    /// `NotAction` and the like: everything except these.
    Except(Vec<Item>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) pattern: Pattern,
    pub(crate) guards: Guards,
}

/// One member of a [`Set`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member<'s> {
    Is(&'s Item),
    Except(&'s [Item]),
}

impl Set {
    pub(crate) fn one(pattern: Pattern) -> Set {
        Set::Only(vec![Item { pattern, guards: Guards::new() }])
    }

    pub(crate) fn members(&self) -> Vec<Member<'_>> {
        match self {
            Set::Only(items) => items.iter().map(Member::Is).collect(),
            Set::Except(items) => vec![Member::Except(items)],
        }
    }
}

impl Member<'_> {
    pub(crate) fn text(&self) -> String {
        match self {
            Member::Is(item) => item.pattern.text().to_owned(),
            Member::Except(items) => {
                let names: Vec<&str> = items.iter().map(|item| item.pattern.text()).collect();
                format!("everything but {}", names.join(", "))
            }
        }
    }

    /// Whether this one contains the other one, given a way of comparing patterns.
    pub(crate) fn covers(&self, other: &Member<'_>, covers: impl Fn(&Pattern, &Pattern) -> bool) -> bool {
        match (self, other) {
            (Member::Is(wide), Member::Is(narrow)) => covers(&wide.pattern, &narrow.pattern),
            (Member::Is(wide), Member::Except(_)) => wide.pattern.is_anything(),
            (Member::Except(left_out), Member::Is(narrow)) => {
                !left_out.iter().any(|item| item.pattern.meets(&narrow.pattern))
            }
            (Member::Except(left_out), Member::Except(others)) => {
                left_out.iter().all(|item| others.iter().any(|other| covers(&other.pattern, &item.pattern)))
            }
        }
    }

    pub(crate) fn meets(&self, other: &Member<'_>) -> bool {
        match (self, other) {
            (Member::Is(left), Member::Is(right)) => left.pattern.meets(&right.pattern),
            (Member::Except(left_out), Member::Is(item)) | (Member::Is(item), Member::Except(left_out)) => {
                !left_out.iter().any(|out| out.pattern.covers(&item.pattern))
            }
            (Member::Except(_), Member::Except(_)) => true,
        }
    }

    pub(crate) fn guards(&self) -> impl Iterator<Item = &(String, bool)> {
        match self {
            Member::Is(item) => Some(&item.guards),
            Member::Except(_) => None,
        }
        .into_iter()
        .flatten()
    }
}

/// Whether a value is a policy document: it has statements, and those have an effect.
pub(crate) fn is_document(value: &Value) -> bool {
    value.get("Statement").is_some_and(|statements| {
        let mut found = false;
        text::each(statements, "", &Guards::new(), &mut |statement, _, _| found |= statement.get("Effect").is_some());
        found
    })
}

/// A document that is given as text, also inside `Fn::Sub`.
pub(crate) fn document_of_text(value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        _ => match text::intrinsic(value)? {
            ("Fn::Sub" | "Fn::Join", _) => text::text(value),
            ("Fn::ToJsonString", inner) => return is_document(inner).then(|| inner.clone()),
            _ => return None,
        },
    };
    if !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(&text).ok().filter(is_document)
}

/// All statements of a document, under both branches of each `Fn::If`. `implied`: the resource if the document names none.
pub(crate) fn statements(document: &Value, path: &str, guards: &Guards, implied: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    text::each(document, path, guards, &mut |document, path, guards| {
        let Some(statements) = document.get("Statement") else { return };
        text::each(statements, &format!("{path}.Statement"), guards, &mut |statement, path, guards| {
            found.extend(read(statement, path, guards, implied));
        });
    });
    found
}

/// One statement; several if an `Fn::If` chooses its conditions.
pub(crate) fn read(statement: &Value, path: &str, guards: &Guards, implied: &str) -> Vec<Statement> {
    let nothing = Value::Null;
    let made = |conditions: &Value, guards: Guards| Statement {
        allow: statement.get("Effect").is_none_or(|effect| !text::text(effect).eq_ignore_ascii_case("deny")),
        principals: principals(statement),
        actions: set(statement, "Action", "NotAction", Pattern::folded)
            .unwrap_or_else(|| Set::one(Pattern::folded("*"))),
        resources: set(statement, "Resource", "NotResource", Pattern::new)
            .unwrap_or_else(|| Set::one(Pattern::new(implied))),
        conditions: Conditions::read(conditions),
        guards,
        path: path.to_owned(),
    };
    branches(statement.get("Condition").unwrap_or(&nothing), guards)
        .into_iter()
        .map(|(conditions, guards)| made(conditions, guards))
        .collect()
}

/// Both branches of an `Fn::If`, including an absent one.
fn branches<'v>(value: &'v Value, guards: &Guards) -> Vec<(&'v Value, Guards)> {
    const NOTHING: &Value = &Value::Null;
    match text::intrinsic(value) {
        Some(("Fn::If", Value::Array(parts))) if parts.len() == 3 => [(&parts[1], true), (&parts[2], false)]
            .into_iter()
            .flat_map(|(branch, holds)| {
                let mut inner = guards.clone();
                inner.insert((text::text(&parts[0]), holds));
                branches(branch, &inner)
            })
            .collect(),
        Some(("Ref", Value::String(name))) if name == "AWS::NoValue" => vec![(NOTHING, guards.clone())],
        _ => vec![(value, guards.clone())],
    }
}

fn set(statement: &Value, name: &str, except: &str, pattern: impl Fn(&str) -> Pattern) -> Option<Set> {
    let items = |value: &Value| {
        text::items(value)
            .into_iter()
            .map(|(value, guards)| Item { pattern: pattern(&text::text(value)), guards })
            .collect()
    };
    let only = statement.get(name).map(|value| Set::Only(items(value)));
    only.or_else(|| statement.get(except).map(|value| Set::Except(items(value))))
}

fn principals(statement: &Value) -> Set {
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => Set::Only(principal_items(value)),
        (None, Some(value)) => Set::Except(principal_items(value)),
        (None, None) => Set::Only(vec![Item { pattern: Pattern::literal(""), guards: Guards::new() }]),
    }
}

fn principal_items(value: &Value) -> Vec<Item> {
    let mut found = Vec::new();
    for (value, outer) in text::items(value) {
        let kinds = match value {
            Value::Object(kinds) if text::intrinsic(value).is_none() => kinds.iter().collect::<Vec<_>>(),
            _ => {
                found.push(Item { pattern: principal(&text::text(value)), guards: outer });
                continue;
            }
        };
        for (_, values) in kinds {
            text::each(values, "", &outer, &mut |value, _, guards| {
                found.push(Item { pattern: principal(&text::text(value)), guards: guards.clone() });
            });
        }
    }
    found
}

/// A principal; an account number is its root.
pub(crate) fn principal(text: &str) -> Pattern {
    if text == "*" {
        return Pattern::new("*");
    }
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account || text == "${AWS::AccountId}" {
        return Pattern::literal(&format!("arn:aws:iam::{text}:root"));
    }
    Pattern::literal(&text.replace("${AWS::Partition}", "aws"))
}

/// Whether a principal includes another one: everyone, or the root of its account.
pub(crate) fn principal_covers(wide: &Pattern, narrow: &Pattern) -> bool {
    if wide.is_anything() || wide == narrow {
        return true;
    }
    let Some(account) = wide.text().strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root")) else {
        return false;
    };
    let own = account == "${AWS::AccountId}" && narrow.text().ends_with(".Arn}") && narrow.text().starts_with("${");
    own || [format!("arn:aws:iam::{account}:"), format!("arn:aws:sts::{account}:")]
        .iter()
        .any(|start| narrow.text().starts_with(start.as_str()))
}
