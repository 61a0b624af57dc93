//! A comment on a pull request: what matters first, details folded, never longer than the site allows. Nothing in a template can end a
//! table, a fence or an element, mention a person or link to an issue.

use super::Report;
use super::diff::{Line, diff};
use super::folded::{self, Folded};
use super::tables;
use super::text::{count, line, sentence, visible};
use super::view::{self, CATEGORIES, Found, KINDS, Kind};
use crate::change::{Change, Finding, PropertyChange, Replacement, SectionChange};
use crate::graph::kind;

/// The first line of every comment, by which a workflow finds its own comment to update it.
pub const MARKER: &str = "<!-- infra review -->";

/// GitHub's limit for a comment, in characters; counted here in bytes, which are never fewer.
pub const MARKDOWN_LIMIT: usize = 65_536;

const REST: &str = "\n> Not everything fits into a comment. The page of `infra review --html FILE` has it all.\n";

/// Blocks until the limit; what comes first matters most.
struct Page {
    text: String,
    limit: usize,
    is_cut: bool,
}

impl Page {
    fn add(&mut self, block: &str) {
        let fits = self.text.len() + block.len() + REST.len() <= self.limit;
        if fits && !self.is_cut {
            self.text.push_str(block);
        } else {
            self.is_cut = true;
        }
    }

    /// An element of several blocks; it is closed whether or not all of them fit.
    fn fold(&mut self, summary: &str, blocks: impl IntoIterator<Item = String>) {
        const END: &str = "</details>\n\n";
        self.limit -= END.len();
        self.add(&format!("<details><summary>{summary}</summary>\n\n"));
        let is_open = !self.is_cut;
        blocks.into_iter().for_each(|block| self.add(&block));
        self.limit += END.len();
        if is_open {
            self.text.push_str(END);
        }
    }
}

/// The comment, no longer than `limit` bytes; see [`MARKDOWN_LIMIT`].
pub fn markdown(report: &Report<'_>, limit: usize) -> String {
    let changes = folded::changes(report);
    let mut page = Page { text: String::new(), limit, is_cut: false };
    let sections = folded::sections(report);
    page.add(&head(report, &changes, &sections));
    page.add(&summary(report));
    for note in report.notes {
        page.add(&format!("> Note: {}\n\n", plain(note)));
    }
    let dangers = view::dangers(&changes, &sections);
    if !dangers.is_empty() {
        page.add("#### Dangers\n\n");
        dangers.iter().for_each(|found| page.add(&danger(found)));
        page.add("\n");
    }
    for table in tables::tables(report) {
        let (head, rows) = allowed(&table);
        page.fold(
            &format!("<b>{}</b> ({})", table.title, table.rows.len()),
            std::iter::once(head).chain(rows).chain(["\n".to_owned()]),
        );
    }
    for (name, of_stack) in by_stack(&changes) {
        let summary = format!("<b>{}</b>: {}", plain(name), count(of_stack.len(), "change"));
        let (quiet, told): (Vec<_>, Vec<_>) =
            of_stack.into_iter().partition(|folded| view::is_metadata_alone(&folded.is));
        let quiet = view::metadata_alone(&quiet).map(|(text, of)| format!("~ {} {}\n\n", plain(&text), stages(&of)));
        page.fold(&summary, told.iter().map(|folded| change(folded)).chain(quiet));
    }
    if !sections.is_empty() {
        page.fold(&format!("<b>Beside the resources</b> ({})", sections.len()), sections.iter().map(section));
    }
    let accepted = view::accepted(&changes, &sections);
    if !accepted.is_empty() {
        let lines = accepted.iter().map(|found| {
            let by = view::acceptance(found.finding).map(|text| sentence(&text)).unwrap_or_default();
            format!("- {} {}: {}. {}\n", name(found), stages(found.stages), plain(&found.finding.reason), plain(&by))
        });
        page.fold(&format!("<b>Accepted in code</b> ({})", accepted.len()), lines.chain(["\n".to_owned()]));
    }
    if !report.review.skew.is_empty() {
        let lines = report.review.skew.iter().map(|skew| format!("- {}\n", plain(&view::skewed(skew))));
        page.fold(
            &format!("<b>Skew between stages</b> ({})", report.review.skew.len()),
            lines.chain(["\n".to_owned()]),
        );
    }
    if page.is_cut {
        page.text.push_str(REST);
    }
    page.text
}

