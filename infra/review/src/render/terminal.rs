//! A review for a terminal: summary, dangers, tables, changes. Colour never carries a meaning alone; no line exceeds the width,
//! except for names that cannot be broken.

use std::borrow::Cow;

use textwrap::WordSplitter;

use super::Report;
use super::diff::{Line, diff};
use super::folded::{self, Folded};
use super::tables;
use super::text::{line, sentence, visible};
use super::view::{self, CATEGORIES, Found, KINDS, Kind, Row};
use crate::change::{Change, Finding, PropertyChange, Replacement, SectionChange};
use crate::graph::kind;

/// The width, and whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; 40 at least.
    pub width: usize,
    /// ANSI colours.
    pub colour: bool,
}

/// Below this many columns, tables become lists.
const NARROW: usize = 72;
/// Lines of one value that are shown.
const MOST_LINES: usize = 30;

const RED: &str = "1;31";
const GREEN: &str = "32";
const BLUE: &str = "34";
const MAGENTA: &str = "35";
const BOLD: &str = "1";
const DIM: &str = "2";

/// The whole review; each line ends with a line break.
pub fn terminal(report: &Report<'_>, style: Style) -> String {
    let style = Style { width: style.width.max(40), ..style };
    let changes = folded::changes(report);
    let sections = folded::sections(report);
    let mut out = Out { text: String::new(), style };
    head(&mut out, report, &changes, &sections);
    let dangers = view::dangers(&changes, &sections);
    if !dangers.is_empty() {
        out.title(&format!("Dangers ({})", dangers.len()));
        dangers.iter().for_each(|found| danger(&mut out, found));
    }
    for table in tables::tables(report) {
        out.title(&format!("{} ({})", table.title, table.rows.len()));
        allowed(&mut out, &table);
    }
    let mut stacks: Vec<&str> = Vec::new();
    for folded in &changes {
        if !stacks.contains(&folded.is.stack.as_str()) {
            stacks.push(&folded.is.stack);
        }
    }
    for stack in stacks {
        let of_stack = changes.iter().filter(|folded| folded.is.stack == stack);
        let (quiet, told): (Vec<_>, Vec<_>) = of_stack.partition(|folded| view::is_metadata_alone(&folded.is));
        out.title(&format!("{} ({})", line(stack), quiet.len() + told.len()));
        told.into_iter().for_each(|folded| change(&mut out, folded));
        if let Some((text, of)) = view::metadata_alone(&quiet) {
            out.wrapped(2, &format!("~ {text}{}", stages(&of)), DIM);
        }
    }
    if !sections.is_empty() {
        out.title(&format!("Other sections ({})", sections.len()));
        sections.iter().for_each(|folded| section(&mut out, folded));
    }
    let accepted = view::accepted(&changes, &sections);
    if !accepted.is_empty() {
        out.title(&format!("Accepted in code ({})", accepted.len()));
        for found in accepted {
            let by = view::acceptance(found.finding).unwrap_or_default();
            out.wrapped(
                2,
                &format!("{}{}: {}; {by}", name(&found), stages(found.stages), line(&found.finding.reason)),
                "",
            );
        }
    }
    if !report.review.skew.is_empty() {
        out.title(&format!("Skew between stages ({})", report.review.skew.len()));
        report.review.skew.iter().for_each(|skew| out.wrapped(2, &view::skewed(skew), ""));
    }
    out.text
}

struct Out {
    text: String,
    style: Style,
}

impl Out {
    fn paint(&self, code: &str, text: &str) -> String {
        match self.style.colour && !code.is_empty() && !text.is_empty() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, text: &str) {
        let title = self.paint(BOLD, text);
        self.line("");
        self.line(&title);
    }

    /// Words on as many lines as they need, each with an indent.
    fn wrapped(&mut self, indent: usize, text: &str, code: &str) {
        for (at, part) in wrap(text, self.style.width.saturating_sub(indent + 2)).into_iter().enumerate() {
            let more = if at == 0 { 0 } else { 2 };
            let painted = self.paint(code, part.trim_end());
            self.line(&format!("{}{painted}", " ".repeat(indent + more)));
        }
    }
}

/// Breaks between words; a word longer than the width is broken inside. Leading spaces are an indent.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(16);
    let words = text.trim_start_matches(' ');
    let indent = " ".repeat((text.len() - words.len()).min(width / 2));
    let options = textwrap::Options::new(width).initial_indent(&indent).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(words.trim_end(), options).into_iter().map(Cow::into_owned).collect()
}

