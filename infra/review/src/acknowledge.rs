//! Dangers accepted in the template: `Metadata: Acknowledged: [{Rule, Reason, Until}]` on the resource, or with `LogicalId` in the
//! template's own `Metadata` for a removed one. Without a reason, or after its last day, an entry accepts nothing.

use template::{Node, Template};

use crate::change::{Acceptance, Category, Finding, Severity};
use crate::rules::RULES;
use crate::rules::sections::SECTION_RULES;

/// An entry as written in the template.
struct Entry {
    rule: String,
    reason: String,
    until: String,
}

/// Marks the findings of a change that were accepted, and reports why other entries do not count.
///
/// `place`: a logical id, or `Outputs.Name` and the like for sections next to the resources.
pub(crate) fn apply(
    place: &str,
    findings: &mut Vec<Finding>,
    before: Option<&Template>,
    after: Option<&Template>,
    today: (i32, u8, u8),
) {
    for entry in entries(place, before, after) {
        let verdict = verdict(&entry, today);
        let mut matched = false;
        for finding in findings.iter_mut().filter(|finding| finding.rule == entry.rule) {
            matched = true;
            match &verdict {
                Ok(()) => {
                    finding.accepted = Some(Acceptance { reason: entry.reason.clone(), until: entry.until.clone() });
                }
                Err(refusal) if finding.accepted.is_none() => {
                    finding.reason = format!("{} ({refusal})", finding.reason);
                }
                Err(_) => {}
            }
        }
        let left = date(&entry.until).map_or(i64::MAX, |until| days(until) - days(today));
        if verdict.is_ok() && matched && (0..=SOON).contains(&left) {
            let ends = match left {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                left => format!("in {left} days"),
            };
            findings.push(Finding {
                category: category(&entry.rule),
                rule: "acknowledgement/expires",
                severity: Severity::Notice,
                path: "Metadata.Acknowledged".to_owned(),
                reason: format!("the acknowledgement of `{}` ends {ends}, on {}", entry.rule, entry.until),
                accepted: None,
            });
        }
        let known = known(&entry.rule);
        let refusal = match (&verdict, known) {
            (_, None) => {
                Some(format!("the acknowledgement of `{}` accepts nothing: there is no such rule", entry.rule))
            }
            // An expired entry that nothing needs any more is clutter, not a danger.
            (Err(refusal), Some(_)) if !matched && !refusal.starts_with(EXPIRED) => {
                Some(format!("the acknowledgement of `{}` is invalid: {refusal}", entry.rule))
            }
            _ => None,
        };
        findings.extend(refusal.map(|reason| Finding {
            category: category(&entry.rule),
            rule: "acknowledgement/refused",
            severity: Severity::Danger,
            path: "Metadata.Acknowledged".to_owned(),
            reason,
            accepted: None,
        }));
    }
}

/// Days before the end in which a notice is shown.
const SOON: i64 = 30;

/// The category of an existing rule.
fn known(rule: &str) -> Option<Category> {
    let of_resources = RULES.iter().map(|rule| (rule.id, rule.category));
    let mut all = of_resources.chain(SECTION_RULES.iter().map(|rule| (rule.id, rule.category)));
    all.find(|(id, _)| *id == rule).map(|(_, category)| category)
}

fn category(rule: &str) -> Category {
    known(rule).unwrap_or(Category::Reliability)
}

/// Days since a fixed day long ago: civil calendar arithmetic, with years that start in March.
fn days((year, month, day): (i32, u8, u8)) -> i64 {
    let (year, month) = (i64::from(year) - i64::from(month < 3), i64::from(month));
    let since_march = (month + 9) % 12;
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * since_march + 2) / 5
        + i64::from(day)
}

const EXPIRED: &str = "its acknowledgement expired";

fn verdict(entry: &Entry, today: (i32, u8, u8)) -> Result<(), String> {
    if entry.reason.trim().is_empty() {
        return Err("its acknowledgement has no Reason".to_owned());
    }
    let Some(until) = date(&entry.until) else {
        return Err(format!("its acknowledgement needs Until as YYYY-MM-DD, not `{}`", entry.until));
    };
    if until < today { Err(format!("{EXPIRED} on {}", entry.until)) } else { Ok(()) }
}

fn entries(logical_id: &str, before: Option<&Template>, after: Option<&Template>) -> Vec<Entry> {
    let own = after
        .and_then(|template| template.resource(logical_id)?.attribute("Metadata")?.get("Acknowledged"))
        .map_or(&[][..], Node::items);
    let of_template = after
        .or(before)
        .and_then(|template| template.section("Metadata")?.get("Acknowledged"))
        .map_or(&[][..], Node::items);
    let named = of_template.iter().filter(|entry| entry.get("LogicalId").and_then(Node::as_str) == Some(logical_id));
    let text = |entry: &Node, key: &str| entry.get(key).and_then(Node::text).unwrap_or_default().into_owned();
    own.iter()
        .chain(named)
        .map(|entry| Entry { rule: text(entry, "Rule"), reason: text(entry, "Reason"), until: text(entry, "Until") })
        .collect()
}

/// A day as `YYYY-MM-DD`.
fn date(text: &str) -> Option<(i32, u8, u8)> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_shaped = year.len() == 4
        && month.len() == 2
        && day.len() == 2
        && parts.next().is_none()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    (is_shaped && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_months_years_and_leap_days() {
        let between = |from, to| days(to) - days(from);
        assert_eq!(between((2026, 12, 31), (2027, 1, 1)), 1);
        assert_eq!(between((2028, 2, 28), (2028, 3, 1)), 2);
        assert_eq!(between((2026, 2, 28), (2026, 3, 1)), 1);
        assert_eq!(between((2026, 1, 1), (2027, 1, 1)), 365);
        assert_eq!(between((2000, 1, 1), (2001, 1, 1)), 366);
    }
}
