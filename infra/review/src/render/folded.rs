//! The same change on several stages as one statement about them.

use std::collections::BTreeMap;

use super::Report;
use crate::change::{Change, SectionChange};

/// Replaces the stage's name if the stages of one change differ in nothing else.
const STAGE: &str = "‹stage›";

/// One statement about several stages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Folded<T> {
    /// Empty: without stages.
    pub(crate) stages: Vec<String>,
    pub(crate) is: T,
}

/// The same changes on several stages as one, in the review's order: most dangerous first.
pub(crate) fn changes(report: &Report<'_>) -> Vec<Folded<Change>> {
    fold(
        report,
        &report.review.changes,
        |change| change.stage.as_deref(),
        |change, stage| {
            let mut change = change.clone();
            let neutral = |text: &mut String| *text = without_stage(text, stage);
            change.stage = None;
            for property in &mut change.properties {
                [&mut property.before, &mut property.after, &mut property.because]
                    .into_iter()
                    .flatten()
                    .for_each(neutral);
            }
            change.replaced_by.iter_mut().for_each(|cause| neutral(&mut cause.reason));
            change.findings.iter_mut().for_each(|finding| neutral(&mut finding.reason));
            change
        },
    )
}

/// The same for sections next to the resources.
pub(crate) fn sections(report: &Report<'_>) -> Vec<Folded<SectionChange>> {
    fold(
        report,
        &report.review.sections,
        |section| section.stage.as_deref(),
        |section, stage| {
            let mut section = section.clone();
            section.stage = None;
            section.findings.iter_mut().for_each(|finding| finding.reason = without_stage(&finding.reason, stage));
            for value in [&mut section.before, &mut section.after].into_iter().flatten() {
                *value = without_stage(value, stage);
            }
            section
        },
    )
}

/// Combines what is the same once the stage's name is removed. If it is the same as it is, the name stays.
pub(crate) fn fold<T: Clone + std::fmt::Debug + PartialEq>(
    report: &Report<'_>,
    all: &[T],
    stage_of: impl Fn(&T) -> Option<&str>,
    neutral: impl Fn(&T, &str) -> T,
) -> Vec<Folded<T>> {
    let mut order: Vec<Vec<&T>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for one in all {
        let key = match stage_of(one) {
            Some(stage) => format!("{:?}", neutral(one, stage)),
            None => format!("{one:?}{}", order.len()),
        };
        let place = *places.entry(key).or_insert(order.len());
        match order.get_mut(place) {
            Some(same) => same.push(one),
            None => order.push(vec![one]),
        }
    }
    let folded = order.into_iter().map(|same| {
        let first = same[0];
        let mut stages: Vec<String> = same.iter().filter_map(|one| stage_of(one).map(str::to_owned)).collect();
        stages.sort_by_key(|stage| report.stages.iter().position(|known| known == stage));
        // With a name that denotes no stage, nothing is removed but the stage itself.
        let as_it_stands = neutral(first, "");
        let is = match stages.as_slice() {
            [] => first.clone(),
            _ if same.iter().all(|one| neutral(one, "") == as_it_stands) => as_it_stands,
            [stage, ..] => neutral(first, stage),
        };
        Folded { stages, is }
    });
    folded.collect()
}

/// The text without the stage's name, where that is a word of its own.
pub(crate) fn without_stage(text: &str, stage: &str) -> String {
    if stage.is_empty() || !text.contains(stage) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(stage) {
        let (head, tail) = (&rest[..at], &rest[at + stage.len()..]);
        let before = head.chars().next_back().or_else(|| out.chars().next_back());
        let is_word =
            !before.is_some_and(char::is_alphanumeric) && !tail.chars().next().is_some_and(char::is_alphanumeric);
        out.push_str(head);
        out.push_str(if is_word { STAGE } else { stage });
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Review;

    #[test]
    fn a_stage_is_taken_out_only_where_it_stands_as_a_word() {
        assert_eq!(without_stage("shop-queue-prd", "prd"), "shop-queue-‹stage›");
        assert_eq!(without_stage("prd/prdx xprd prd", "prd"), "‹stage›/prdx xprd ‹stage›");
        assert_eq!(without_stage("devdev-dev", "dev"), "devdev-‹stage›");
    }

    #[test]
    fn what_is_the_same_on_two_stages_is_said_once_and_keeps_names_that_do_not_differ() {
        let all = [
            ("dev", "queue-dev"),
            ("prd", "queue-prd"),
            ("dev", "local-dev"),
            ("prd", "local-dev"),
            ("dev", "alone-dev"),
        ];
        let (review, stages) = (Review::default(), ["dev".to_owned(), "prd".to_owned()]);
        let report =
            Report { title: "", before: "", after: "", review: &review, stages: &stages, notes: &[], graphs: &[] };
        let folded = fold(
            &report,
            &all,
            |one| Some(one.0),
            |one, stage| match without_stage(one.1, stage) {
                text if text.contains("queue") => ("", if stage.is_empty() { one.1 } else { "queue" }),
                _ => ("", one.1),
            },
        );
        let told: Vec<_> = folded.iter().map(|one| (one.stages.join(" "), one.is.1)).collect();
        assert_eq!(
            told,
            [("dev prd".to_owned(), "queue"), ("dev prd".to_owned(), "local-dev"), ("dev".to_owned(), "alone-dev")]
        );
    }
}
