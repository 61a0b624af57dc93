//! The rules about exceptions: each has a reason, and an accepted danger an end date.

use cfn::{Diagnostic, Json, ResourceEntry, Template};

use super::read::field;
use super::{Rule, Stage, examples};

pub(super) const WITHOUT_REASON: Rule = Rule {
    id: "exception-without-reason",
    refuses: "a suppressed finding of a linter, or an acknowledged danger, that does not say why",
    example: "Metadata.checkov.skip with an id and no comment",
    fix: "write the reason beside it: Suppression::checkov(\"CKV_AWS_27\", \"why\")",
    refused: examples::without_reason,
    check: |stage, diagnostics| {
        for (template, entry) in places(stage) {
            let metadata = |path: &[&str]| metadata(template, entry, path);
            let mut nameless = Vec::new();
            for skip in items(metadata(&["checkov", "skip"])).filter(|skip| is_blank(field(skip, "comment"))) {
                nameless.push(("Metadata.checkov.skip", field(skip, "id")));
            }
            for (list, reasons) in [
                (&["cfn-lint", "config", "ignore_checks"][..], ["cfn-lint", "reasons"]),
                (&["guard", "SuppressedRules"], ["guard", "Reasons"]),
            ] {
                for rule in items(metadata(list)) {
                    let reason = metadata(&reasons).and_then(|reasons| field(reasons, rule.as_str()?));
                    if is_blank(reason) {
                        let path = if list[0] == "guard" { "Metadata.guard" } else { "Metadata.cfn-lint" };
                        nameless.push((path, Some(rule)));
                    }
                }
            }
            for accepted in items(metadata(&["Acknowledged"])).filter(|accepted| is_blank(field(accepted, "Reason"))) {
                nameless.push(("Metadata.Acknowledged", field(accepted, "Rule")));
            }
            for (path, rule) in nameless {
                let what = format!("{} without a reason", rule.and_then(Json::as_str).unwrap_or("an exception"));
                diagnostics.push(refuse(&WITHOUT_REASON, (template, entry), path, what, "a sentence that says why"));
            }
        }
    },
};

pub(super) const WITHOUT_EXPIRY: Rule = Rule {
    id: "acknowledgement-without-expiry",
    refuses: "an acknowledged danger without an end date",
    example: "Metadata.Acknowledged with Until \"never\"",
    fix: "write the last day on which it holds, such as 2027-03-31",
    refused: examples::without_expiry,
    check: |stage, diagnostics| {
        for (template, entry) in places(stage) {
            for accepted in items(metadata(template, entry, &["Acknowledged"])) {
                let until = field(accepted, "Until").and_then(Json::as_str).unwrap_or_default();
                if !is_date(until) {
                    let what = format!("Until {until:?}");
                    let place = (template, entry);
                    diagnostics.push(refuse(
                        &WITHOUT_EXPIRY,
                        place,
                        "Metadata.Acknowledged",
                        what,
                        "a day of the calendar",
                    ));
                }
            }
        }
    },
};

/// Every resource of every template, and each template as a whole.
fn places<'a>(stage: &Stage<'a>) -> impl Iterator<Item = (&'a Template, Option<&'a ResourceEntry>)> {
    stage.templates.iter().flat_map(|template| {
        let entries = template.resources().iter().map(move |entry| (*template, Some(entry)));
        std::iter::once((*template, None)).chain(entries)
    })
}

fn metadata<'a>(template: &'a Template, entry: Option<&'a ResourceEntry>, path: &[&str]) -> Option<&'a Json> {
    let first = match entry {
        Some(entry) => entry.parts.metadata.get(path[0])?,
        None => template.get_metadata(path[0])?,
    };
    path[1..].iter().try_fold(first, |json, key| field(json, key))
}

fn items(list: Option<&Json>) -> impl Iterator<Item = &Json> {
    list.and_then(Json::as_list).unwrap_or_default().iter()
}

fn is_blank(reason: Option<&Json>) -> bool {
    reason.and_then(Json::as_str).is_none_or(|reason| reason.trim().is_empty())
}

/// A day of the Gregorian calendar as `2027-03-31`.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u32>().ok()));
    let (Some((4, Some(year))), Some((2, Some(month))), Some((2, Some(day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn refuse(
    rule: &Rule,
    (template, entry): (&Template, Option<&ResourceEntry>),
    path: &str,
    what: String,
    allowed: &str,
) -> Diagnostic {
    match entry {
        Some(entry) => rule.at(template, entry, path, what, allowed.to_owned()),
        None => Diagnostic {
            rule: rule.id,
            stack: template.name().to_owned(),
            logical_id: String::new(),
            kind: String::new(),
            path: path.to_owned(),
            message: format!("{what}; allowed: {allowed}"),
            fix: rule.fix.to_owned(),
        },
    }
}
