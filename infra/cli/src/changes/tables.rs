//! Changes as people read them: a stack, its resources, their values before and after, and what is dangerous about them.
//! Colour never carries a meaning alone. Pure.

use deploy::{Basis, ChangeAction, ChangeSetKind, Preview, ResourceChange};
use review::{
    Action, Category, Change, Finding, IngressChange, PermissionChange, PropertyChange, Replacement, Severity,
};
use system::Table;

use crate::changes::verdict::{self, ValueChange, Verdict};
use crate::ui::paint::Paint;

/// Characters of a value that are shown; the rest is counted.
const LONGEST: usize = 600;
/// Characters of a notice.
const NOTICE: usize = 160;
/// Characters of both values that fit next to each other.
const BESIDE: usize = 72;

/// All stacks, in deployment order.
pub(crate) fn lines(verdict: &Verdict<'_>, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for preview in verdict.previews {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        stack(verdict, preview, paint, &mut lines);
    }
    lines
}

/// How much changes, in one line.
pub(crate) fn summary(verdict: &Verdict<'_>) -> String {
    let mut counts = [(0, "to add"), (0, "to import"), (0, "to modify"), (0, "to replace"), (0, "to remove")];
    let imported: Vec<(&str, &str)> = (verdict.previews.iter())
        .flat_map(|preview| preview.changes.iter().map(move |told| (preview, told)))
        .filter(|(_, told)| told.action == ChangeAction::Import)
        .map(|(preview, told)| (preview.stack.as_str(), told.logical_id.as_str()))
        .collect();
    for change in &verdict.review.changes {
        let place = match (change.action, change.replacement) {
            (Action::Add, _) if imported.contains(&(change.stack.as_str(), change.logical_id.as_str())) => 1,
            (Action::Add, _) => 0,
            (Action::Modify, Replacement::No) => 2,
            (Action::Modify, _) => 3,
            (Action::Remove, _) => 4,
        };
        counts[place].0 += 1;
    }
    let parts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts: Vec<String> = parts.collect();
    match (verdict.previews.iter().any(Preview::has_changes), parts.is_empty()) {
        (false, _) => "nothing changes".to_owned(),
        (true, true) => "no resource changes; parameters, outputs, tags or protection do".to_owned(),
        (true, false) => parts.join(", "),
    }
}

fn stack(verdict: &Verdict<'_>, preview: &Preview, paint: Paint, lines: &mut Vec<String>) {
    let name = paint.bold(&preview.stack_name);
    if !preview.has_changes() {
        lines.push(format!("{name}  no changes"));
        return;
    }
    let is_new = preview.kind == ChangeSetKind::Create;
    lines.push(format!("{name}  {}", if is_new { "new stack" } else { "changes" }));
    match &preview.basis {
        Basis::TemplateOnly { reason } => {
            lines.push(
                paint.yellow(&format!("  from the templates alone, since CloudFormation cannot compare yet: {reason}")),
            );
        }
        Basis::ChangeSet { values_incomplete: true, .. } => {
            lines.push(paint.yellow("  CloudFormation left values out; where none is shown, see the template"));
        }
        _ => {}
    }
    let changes: Vec<&Change> = verdict.review.changes.iter().filter(|change| change.stack == preview.stack).collect();
    for change in &changes {
        let told = preview.changes.iter().find(|told| told.logical_id == change.logical_id);
        resource(change, told, preview, paint, lines);
    }
    // What CloudFormation would do beyond what the templates show, for example because of a value from elsewhere.
    let is_known = |told: &ResourceChange| changes.iter().any(|change| change.logical_id == told.logical_id);
    for told in preview.changes.iter().filter(|told| !is_known(told)) {
        lines.push(head(word_of(told), &told.logical_id, &told.resource_type, paint));
        details(told, 6, paint, lines);
    }
    for told in preview.changes.iter().filter(|told| !told.children.is_empty()) {
        nested(told, 4, paint, lines);
    }
    permissions(verdict.review.permissions.iter().filter(|line| line.stack == preview.stack), paint, lines);
    ingress(verdict.review.ingress.iter().filter(|line| line.stack == preview.stack), paint, lines);
    values("parameters", &verdict::parameters(preview), paint, lines);
    // Without the live template, everything would look like an addition.
    if preview.live_template.is_some() {
        sections(verdict, &preview.stack, paint, lines);
    }
    if !is_new {
        values("tags", &verdict::tags(preview), paint, lines);
    }
    if let Some(change) = &preview.protection {
        lines.push(format!("  {}", paint.bold("protection")));
        lines.extend(
            change.termination.map(|on| format!("    termination protection  {}", if on { "on" } else { "off" })),
        );
        lines.extend(change.stack_policy.iter().map(|policy| format!("    stack policy  {}", shortened(policy))));
    }
    for name in &preview.foreign_change_sets {
        let text = format!(
            "  another deployer's change set {name} is pending on this stack, and is deleted when this one is executed"
        );
        lines.push(paint.yellow(&text));
    }
    for loss in &preview.data_loss {
        let verb = match (loss.action, loss.replacement) {
            (ChangeAction::Remove, _) => "is removed",
            (_, deploy::Replacement::Yes) => "is replaced",
            _ => "may be replaced",
        };
        let way = if loss.accepted {
            "accepted".to_owned()
        } else {
            format!("accept it with --accept-data-loss {}", loss.name)
        };
        let mark = paint.red("DATA LOSS");
        lines
            .push(format!("  {mark}  {} ({}) {verb}, and nothing is kept of it; {way}", loss.name, loss.resource_type));
    }
}