fn head(report: &Report<'_>, changes: &[Folded<Change>], sections: &[Folded<SectionChange>]) -> String {
    let verdict = view::overall(report, changes, sections);
    let mark = if report.review.is_dangerous() { "⚠️ " } else { "✅ " };
    let lines: String = verdict.lines.iter().map(|line| format!("{}\n", plain(line))).collect();
    format!(
        "{MARKER}\n### {mark}{}: {}\n\n{} → {}\n\n{lines}\n",
        plain(report.title),
        plain(&verdict.word),
        code(report.before),
        code(report.after)
    )
}

fn summary(report: &Report<'_>) -> String {
    let rows = view::rows(report);
    if rows.is_empty() {
        return String::new();
    }
    let used: Vec<_> =
        CATEGORIES.iter().filter(|category| rows.iter().any(|row| row.categories[**category as usize] > 0)).collect();
    let heads = KINDS.iter().map(|kind| format!(" {} {} |", kind.sign(), kind.label()));
    let heads = heads.chain(used.iter().map(|category| format!(" ⚠ {} |", view::category_label(**category))));
    let mut text =
        format!("| stage |{}\n|---|{}\n", heads.collect::<String>(), "--:|".repeat(KINDS.len() + used.len()));
    for row in &rows {
        let numbers = row.kinds.iter().copied().chain(used.iter().map(|category| row.categories[**category as usize]));
        let cells: String =
            numbers.map(|number| if number == 0 { " 0 |".to_owned() } else { format!(" **{number}** |") }).collect();
        text.push_str(&format!("| {} |{cells}\n", plain(row.label())));
    }
    text + "\n"
}

fn danger(found: &Found<'_>) -> String {
    let at = if found.finding.path.is_empty() { String::new() } else { format!(" at {}", code(&found.finding.path)) };
    let label = sentence(view::category_label(found.finding.category));
    let reason = plain(&found.finding.reason);
    format!("- ⚠️ **{label}** {}{at} {}: {reason}\n", name(found), stages(found.stages))
}

fn allowed(table: &tables::Table) -> (String, Vec<String>) {
    let heads: String = table.heads.iter().map(|head| format!(" {head} |")).collect();
    let head = format!("| |{heads} stage |\n|---|{}---|\n", "---|".repeat(table.heads.len()));
    let rows = table.rows.iter().map(|row| {
        let mark = if row.broadens { "⚠ " } else { "" };
        let sign = if row.is_added { "+ new" } else { "− gone" };
        let cells: String = row.cells.iter().map(|cell| format!(" {} |", code(cell))).collect();
        format!("| {mark}{sign} |{cells} {} |\n", plain(&row.stages.join(", ")))
    });
    (head, rows.collect())
}

fn by_stack(changes: &[Folded<Change>]) -> Vec<(&str, Vec<&Folded<Change>>)> {
    let mut stacks: Vec<(&str, Vec<&Folded<Change>>)> = Vec::new();
    for change in changes {
        match stacks.iter_mut().find(|(name, _)| *name == change.is.stack) {
            Some((_, of_stack)) => of_stack.push(change),
            None => stacks.push((&change.is.stack, vec![change])),
        }
    }
    stacks
}

fn change(folded: &Folded<Change>) -> String {
    let change = &folded.is;
    let kind_of = Kind::of(change);
    let mark = if change.is_dangerous() { "⚠️ " } else { "" };
    let mut text = format!(
        "{mark}{} **{}** {} {} {}\n\n",
        kind_of.sign(),
        view::verdict(change),
        code(&change.logical_id),
        plain(&kind(&change.resource_type)),
        stages(&folded.stages)
    );
    for line in view::explained(change) {
        text.push_str(&format!("{}.\n\n", plain(&line)));
    }
    text.push_str(&findings(&change.findings));
    if !change.properties.is_empty() {
        let body: String = change.properties.iter().map(property).collect();
        text.push_str(&format!("\n{}", fenced("diff", &body)));
    }
    text + "\n"
}

