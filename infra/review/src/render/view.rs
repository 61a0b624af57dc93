//! A review as its readers think of it: numbers by stage, findings with their subjects, words for verdicts.
//! Shared by all renderers. Knows no markup.

use super::Report;
use super::folded::Folded;
use super::text::{count, line, sentence, visible};
use crate::change::{
    Action, Category, Cause, Change, Finding, PropertyChange, Replacement, SectionChange, Severity, Skew,
};

pub(crate) const CATEGORIES: [Category; 5] =
    [Category::DataLoss, Category::Permissions, Category::Exposure, Category::Encryption, Category::Reliability];

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Add,
    Modify,
    Replace,
    Remove,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Add, Kind::Modify, Kind::Replace, Kind::Remove];

impl Kind {
    pub(crate) fn of(change: &Change) -> Self {
        match (change.action, change.replacement) {
            (Action::Add, _) => Self::Add,
            (Action::Remove, _) => Self::Remove,
            (Action::Modify, Replacement::No) => Self::Modify,
            (Action::Modify, _) => Self::Replace,
        }
    }

    /// Safe as a class, an id and a search term.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Add => "added",
            Self::Modify => "changed",
            Self::Replace => "replaced",
            Self::Remove => "removed",
        }
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Modify => "~",
            Self::Replace => "±",
            Self::Remove => "−",
        }
    }
}

/// What CloudFormation will do to a resource, as a verb.
pub(crate) fn verdict(change: &Change) -> &'static str {
    match (change.action, change.replacement) {
        (Action::Add, _) => "adds",
        (Action::Remove, _) => "removes",
        (Action::Modify, Replacement::No) => "changes",
        (Action::Modify, Replacement::Maybe) => "may replace",
        (Action::Modify, Replacement::Yes) => "replaces",
    }
}

pub(crate) fn category_id(category: Category) -> &'static str {
    match category {
        Category::DataLoss => "data-loss",
        Category::Permissions => "permissions",
        Category::Exposure => "exposure",
        Category::Encryption => "encryption",
        Category::Reliability => "reliability",
    }
}

pub(crate) fn category_label(category: Category) -> &'static str {
    match category {
        Category::DataLoss => "data loss",
        other => category_id(other),
    }
}

/// How many resources and dangers a stage has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// `None`: without stages.
    pub(crate) stage: Option<String>,
    /// In the order of [`KINDS`].
    pub(crate) kinds: [usize; 4],
    /// Dangerous findings, in the order of [`CATEGORIES`].
    pub(crate) categories: [usize; 5],
}

impl Row {
    pub(crate) fn label(&self) -> &str {
        self.stage.as_deref().unwrap_or("all")
    }
}

/// A row for each stage that was reviewed, and for each that has changes; one for all if there are no stages.
pub(crate) fn rows(report: &Report<'_>) -> Vec<Row> {
    let mut stages: Vec<Option<String>> = report.stages.iter().cloned().map(Some).collect();
    for change in &report.review.changes {
        if !stages.contains(&change.stage) {
            stages.push(change.stage.clone());
        }
    }
    let rows = stages.into_iter().map(|stage| {
        let mut row = Row { stage, kinds: [0; 4], categories: [0; 5] };
        let changes = || report.review.changes.iter().filter(|change| change.stage == row.stage);
        let sections = report.review.sections.iter().filter(|section| section.stage == row.stage);
        changes().for_each(|change| row.kinds[Kind::of(change) as usize] += 1);
        let findings =
            changes().flat_map(|change| &change.findings).chain(sections.flat_map(|section| &section.findings));
        for finding in findings.filter(|finding| finding.is_dangerous()) {
            row.categories[finding.category as usize] += 1;
        }
        row
    });
    rows.collect()
}

/// A finding and its subject.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    pub(crate) at: Place,
    pub(crate) stages: &'a [String],
    pub(crate) stack: &'a str,
    /// A logical id, or `Outputs.DBEndpoint`.
    pub(crate) name: String,
    /// Empty for sections next to the resources.
    pub(crate) resource_type: &'a str,
    pub(crate) kind: Kind,
    pub(crate) finding: &'a Finding,
}

/// Index of a change, or of one in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Resource(usize),
    Section(usize),
}

