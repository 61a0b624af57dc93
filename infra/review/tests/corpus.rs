//! The named changes of `tests/corpus`, each a pair of templates and the verdict that AWS's documentation gives it. One test a case.
//!
//! `expected.toml` lists every change and no other: `action` and `replacement` (a list: the documentation leaves it open), `categories`
//! exactly, `may`: categories that are fine besides, as notices or as another word for the same thing. What a rule finds is never the
//! source of an expectation.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the failure")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, process};

use libtest_mimic::{Arguments, Failed, Trial};
use review::{Change, Options, Pair, RULES, Review, Severity, Template, parse, review};
use serde::Deserialize;

const TODAY: (i32, u8, u8) = (2026, 6, 1);
const AT_LEAST: usize = 440;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// One sentence with the page of AWS's documentation that says so.
    why: String,
    dangerous: bool,
    #[serde(default)]
    change: Vec<ExpectedChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedChange {
    logical_id: String,
    action: OneOf,
    replacement: OneOf,
    categories: BTreeSet<String>,
    #[serde(default)]
    may: BTreeSet<String>,
    /// The text differs and the meaning does not: it need not be listed.
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    reason_mentions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOf {
    This(String),
    Any(Vec<String>),
}

impl OneOf {
    fn has(&self, value: &str) -> bool {
        match self {
            Self::This(only) => only == value,
            Self::Any(all) => all.iter().any(|one| one == value),
        }
    }
}

impl std::fmt::Display for OneOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::This(only) => f.write_str(only),
            Self::Any(all) => f.write_str(&all.join(" or ")),
        }
    }
}

struct Case {
    name: String,
    expected: Expected,
    before: Text,
    after: Text,
}

struct Text {
    path: PathBuf,
    text: String,
}

impl Text {
    fn read(folder: &Path, stem: &str) -> Self {
        let mut paths = ["yaml", "json"].map(|extension| folder.join(format!("{stem}.{extension}"))).into_iter();
        let path = paths.find(|path| path.is_file()).unwrap_or_else(|| panic!("{}: no {stem}", folder.display()));
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    fn parsed(&self) -> Result<Template, String> {
        parse(&self.path.display().to_string(), &self.text).map_err(|error| error.to_string())
    }
}

impl Case {
    fn review(&self, after: &str, without: &[&str]) -> Result<Review, String> {
        let after = parse(&self.after.path.display().to_string(), after).map_err(|error| error.to_string())?;
        let pair =
            Pair { stage: None, stack: "Corpus".to_owned(), before: Some(self.before.parsed()?), after: Some(after) };
        Ok(review(&[pair], &Options { today: TODAY, without, ..Options::default() }))
    }

    /// The differences between the expected and the given verdict, one a line; empty: none.
    fn check(&self, without: &[&str]) -> String {
        match self.review(&self.after.text, without) {
            Ok(review) => differences(&self.expected, &review),
            Err(error) => format!("  does not parse: {error}\n"),
        }
    }
}

/// The word that the JSON output has for it.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn differences(expected: &Expected, review: &Review) -> String {
    let mut out = String::new();
    if review.is_dangerous() != expected.dangerous {
        let words = |dangerous| if dangerous { "dangerous" } else { "harmless" };
        let (said, wanted) = (words(review.is_dangerous()), words(expected.dangerous));
        writeln!(out, "  the whole is called {said}, and is {wanted}").unwrap();
    }
    for wanted in &expected.change {
        match review.changes.iter().find(|change| change.logical_id == wanted.logical_id) {
            Some(change) => change_differences(wanted, change, &mut out),
            None if wanted.optional => {}
            None => writeln!(out, "  {}: not found, and it changes ({})", wanted.logical_id, wanted.action).unwrap(),
        }
    }
    for change in &review.changes {
        if !expected.change.iter().any(|wanted| wanted.logical_id == change.logical_id) {
            writeln!(out, "  {}: found ({}), and nothing changes there", change.logical_id, describe(change)).unwrap();
        }
    }
    out
}