fn resource(change: &Change, told: Option<&ResourceChange>, preview: &Preview, paint: Paint, lines: &mut Vec<String>) {
    let word = match (told.map(|told| told.action), change.action, change.replacement) {
        (Some(ChangeAction::Import), ..) => Word::Import,
        (_, Action::Add, _) => Word::Add,
        (_, Action::Remove, _) => Word::Remove,
        (_, Action::Modify, Replacement::Yes) => Word::Replace,
        (_, Action::Modify, Replacement::Maybe) => Word::MayReplace,
        (_, Action::Modify, Replacement::No) => Word::Modify,
    };
    let name = format!("{}/{}", change.stack, change.logical_id);
    let is_danger = |finding: &Finding| finding.category == Category::DataLoss && finding.is_dangerous();
    let is_lost = preview.data_loss.iter().any(|loss| loss.name == name) || change.findings.iter().any(is_danger);
    let lost = if is_lost { format!("  {}", paint.red("DATA LOSS")) } else { String::new() };
    lines.push(format!("{}{lost}", head(word, &change.logical_id, &change.resource_type, paint)));
    for cause in change.replaced_by.iter().filter(|cause| cause.replacement != Replacement::No) {
        lines.push(format!("      because {}", paint.yellow(&cause.reason)));
    }
    lines.extend(change.renamed_from.iter().map(|renamed| format!("      the same stood before as {renamed}")));
    let goes = change.action == Action::Remove || change.replacement != Replacement::No;
    if let Some(policy) = told.and_then(|told| told.policy_action.as_deref()).filter(|_| goes) {
        lines.push(format!("      {}", paint.dim(&format!("the old one: {policy}"))));
    }
    // A change set also names the whole property where the templates show which part of it changes.
    let is_told = |path: &str| {
        let inside = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
        change.properties.iter().any(|other| inside(&other.path))
    };
    let is_vague = |property: &&PropertyChange| property.before.is_none() && property.after.is_none();
    let is_metadata = |property: &&PropertyChange| {
        property.attribute && (property.path == "Metadata" || property.path.starts_with("Metadata."))
    };
    // Metadata is for tools and reviewers and changes nothing that runs; acknowledgements are shown with their finding.
    if change.action == Action::Modify && change.properties.iter().any(|property| is_metadata(&property)) {
        let is_all = change.properties.iter().all(|property| is_metadata(&property));
        lines.push(format!("      {}", paint.dim(if is_all { "metadata only" } else { "metadata" })));
    }
    let is_shown =
        |property: &&PropertyChange| !(is_metadata(property) || is_vague(property) && is_told(&property.path));
    for property in change.properties.iter().filter(is_shown) {
        let because = property.because.as_ref().map(|because| paint.dim(&format!("  {because}"))).unwrap_or_default();
        value(&property.path, property.before.as_deref(), property.after.as_deref(), &because, 6, paint, lines);
    }
    lines.extend(change.findings.iter().map(|finding| format!("      {}", self::finding(finding, paint))));
}