/// What needs approval, by category, then in the order of the changes.
pub(crate) fn dangers<'a>(changes: &'a [Folded<Change>], sections: &'a [Folded<SectionChange>]) -> Vec<Found<'a>> {
    let mut found = found(changes, sections, Finding::is_dangerous);
    found.sort_by_key(|found| found.finding.category);
    found
}

/// What was accepted in code.
pub(crate) fn accepted<'a>(changes: &'a [Folded<Change>], sections: &'a [Folded<SectionChange>]) -> Vec<Found<'a>> {
    found(changes, sections, |finding| finding.accepted.is_some())
}

fn found<'a>(
    changes: &'a [Folded<Change>],
    sections: &'a [Folded<SectionChange>],
    is_meant: impl Fn(&Finding) -> bool,
) -> Vec<Found<'a>> {
    let of_resources = changes.iter().enumerate().flat_map(|(at, folded)| {
        let Folded { stages, is: change } = folded;
        change.findings.iter().map(move |finding| Found {
            at: Place::Resource(at),
            stages,
            stack: &change.stack,
            name: change.logical_id.clone(),
            resource_type: &change.resource_type,
            kind: Kind::of(change),
            finding,
        })
    });
    let of_sections = sections.iter().enumerate().flat_map(|(at, folded)| {
        let Folded { stages, is: section } = folded;
        section.findings.iter().map(move |finding| Found {
            at: Place::Section(at),
            stages,
            stack: &section.stack,
            name: section_path(section),
            resource_type: "",
            kind: match section.action {
                Action::Add => Kind::Add,
                Action::Modify => Kind::Modify,
                Action::Remove => Kind::Remove,
            },
            finding,
        })
    });
    of_resources.chain(of_sections).filter(|found| is_meant(found.finding)).collect()
}

/// CloudFormation does nothing for it: only `Metadata` differs, which has no effect at run time and accepts no danger.
pub(crate) fn is_metadata_alone(change: &Change) -> bool {
    const READ: &[&str] = &["Metadata.AWS::CloudFormation", "Metadata.Acknowledged"];
    let is_quiet = |property: &PropertyChange| {
        let is_there = property.path == "Metadata" || property.path.starts_with("Metadata.");
        let says =
            |text: &Option<String>| text.as_ref().is_some_and(|text| READ.iter().any(|read| text.contains(&read[9..])));
        let is_read = READ.iter().any(|read| property.path.starts_with(read))
            || property.path == "Metadata" && (says(&property.before) || says(&property.after));
        property.attribute && is_there && !is_read
    };
    change.action == Action::Modify
        && change.replacement == Replacement::No
        && change.findings.is_empty()
        && change.replaced_by.is_empty()
        && !change.properties.is_empty()
        && change.properties.iter().all(is_quiet)
}

/// `metadata only: 12 resources`, with the stages that have them.
pub(crate) fn metadata_alone(changes: &[&Folded<Change>]) -> Option<(String, Vec<String>)> {
    let mut names: Vec<&str> = changes.iter().map(|folded| folded.is.logical_id.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut stages: Vec<String> = Vec::new();
    for stage in changes.iter().flat_map(|folded| &folded.stages) {
        if !stages.contains(stage) {
            stages.push(stage.clone());
        }
    }
    (!names.is_empty()).then(|| (format!("metadata only: {}", count(names.len(), "resource")), stages))
}

/// The verdict in a few words, and in sentences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) word: String,
    pub(crate) lines: Vec<String>,
}