fn change_differences(wanted: &ExpectedChange, change: &Change, out: &mut String) {
    let id = &wanted.logical_id;
    let action = word(change.action);
    if !wanted.action.has(&action) {
        writeln!(out, "  {id}: action {action}, and it is {}", wanted.action).unwrap();
    }
    let replacement = word(change.replacement);
    if !wanted.replacement.has(&replacement) {
        writeln!(out, "  {id}: replacement {replacement}, and it is {}", wanted.replacement).unwrap();
    }
    let categories: BTreeSet<String> = change.categories().into_iter().map(word).collect();
    for missing in wanted.categories.difference(&categories) {
        writeln!(out, "  {id}: {missing} is missing").unwrap();
    }
    for category in &categories {
        if !wanted.categories.contains(category) && !wanted.may.contains(category) {
            writeln!(out, "  {id}: {category} is wrong ({})", describe(change)).unwrap();
        }
    }
    for mention in &wanted.reason_mentions {
        let mention = mention.to_lowercase();
        let said = change.findings.iter().any(|finding| finding.reason.to_lowercase().contains(&mention))
            || change.reason().to_lowercase().contains(&mention);
        if !said {
            writeln!(out, "  {id}: no reason mentions {mention:?} ({})", describe(change)).unwrap();
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

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: &PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = toml::from_str(&fs::read_to_string(folder.join("expected.toml")).unwrap())
            .unwrap_or_else(|error| panic!("{name}/expected.toml: {error}"));
        Case { expected, before: Text::read(folder, "before"), after: Text::read(folder, "after"), name }
    };
    folders.iter().map(read).collect()
}

fn verdict(case: &Case) -> Result<(), Failed> {
    let differences = case.check(&[]);
    if differences.is_empty() { Ok(()) } else { Err(format!("{}\n{differences}", case.expected.why).into()) }
}

fn nothing_changes_against_itself(cases: &[Case]) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for case in cases {
        for text in [&case.before, &case.after] {
            let template = text.parsed()?;
            let pair = |before, after| Pair { stage: None, stack: "Corpus".to_owned(), before, after };
            let same = review(&[pair(Some(template.clone()), Some(template))], &Options::default());
            if !same.is_empty() {
                wrong.push(text.path.display().to_string());
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// An acceptance of exactly what was found takes the danger away until its day, and nothing else does.
fn accepted_dangers_are_dangerous_again_after_their_day(cases: &[Case]) -> Result<(), Failed> {
    let mut wrong = String::new();
    for case in cases.iter().filter(|case| case.expected.dangerous && case.after.path.ends_with("after.yaml")) {
        let found = case.review(&case.after.text, &[])?;
        let accepted = |until: &str, reason: &str| {
            let mut text = format!("{}Metadata:\n  Acknowledged:\n", case.after.text);
            for change in &found.changes {
                for finding in change.findings.iter().filter(|finding| finding.severity == Severity::Danger) {
                    let (rule, id) = (finding.rule, &change.logical_id);
                    writeln!(text, "    - {{Rule: {rule}, LogicalId: {id}, Reason: {reason}, Until: {until}}}")
                        .unwrap();
                }
            }
            case.review(&text, &[])
        };
        if !found.is_dangerous() {
            continue;
        }
        for (until, reason, dangerous) in [
            ("'2026-12-31'", "agreed with the team", false),
            ("'2026-05-31'", "agreed with the team", true),
            ("'2026-12-31'", "''", true),
            ("''", "agreed with the team", true),
        ] {
            if accepted(until, reason)?.is_dangerous() != dangerous {
                writeln!(wrong, "  {}: Until {until}, Reason {reason}: dangerous is {}", case.name, !dangerous)
                    .unwrap();
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// With a rule switched off a case that passes must fail; else nobody would notice the rule's loss.
fn every_rule_is_missed_when_it_is_gone(cases: &[Case]) -> Result<(), Failed> {
    let mut missed = BTreeSet::new();
    for case in cases {
        let Ok(found) = case.review(&case.after.text, &[]) else { continue };
        if !differences(&case.expected, &found).is_empty() {
            continue;
        }
        let fired: BTreeSet<&str> =
            found.changes.iter().flat_map(|change| &change.findings).map(|finding| finding.rule).collect();
        missed.extend(fired.into_iter().filter(|&rule| !case.check(&[rule]).is_empty()));
    }
    let unnoticed: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !missed.contains(id)).collect();
    if unnoticed.is_empty() {
        return Ok(());
    }
    Err(format!("nothing fails without {} of {} rules:\n  {}", unnoticed.len(), RULES.len(), unnoticed.join("\n  "))
        .into())
}

fn corpus_is_large_and_balanced(cases: &[Case]) -> Result<(), Failed> {
    let dangerous = cases.iter().filter(|case| case.expected.dangerous).count();
    let harmless = cases.len() - dangerous;
    if cases.len() < AT_LEAST {
        return Err(format!("{} cases, {AT_LEAST} there were", cases.len()).into());
    }
    if harmless * 5 < cases.len() * 2 {
        return Err(format!("{dangerous} dangerous, {harmless} harmless").into());
    }
    let unsourced: Vec<&str> = cases
        .iter()
        .filter(|case| !case.expected.why.contains("https://docs.aws.amazon.com/"))
        .map(|case| case.name.as_str())
        .collect();
    if unsourced.is_empty() { Ok(()) } else { Err(format!("no documentation named: {unsourced:?}").into()) }
}

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> =
        cases().into_iter().map(|case| Trial::test(case.name.clone(), move || verdict(&case))).collect();
    for (name, check) in [
        ("corpus_is_large_and_balanced", corpus_is_large_and_balanced as fn(&[Case]) -> Result<(), Failed>),
        ("nothing_changes_against_itself", nothing_changes_against_itself),
        ("every_rule_is_missed_when_it_is_gone", every_rule_is_missed_when_it_is_gone),
        ("accepted_dangers_are_dangerous_again_after_their_day", accepted_dangers_are_dangerous_again_after_their_day),
    ] {
        trials.push(Trial::test(name, move || check(&cases())));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