fn head(out: &mut Out, report: &Report<'_>, changes: &[Folded<Change>], sections: &[Folded<SectionChange>]) {
    let title = out.paint(BOLD, &line(report.title));
    out.line(&format!("{title}  {} → {}", line(report.before), line(report.after)));
    out.line("");
    let verdict = view::overall(report, changes, sections);
    let (mark, code) = if report.review.is_dangerous() { ("⚠ ", RED) } else { ("", GREEN) };
    let word = out.paint(code, &format!("{mark}{}", verdict.word));
    out.line(&word);
    verdict.lines.iter().for_each(|line| out.wrapped(0, line, ""));
    for note in report.notes {
        out.wrapped(0, &format!("note: {}", line(note)), "33");
    }
    let rows = view::rows(report);
    if rows.is_empty() || changes.is_empty() && !report.review.is_dangerous() {
        return;
    }
    out.line("");
    matrix(out, &rows);
}

/// Numbers by stage: a table, or one line each if that is too wide.
fn matrix(out: &mut Out, rows: &[Row]) {
    let used: Vec<usize> = (0..CATEGORIES.len()).filter(|at| rows.iter().any(|row| row.categories[*at] > 0)).collect();
    let widest = rows.iter().map(|row| line(row.label()).chars().count()).max().unwrap_or_default().max(5);
    let heads: Vec<String> = KINDS
        .iter()
        .map(|kind| kind.label().to_owned())
        .chain(used.iter().map(|at| view::category_label(CATEGORIES[*at]).to_owned()))
        .collect();
    let total = widest + heads.iter().map(|head| head.chars().count() + 2).sum::<usize>() + 2;
    if total > out.style.width || out.style.width < NARROW {
        for row in rows {
            let kinds = KINDS
                .iter()
                .zip(row.kinds)
                .filter(|(_, number)| *number > 0)
                .map(|(kind, number)| format!("{}{number} {}", kind.sign(), kind.label()));
            let dangers = used
                .iter()
                .filter(|at| row.categories[**at] > 0)
                .map(|at| format!("⚠{} {}", row.categories[*at], view::category_label(CATEGORIES[*at])));
            let told: Vec<String> = kinds.chain(dangers).collect();
            let told = if told.is_empty() { "no changes".to_owned() } else { told.join(", ") };
            out.wrapped(0, &format!("{}: {told}", line(row.label())), "");
        }
        return;
    }
    let head: String = heads
        .iter()
        .enumerate()
        .map(|(at, head)| format!("{}{head}", if at == KINDS.len() { "   " } else { "  " }))
        .collect();
    let head = out.paint(DIM, &format!("{}{head}", " ".repeat(widest)));
    out.line(&head);
    for row in rows {
        let mut text = format!("{:<widest$}", line(row.label()));
        let numbers = KINDS
            .iter()
            .zip(row.kinds)
            .map(|(kind, number)| (kind.sign(), colour(*kind), number))
            .chain(used.iter().map(|at| ("", RED, row.categories[*at])));
        for (at, ((sign, code, number), head)) in numbers.zip(&heads).enumerate() {
            let cell = if number == 0 { "·".to_owned() } else { format!("{sign}{number}") };
            let padded = format!("{cell:>width$}", width = head.chars().count());
            text.push_str(if at == KINDS.len() { "   " } else { "  " });
            text.push_str(&out.paint(if number == 0 { DIM } else { code }, &padded));
        }
        out.line(&text);
    }
}

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Add => GREEN,
        Kind::Modify => BLUE,
        Kind::Replace => MAGENTA,
        Kind::Remove => "31",
    }
}

fn danger(out: &mut Out, found: &Found<'_>) {
    let word = format!("⚠ {}", view::category_label(found.finding.category).to_uppercase());
    let (place, stages) = (name(found), stages(found.stages));
    let length = word.chars().count() + place.chars().count() + stages.chars().count() + 4;
    let label = out.paint(RED, &word);
    if length < out.style.width {
        let place = out.paint(BOLD, &place);
        out.line(&format!("  {label}  {place}{stages}"));
    } else {
        out.line(&format!("  {label}"));
        out.wrapped(4, &format!("{place}{stages}"), BOLD);
    }
    out.wrapped(4, &sentence(&line(&found.finding.reason)), "");
    if !found.finding.path.is_empty() {
        out.wrapped(4, &format!("at {}", line(&found.finding.path)), DIM);
    }
}

fn allowed(out: &mut Out, table: &tables::Table) {
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.cells.iter().map(|cell| line(cell)).collect()).collect();
    let widths: Vec<usize> = (0..table.heads.len())
        .map(|at| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or_default().max(table.heads[at].len()))
        .collect();
    let total = widths.iter().map(|width| width + 2).sum::<usize>() + 8;
    let is_wide = total > out.style.width || out.style.width < NARROW;
    if !is_wide {
        let head: String = table.heads.iter().zip(&widths).map(|(head, width)| format!("{head:<width$}  ")).collect();
        let head = out.paint(DIM, &format!("     {}", head.trim_end()));
        out.line(&head);
    }
    for (row, cells) in table.rows.iter().zip(cells) {
        let sign = if row.is_added { "+" } else { "−" };
        let mark = if row.broadens { "⚠" } else { " " };
        let code = if row.broadens { RED } else { "" };
        if is_wide {
            let told: Vec<String> =
                table.heads.iter().zip(&cells).map(|(head, cell)| format!("{head} {cell}")).collect();
            out.wrapped(2, &format!("{mark}{sign} {}{}", told.join(" · "), stages(&row.stages)), code);
        } else {
            let text: String = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
            let painted = out.paint(code, &format!("{mark}{sign} {}", text.trim_end()));
            out.line(&format!("  {painted}{}", stages(&row.stages)));
        }
    }
}