fn finding(finding: &Finding, paint: Paint) -> String {
    let category = match finding.category {
        Category::DataLoss => "data loss",
        Category::Permissions => "permissions",
        Category::Exposure => "exposure",
        Category::Encryption => "encryption",
        Category::Reliability => "reliability",
    };
    // The long list in a notice is in the tables, too.
    let reason =
        if finding.severity == Severity::Notice { cut(&finding.reason, NOTICE) } else { finding.reason.clone() };
    let text = format!("{reason} ({})", finding.rule);
    match (&finding.accepted, finding.severity) {
        (Some(accepted), _) => {
            paint.dim(&format!("accepted until {}: {category}: {text}: {}", accepted.until, accepted.reason))
        }
        (None, Severity::Danger) => format!("{} {text}", paint.red(&format!("danger: {category}:"))),
        (None, Severity::Notice) => format!("{} {text}", paint.yellow(&format!("notice: {category}:"))),
    }
}

/// A nested stack's own changes.
fn nested(change: &ResourceChange, indent: usize, paint: Paint, lines: &mut Vec<String>) {
    let blank = " ".repeat(indent);
    lines.push(format!("{blank}in {}", paint.bold(&change.logical_id)));
    for child in &change.children {
        lines.push(format!("{blank}{}", head(word_of(child), &child.logical_id, &child.resource_type, paint)));
        details(child, indent + 6, paint, lines);
        if !child.children.is_empty() {
            nested(child, indent + 2, paint, lines);
        }
    }
}

fn details(change: &ResourceChange, indent: usize, paint: Paint, lines: &mut Vec<String>) {
    for detail in &change.details {
        let path = detail.path.as_deref().unwrap_or(&detail.attribute);
        let because = detail.causing_entity.as_ref().map(|entity| paint.dim(&format!("  because of {entity}")));
        let (before, after) = verdict::shown(&change.resource_type, detail);
        value(path, before.as_deref(), after.as_deref(), &because.unwrap_or_default(), indent, paint, lines);
    }
}

#[derive(Clone, Copy)]
enum Word {
    Add,
    Modify,
    MayReplace,
    Replace,
    Remove,
    Import,
    MayChange,
}

fn word_of(change: &ResourceChange) -> Word {
    match (change.action, change.replacement) {
        (ChangeAction::Add, _) => Word::Add,
        (ChangeAction::Remove, _) => Word::Remove,
        (ChangeAction::Import, _) => Word::Import,
        (ChangeAction::Dynamic, _) => Word::MayChange,
        (ChangeAction::Modify, deploy::Replacement::No) => Word::Modify,
        (ChangeAction::Modify, deploy::Replacement::Conditional) => Word::MayReplace,
        (ChangeAction::Modify, deploy::Replacement::Yes) => Word::Replace,
    }
}

fn head(word: Word, logical_id: &str, resource_type: &str, paint: Paint) -> String {
    let pad = |text: &str| format!("{text:<11}");
    let word = match word {
        Word::Add => paint.green(&pad("add")),
        Word::Import => paint.green(&pad("import")),
        Word::Modify => paint.yellow(&pad("modify")),
        Word::MayReplace => paint.yellow(&pad("may replace")),
        Word::MayChange => paint.yellow(&pad("may change")),
        Word::Replace => paint.red(&pad("replace")),
        Word::Remove => paint.red(&pad("remove")),
    };
    format!("  {word} {}  {}", paint.bold(logical_id), paint.dim(resource_type))
}

/// One action and one resource per line, so that the table stays narrow.
fn permissions<'a>(changes: impl Iterator<Item = &'a PermissionChange>, paint: Paint, lines: &mut Vec<String>) {
    let mut table = Table::new(&["", "who", "", "what", "on what"], &[]);
    for change in changes {
        let mut on: Vec<String> = change.resources.clone();
        on.extend((!change.condition.is_empty()).then(|| format!("if {}", change.condition)));
        for index in 0..change.actions.len().max(on.len()).max(1) {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let nth = |all: &[String]| all.get(index).cloned().unwrap_or_default();
            let effect = change.effect.to_lowercase();
            let cells = [mark(change.action), change.principal.clone(), effect].map(|text| first(&text));
            table.row(cells.into_iter().chain([nth(&change.actions), nth(&on)]).collect());
        }
    }
    table_of("IAM changes", &table, paint, lines);
}