fn findings(findings: &[Finding]) -> String {
    let told = findings.iter().map(|finding| {
        let accepted = view::acceptance(finding).map(|by| format!(" ({})", plain(&by))).unwrap_or_default();
        let word = view::introduced(finding);
        format!("- {word}: {}{accepted} ({})\n", plain(&finding.reason), code(finding.rule))
    });
    told.collect()
}

fn property(property: &PropertyChange) -> String {
    let note = match property.replacement {
        Replacement::Yes => " (replaces)",
        Replacement::Maybe => " (may replace)",
        Replacement::No => "",
    };
    if let Some((because, text)) = view::same_text(property) {
        return format!("@@ {}{note} @@\n  {text}, since {because}\n", line(&property.path));
    }
    let because = property.because.as_ref().map(|because| format!(" ({})", line(because))).unwrap_or_default();
    let head = format!("@@ {}{note}{because} @@\n", line(&property.path));
    head + &values(&property.before, &property.after)
}

fn values(before: &Option<String>, after: &Option<String>) -> String {
    let prefixed =
        |sign: &str, text: &str| visible(text).lines().map(|line| format!("{sign} {line}\n")).collect::<String>();
    match (before, after) {
        (Some(old), Some(new)) if view::is_long(before, after) => diff(old, new)
            .into_iter()
            .map(|line| match line {
                Line::Same(text) => prefixed(" ", text),
                Line::Gone(text) => prefixed("-", text),
                Line::New(text) => prefixed("+", text),
                Line::Skipped(number) => format!("  … {number} more\n"),
            })
            .collect(),
        _ => {
            let side = |sign: &str, value: &Option<String>| match value.as_deref() {
                None => String::new(),
                Some("") => format!("{sign} \"\"\n"),
                Some(text) => prefixed(sign, text),
            };
            side("-", before) + &side("+", after)
        }
    }
}

fn section(folded: &Folded<SectionChange>) -> String {
    let section = &folded.is;
    let head =
        format!("{} {} {}\n\n", code(&view::section_path(section)), plain(&section.stack), stages(&folded.stages));
    let findings = findings(&section.findings);
    let gap = if findings.is_empty() { "" } else { "\n" };
    head + &findings + gap + &fenced("diff", &values(&section.before, &section.after)) + "\n"
}

/// `ShopApi/OrderQueue`.
fn name(found: &Found<'_>) -> String {
    code(&format!("{}/{}", found.stack, found.name))
}

fn stages(stages: &[String]) -> String {
    match stages {
        [] => String::new(),
        some => format!("({})", plain(&some.join(", "))),
    }
}

/// A fence that nothing in the text can close.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// As an element and not between backticks, which a table's bars would cut.
fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// Text without any markup: special characters as entities, and a comment where a mention or a link would begin.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in line(text).chars() {
        match letter {
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("&#35;<!-- -->"),
            '&' | '<' | '>' | '"' | '\'' | '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push_str(&format!("&#{};", u32::from(letter)));
            }
            // URLs do not become links: `https://` is not one when its colon is an entity.
            ':' => out.push_str("&#58;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_in_its_text() {
        assert_eq!(fenced("diff", "+ ```\n+ ````\n"), "`````diff\n+ ```\n+ ````\n`````\n");
        assert_eq!(fenced("diff", "+ a\n"), "```diff\n+ a\n```\n");
    }

    #[test]
    fn markup_mentions_and_links_mean_nothing_but_themselves() {
        let shown = plain("<b> a|b `c` [d](e) *f* @team #987 https://x.example\nnext");
        for sign in ['`', '*', '[', ']', '|', '\n', ':'] {
            assert!(!shown.contains(sign), "{sign:?} in {shown}");
        }
        assert!(!shown.contains("<b>") && !shown.contains("@team") && !shown.contains("#987"), "{shown}");
    }
}
