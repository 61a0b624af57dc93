//! Dangers accepted in the template: `Metadata: Acknowledged: [{Rule, Reason, Until}]` on the resource, or with `LogicalId` in the
//! template's own `Metadata` for one that is gone. Without a reason or after its day it accepts nothing.

use crate::change::{Acceptance, Category, Change, Finding, Severity};
use crate::node::Node;
use crate::rules::RULES;
use crate::template::Template;

/// An entry as it stands in the template.
struct Entry {
    rule: String,
    reason: String,
    until: String,
}

/// Marks the findings of a change that were accepted, and says of the others why an entry does not count.
pub(crate) fn apply(change: &mut Change, before: Option<&Template>, after: Option<&Template>, today: (i32, u8, u8)) {
    for entry in entries(&change.logical_id, before, after) {
        let verdict = verdict(&entry, today);
        let mut matched = false;
        for finding in change.findings.iter_mut().filter(|finding| finding.rule == entry.rule) {
            matched = true;
            match &verdict {
                Ok(()) => {
                    finding.accepted = Some(Acceptance { reason: entry.reason.clone(), until: entry.until.clone() })
                }
                Err(refusal) if finding.accepted.is_none() => {
                    finding.reason = format!("{} ({refusal})", finding.reason)
                }
                Err(_) => {}
            }
        }
        let known = RULES.iter().find(|rule| rule.id == entry.rule);
        let refusal = match (&verdict, known) {
            (_, None) => {
                Some(format!("the acknowledgement of `{}` accepts nothing: there is no such rule", entry.rule))
            }
            // An expired one that nothing needs any more is litter, not a danger.
            (Err(refusal), Some(_)) if !matched && !refusal.starts_with(EXPIRED) => {
                Some(format!("the acknowledgement of `{}` is refused: {refusal}", entry.rule))
            }
            _ => None,
        };
        change.findings.extend(refusal.map(|reason| Finding {
            category: known.map_or(Category::Reliability, |rule| rule.category),
            rule: "acknowledgement/refused",
            severity: Severity::Danger,
            path: "Metadata.Acknowledged".to_owned(),
            reason,
            accepted: None,
        }));
    }
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