fn ingress<'a>(changes: impl Iterator<Item = &'a IngressChange>, paint: Paint, lines: &mut Vec<String>) {
    let mut table = Table::new(&["", "group", "", "protocol", "ports", "peer"], &[]);
    for change in changes {
        table.row(vec![
            mark(change.action),
            change.group.clone(),
            change.direction.to_owned(),
            change.protocol.clone(),
            change.ports.clone(),
            change.peer.clone(),
        ]);
    }
    table_of("security group changes", &table, paint, lines);
}

fn mark(action: Action) -> String {
    if action == Action::Remove { "-".to_owned() } else { "+".to_owned() }
}

fn table_of(title: &str, table: &Table, paint: Paint, lines: &mut Vec<String>) {
    let rows = table.lines();
    if rows.len() < 2 {
        return;
    }
    lines.push(format!("  {}", paint.bold(title)));
    lines.extend(rows.iter().enumerate().map(|(index, row)| match index {
        0 => format!("    {}", paint.dim(row)),
        _ => format!("    {row}"),
    }));
}

fn values(title: &str, changes: &[ValueChange], paint: Paint, lines: &mut Vec<String>) {
    if changes.is_empty() {
        return;
    }
    lines.push(format!("  {}", paint.bold(title)));
    for change in changes {
        value(&change.name, change.before.as_deref(), change.after.as_deref(), "", 4, paint, lines);
    }
}

/// Changes of the template other than its resources.
fn sections(verdict: &Verdict<'_>, stack: &str, paint: Paint, lines: &mut Vec<String>) {
    let mut last = "";
    for section in verdict.review.sections.iter().filter(|section| section.stack == stack) {
        if section.section != last {
            last = &section.section;
            let what = if last == "Parameters" { "parameters of the template".to_owned() } else { last.to_lowercase() };
            lines.push(format!("  {}", paint.bold(&what)));
        }
        let name = if section.name.is_empty() { &section.section } else { &section.name };
        value(name, section.before.as_deref(), section.after.as_deref(), "", 4, paint, lines);
    }
}

/// A value before and after: next to each other if both are short, otherwise below each other.
fn value(
    name: &str,
    before: Option<&str>,
    after: Option<&str>,
    because: &str,
    indent: usize,
    paint: Paint,
    lines: &mut Vec<String>,
) {
    let indent = " ".repeat(indent);
    let length = |value: Option<&str>| value.map_or(0, |value| value.chars().count());
    let is_broken = [before, after].iter().flatten().any(|value| value.contains('\n'));
    if length(before) + length(after) <= BESIDE && !is_broken {
        let text = match (before, after) {
            (None, None) => "changes".to_owned(),
            (None, Some(after)) => format!("+ {}", paint.green(said(after))),
            (Some(before), None) => format!("- {}", paint.red(said(before))),
            (Some(before), Some(after)) => format!("{} → {}", paint.red(said(before)), paint.green(said(after))),
        };
        lines.push(format!("{indent}{name}  {text}{because}"));
        return;
    }
    lines.push(format!("{indent}{name}{because}"));
    let mut side = |mark: &str, value: Option<&str>, paint: &dyn Fn(&str) -> String| {
        let value = value.map(shortened).unwrap_or_default();
        lines.extend(value.lines().map(|line| format!("{indent}  {}", paint(&format!("{mark} {line}")))));
    };
    side("-", before, &|text| paint.red(text));
    side("+", after, &|text| paint.green(text));
}

fn said(value: &str) -> &str {
    if value.is_empty() { "(empty)" } else { value }
}

fn shortened(value: &str) -> String {
    cut(value, LONGEST)
}

fn cut(value: &str, longest: usize) -> String {
    let count = value.chars().count();
    match count > longest {
        true => format!("{} .. ({count} characters)", value.chars().take(longest).collect::<String>()),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests;
