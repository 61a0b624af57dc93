//! The verdict that AWS's documentation gives a case, and how a review differs from it. What a rule finds is never its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use review::{Action, Category, Change, Replacement, Review};
use serde::Deserialize;

/// Every change and no other, by logical id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verdict {
    pub(crate) dangerous: bool,
    #[serde(default)]
    change: BTreeMap<String, ExpectedChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedChange {
    action: OneOf,
    replacement: OneOf,
    /// Exactly these.
    categories: BTreeSet<String>,
    /// Fine besides, as a notice or as another word for the same thing.
    #[serde(default)]
    may: BTreeSet<String>,
    /// The text differs and the meaning does not: it need not be listed.
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    reason_mentions: Vec<String>,
}

/// A list where the documentation leaves it open.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOf {
    This(String),
    Any(Vec<String>),
}

impl OneOf {
    fn all(&self) -> &[String] {
        match self {
            Self::This(only) => std::slice::from_ref(only),
            Self::Any(all) => all,
        }
    }

    fn has(&self, value: &str) -> bool {
        self.all().iter().any(|one| one == value)
    }
}

impl std::fmt::Display for OneOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.all().join(" or "))
    }
}

impl Verdict {
    /// A word that no review uses: in `may` it would never be noticed.
    pub(crate) fn unknown_word(&self) -> Option<&str> {
        let actions = [Action::Add, Action::Modify, Action::Remove].map(word);
        let replacements = [Replacement::No, Replacement::Maybe, Replacement::Yes].map(word);
        let categories = [
            Category::DataLoss,
            Category::Permissions,
            Category::Exposure,
            Category::Encryption,
            Category::Reliability,
        ]
        .map(word);
        self.change.values().find_map(|change| {
            unknown(change.action.all(), &actions)
                .or_else(|| unknown(change.replacement.all(), &replacements))
                .or_else(|| unknown(&change.categories, &categories))
                .or_else(|| unknown(&change.may, &categories))
        })
    }

    /// The differences between this and the given review, one a line; empty: none.
    pub(crate) fn differences(&self, review: &Review) -> String {
        let mut out = String::new();
        if review.is_dangerous() != self.dangerous {
            let words = |dangerous| if dangerous { "dangerous" } else { "harmless" };
            let (actual, wanted) = (words(review.is_dangerous()), words(self.dangerous));
            writeln!(out, "  the whole is called {actual}, and is {wanted}").unwrap();
        }
        for (id, wanted) in &self.change {
            match review.changes.iter().find(|change| change.logical_id == *id) {
                Some(change) => wanted.differences(id, change, &mut out),
                None if wanted.optional => {}
                None => writeln!(out, "  {id}: not found, and it changes ({})", wanted.action).unwrap(),
            }
        }
        for change in review.changes.iter().filter(|change| !self.change.contains_key(&change.logical_id)) {
            writeln!(out, "  {}: found ({}), and nothing changes there", change.logical_id, describe(change)).unwrap();
        }
        out
    }
}

fn unknown<'a>(words: impl IntoIterator<Item = &'a String>, known: &[String]) -> Option<&'a str> {
    words.into_iter().find(|word| !known.contains(word)).map(String::as_str)
}

/// The word that the JSON output has for it.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

impl ExpectedChange {
    fn differences(&self, id: &str, change: &Change, out: &mut String) {
        let action = word(change.action);
        if !self.action.has(&action) {
            writeln!(out, "  {id}: action {action}, and it is {}", self.action).unwrap();
        }
        let replacement = word(change.replacement);
        if !self.replacement.has(&replacement) {
            writeln!(out, "  {id}: replacement {replacement}, and it is {}", self.replacement).unwrap();
        }
        let categories: BTreeSet<String> = change.categories().into_iter().map(word).collect();
        for missing in self.categories.difference(&categories) {
            writeln!(out, "  {id}: {missing} is missing").unwrap();
        }
        for category in &categories {
            if !self.categories.contains(category) && !self.may.contains(category) {
                writeln!(out, "  {id}: {category} is wrong ({})", describe(change)).unwrap();
            }
        }
        for mention in &self.reason_mentions {
            let mention = mention.to_lowercase();
            let mentioned = change.findings.iter().any(|finding| finding.reason.to_lowercase().contains(&mention))
                || change.reason().to_lowercase().contains(&mention);
            if !mentioned {
                writeln!(out, "  {id}: no reason mentions {mention:?} ({})", describe(change)).unwrap();
            }
        }
    }
}

fn describe(change: &Change) -> String {
    let mut parts = vec![word(change.action)];
    parts.extend(change.properties.iter().map(|property| property.path.clone()));
    parts.extend(
        change.findings.iter().map(|found| format!("{} {}: {}", word(found.severity), found.rule, found.reason)),
    );
    parts.join("; ")
}