fn change(out: &mut Out, folded: &Folded<Change>) {
    let change = &folded.is;
    let kind_of = Kind::of(change);
    let sign = out.paint(colour(kind_of), &format!("{} {}", kind_of.sign(), view::verdict(change)));
    let id = out.paint(BOLD, &line(&change.logical_id));
    let text = format!("  {sign} {id}");
    let about = format!("  {}{}", line(&kind(&change.resource_type)), stages(&folded.stages));
    let length = 4 + view::verdict(change).len() + line(&change.logical_id).chars().count() + about.chars().count();
    if length < out.style.width {
        out.line(&format!("{text}{about}"));
    } else {
        out.line(&text);
        out.wrapped(6, about.trim_start(), "");
    }
    for text in view::explained(change) {
        out.wrapped(6, &text, DIM);
    }
    notices(out, &change.findings);
    change.properties.iter().for_each(|one| property(out, one));
}

/// Dangers are listed above.
fn notices(out: &mut Out, findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| !finding.is_dangerous() && finding.accepted.is_none()) {
        out.wrapped(6, &format!("{}: {}", view::introduced(finding), line(&finding.reason)), "33");
    }
}

fn property(out: &mut Out, property: &PropertyChange) {
    let note = match property.replacement {
        Replacement::Yes => "  (replaces)",
        Replacement::Maybe => "  (may replace)",
        Replacement::No => "",
    };
    if let Some((because, text)) = view::same_text(property) {
        out.wrapped(6, &format!("{}  {text}{note}, since {because}", line(&property.path)), DIM);
        return;
    }
    let because = property.because.as_ref().map(|because| format!("  ({})", line(because))).unwrap_or_default();
    values(out, &format!("{}{note}{because}", line(&property.path)), &property.before, &property.after);
}

/// `path  before → after` if that fits on a line, else one below the other.
fn values(out: &mut Out, path: &str, before: &Option<String>, after: &Option<String>) {
    const INDENT: usize = 6;
    let shown = |value: &Option<String>| match value.as_deref() {
        None => "not set".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(text) => visible(text.trim_end()),
    };
    let (old, new) = (shown(before), shown(after));
    if view::is_long(before, after) {
        out.wrapped(INDENT, path, "");
        let lines = diff(&old, &new);
        for one in lines.iter().take(MOST_LINES) {
            let (code, text) = match one {
                Line::Same(text) => (DIM, format!("  {text}")),
                Line::Gone(text) => ("31", format!("- {text}")),
                Line::New(text) => (GREEN, format!("+ {text}")),
                Line::Skipped(number) => (DIM, format!("  … {number} more")),
            };
            out.wrapped(INDENT + 2, &text, code);
        }
        if lines.len() > MOST_LINES {
            out.wrapped(INDENT + 2, &format!("… {} more lines", lines.len() - MOST_LINES), DIM);
        }
        return;
    }
    let (old, new) = (line(&old), line(&new));
    let length = INDENT + path.chars().count() + old.chars().count() + new.chars().count() + 5;
    if length <= out.style.width {
        let text = format!("{path}  {} → {}", out.paint("31", &old), out.paint(GREEN, &new));
        out.line(&format!("{}{text}", " ".repeat(INDENT)));
        return;
    }
    out.wrapped(INDENT, path, "");
    if before.is_some() {
        out.wrapped(INDENT + 2, &format!("- {old}"), "31");
    }
    if after.is_some() {
        out.wrapped(INDENT + 2, &format!("+ {new}"), GREEN);
    }
}

fn section(out: &mut Out, folded: &Folded<SectionChange>) {
    let path = format!("{} {}{}", line(&folded.is.stack), view::section_path(&folded.is), stages(&folded.stages));
    values(out, &path, &folded.is.before, &folded.is.after);
    notices(out, &folded.is.findings);
}

/// `ShopApi/OrderQueue`.
fn name(found: &Found<'_>) -> String {
    line(&format!("{}/{}", found.stack, found.name))
}

fn stages(stages: &[String]) -> String {
    match stages {
        [] => String::new(),
        some => format!("  ({})", line(&some.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_where_they_fit_and_broken_where_they_do_not() {
        assert_eq!(wrap("one two three four", 16), ["one two three", "four"]);
        assert_eq!(wrap("    four  ", 16), ["    four"]);
        assert_eq!(wrap(&"x".repeat(40), 16), ["x".repeat(16), "x".repeat(16), "x".repeat(8)]);
    }
}
