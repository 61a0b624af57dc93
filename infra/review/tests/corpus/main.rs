//! The changes of `tests/corpus/*.md`, each judged as AWS's documentation does. One test a case, named `family/heading`; the tests of the
//! reader of that Markdown run with them.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the failure")]

mod diff;
mod malformed;
mod markdown;
mod verdict;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use markdown::{Case, Language, Text};
use review::{Options, Pair, RULES, Review, Severity, Template, parse, review};

const TODAY: (i32, u8, u8) = (2026, 6, 1);
/// As many as there were; a case that is lost is noticed.
const AT_LEAST: usize = 457;

impl Text {
    fn parsed(&self) -> Result<Template, String> {
        parse(&self.place, &self.text).map_err(|error| error.to_string())
    }
}

impl Case {
    fn review(&self, after: &str, without: &[&str]) -> Result<Review, String> {
        let after = parse(&self.after.place, after).map_err(|error| error.to_string())?;
        let pair =
            Pair { stage: None, stack: "Corpus".to_owned(), before: Some(self.before.parsed()?), after: Some(after) };
        Ok(review(&[pair], &Options { today: TODAY, without, ..Options::default() }))
    }

    /// The differences between the expected and the given verdict, one a line; empty: none.
    fn check(&self, without: &[&str]) -> String {
        match self.review(&self.after.text, without) {
            Ok(review) => self.verdict.differences(&review),
            Err(error) => format!("  does not parse: {error}\n"),
        }
    }
}

fn judged_as_documented(case: &Case) -> Result<(), Failed> {
    let differences = case.check(&[]);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{}: {} ({})\n{differences}", case.place, case.why, case.documentation).into())
}

fn nothing_changes_against_itself(cases: &[Case]) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for case in cases {
        for text in [&case.before, &case.after] {
            let template = text.parsed()?;
            let pair = |before, after| Pair { stage: None, stack: "Corpus".to_owned(), before, after };
            let same = review(&[pair(Some(template.clone()), Some(template))], &Options::default());
            if !same.is_empty() {
                wrong.push(text.place.clone());
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// An acceptance of exactly what was found takes the danger away until its day, and nothing else does.
fn accepted_dangers_are_dangerous_again_after_their_day(cases: &[Case]) -> Result<(), Failed> {
    let mut wrong = String::new();
    for case in cases.iter().filter(|case| case.verdict.dangerous && case.after.language == Language::Yaml) {
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
        if !case.verdict.differences(&found).is_empty() {
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
    let dangerous = cases.iter().filter(|case| case.verdict.dangerous).count();
    let harmless = cases.len() - dangerous;
    if cases.len() < AT_LEAST {
        return Err(format!("{} cases, {AT_LEAST} there were", cases.len()).into());
    }
    if harmless * 5 < cases.len() * 2 {
        return Err(format!("{dangerous} dangerous, {harmless} harmless").into());
    }
    Ok(())
}

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let (cases, malformed) = markdown::read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"));
    let cases = Arc::new(cases);
    let mut trials = malformed::trials();
    trials.push(Trial::test("the_corpus_is_well_formed", move || {
        if malformed.is_empty() { Ok(()) } else { Err(malformed.join("\n").into()) }
    }));
    for (at, case) in cases.iter().enumerate() {
        let cases = Arc::clone(&cases);
        trials.push(Trial::test(format!("{}/{}", case.family, case.name), move || judged_as_documented(&cases[at])));
    }
    for (name, check) in [
        ("corpus_is_large_and_balanced", corpus_is_large_and_balanced as fn(&[Case]) -> Result<(), Failed>),
        ("nothing_changes_against_itself", nothing_changes_against_itself),
        ("every_rule_is_missed_when_it_is_gone", every_rule_is_missed_when_it_is_gone),
        ("accepted_dangers_are_dangerous_again_after_their_day", accepted_dangers_are_dangerous_again_after_their_day),
    ] {
        let cases = Arc::clone(&cases);
        trials.push(Trial::test(name, move || check(&cases)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