pub(crate) fn overall(report: &Report<'_>, changes: &[Folded<Change>], sections: &[Folded<SectionChange>]) -> Verdict {
    let dangers = dangers(changes, sections);
    let mut places: Vec<Place> = dangers.iter().map(|found| found.at).collect();
    places.sort_unstable();
    places.dedup();
    let word = match (dangers.len(), report.review.is_empty()) {
        (0, true) => "No changes".to_owned(),
        (0, false) => "Nothing dangerous".to_owned(),
        (number, _) => count(number, "danger"),
    };
    let mut lines = Vec::new();
    if !dangers.is_empty() {
        let names: Vec<String> = CATEGORIES
            .iter()
            .filter(|category| dangers.iter().any(|found| found.finding.category == **category))
            .map(|category| category_label(*category).to_owned())
            .collect();
        let is_resource = |place: &Place| matches!(place, Place::Resource(_));
        let resources = count(places.len(), if places.iter().all(is_resource) { "resource" } else { "place" });
        lines.push(format!("{} in {resources}. Agree to each before this is deployed.", sentence(&listed(&names))));
    }
    if !changes.is_empty() {
        let kinds = KINDS.map(|kind| (kind, changes.iter().filter(|change| Kind::of(&change.is) == kind).count()));
        let told =
            kinds.iter().filter(|(_, number)| *number > 0).map(|(kind, number)| format!("{number} {}", kind.label()));
        let stages = match report.stages.len() {
            0 | 1 => "",
            _ => ", counted once where stages agree",
        };
        lines.push(format!("{}: {}{stages}.", count(changes.len(), "change"), told.collect::<Vec<_>>().join(", ")));
    }
    let accepted = accepted(changes, sections).len();
    if accepted > 0 {
        lines.push(format!("{} accepted in code.", count(accepted, "danger")));
    }
    if !report.review.skew.is_empty() {
        lines.push(format!(
            "{} between stages that their settings do not explain.",
            count(report.review.skew.len(), "difference")
        ));
    }
    Verdict { word, lines }
}

/// `a, b and c`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What to say about a change before its properties, one sentence each.
pub(crate) fn explained(change: &Change) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(name) = &change.renamed_from {
        lines.push(format!(
            "{} stood there with the same content before: a stack refactor renames it and keeps the resource",
            line(name)
        ));
    }
    if let Some(name) = &change.renamed_to {
        lines.push(format!(
            "{} has the same content now: a stack refactor renames it and keeps the resource",
            line(name)
        ));
    }
    // A value that changes with what it refers to says so itself.
    let is_told = |cause: &&Cause| {
        cause.replacement == Replacement::No
            && change.properties.iter().any(|one| one.path == cause.path && one.because.is_some())
    };
    lines.extend(change.replaced_by.iter().filter(|cause| !is_told(cause)).map(|cause| sentence(&line(&cause.reason))));
    lines.dedup();
    lines
}

/// How a finding is introduced.
pub(crate) fn introduced(finding: &Finding) -> String {
    match finding.severity {
        Severity::Danger => sentence(category_label(finding.category)),
        Severity::Notice => format!("Notice, {}", category_label(finding.category)),
    }
}

/// `accepted until 2026-12-31: moved by hand`.
pub(crate) fn acceptance(finding: &Finding) -> Option<String> {
    let accepted = finding.accepted.as_ref()?;
    Some(format!("accepted until {}: {}", line(&accepted.until), line(&accepted.reason)))
}

/// A difference between stages, as a sentence.
pub(crate) fn skewed(skew: &Skew) -> String {
    let Skew { behind, ahead, stack, logical_id, resource_type, path, .. } = skew;
    let what = match (logical_id.is_empty(), path.is_empty()) {
        (true, _) => return line(&format!("{behind} has no stack {stack}, which {ahead} has")),
        (false, true) => {
            return line(&format!("{behind} has no {stack}/{logical_id} ({resource_type}), which {ahead} has"));
        }
        (false, false) => format!("{stack}/{logical_id} {path}"),
    };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    line(&format!("{what} is {} on {behind} and {} on {ahead}", value(&skew.behind_value), value(&skew.ahead_value)))
}

/// `Parameters.DBPort`, `Transform`.
pub(crate) fn section_path(section: &SectionChange) -> String {
    line(&section.place())
}

/// Long texts, and those of several lines, are shown as a line diff.
pub(crate) fn is_long(before: &Option<String>, after: &Option<String>) -> bool {
    let lines = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim_end().contains('\n'));
    before.is_some() && after.is_some() && (lines(before) || lines(after))
}

/// The text is unchanged, but not what it refers to: why, and the text.
pub(crate) fn same_text(property: &PropertyChange) -> Option<(String, String)> {
    let because = property.because.as_deref().filter(|_| property.before == property.after)?;
    Some((line(&because.replace('`', "")), line(property.after.as_deref()?)))
}

/// A value as it may be shown.
pub(crate) fn value(text: &Option<String>) -> Option<String> {
    text.as_deref().map(visible)
}
