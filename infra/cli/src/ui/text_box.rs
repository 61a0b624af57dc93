//! A box with labelled rows, 80 columns wide, for terminals and CI logs alike. Never truncates text: what does not fit continues
//! on the next line.

use std::borrow::Cow;

use console::measure_text_width;

use crate::ui::paint::Paint;

/// Columns of a card with its frame.
const WIDTH: usize = 80;
/// Columns of the labels, with the spaces after them.
const LABELS: usize = 10;
/// Columns of the text next to the labels.
const TEXT: usize = WIDTH - 4 - LABELS;

/// A box that is filled row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextBox {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    label: &'static str,
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bad,
    Command,
}

impl TextBox {
    pub(crate) fn new(title: String) -> Self {
        Self { title, rows: Vec::new() }
    }

    /// A row of text. An empty text makes no row.
    pub(crate) fn row(&mut self, label: &'static str, text: impl Into<String>) {
        self.push(Row { label, text: text.into(), kind: Kind::Text });
    }

    /// A row with the bad news.
    pub(crate) fn bad(&mut self, label: &'static str, text: impl Into<String>) {
        self.push(Row { label, text: text.into(), kind: Kind::Bad });
    }

    /// A row with a command to be copied: where it is wrapped, a backslash keeps it one command.
    pub(crate) fn command(&mut self, label: &'static str, text: impl Into<String>) {
        self.push(Row { label, text: text.into(), kind: Kind::Command });
    }

    fn push(&mut self, row: Row) {
        if !row.text.trim().is_empty() {
            self.rows.push(row);
        }
    }

    /// The box, line by line.
    pub(crate) fn lines(&self, paint: Paint) -> Vec<String> {
        let edge = |text: &str| paint.red(text);
        let title: String = self.title.chars().take(WIDTH - 6).collect();
        let rest = "─".repeat(WIDTH - 5 - measure_text_width(&title));
        let mut lines = vec![format!("{} {} {}", edge("┌─"), paint.bold(&title), edge(&format!("{rest}┐")))];
        for row in &self.rows {
            let width = if row.kind == Kind::Command { TEXT - 2 } else { TEXT };
            let parts: Vec<String> = row.text.lines().flat_map(|line| wrapped(line, width)).collect();
            let count = parts.len();
            for (index, part) in parts.into_iter().enumerate() {
                let label = paint.dim(&format!("{:<LABELS$}", if index == 0 { row.label } else { "" }));
                let is_broken = row.kind == Kind::Command && index + 1 < count;
                let part = if is_broken { format!("{part} \\") } else { part };
                let padding = " ".repeat(TEXT.saturating_sub(measure_text_width(&part)));
                let text = match row.kind {
                    Kind::Text => part,
                    Kind::Bad => paint.red(&part),
                    Kind::Command => paint.bold(&part),
                };
                lines.push(format!("{} {label}{text}{padding} {}", edge("│"), edge("│")));
            }
        }
        lines.push(edge(&format!("└{}┘", "─".repeat(WIDTH - 2))));
        lines
    }
}

/// `text` in lines of at most `width` columns, broken at spaces and, where a single word is longer, within it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text.trim(), options).into_iter().map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_eighty_columns_and_nothing_is_cut() {
        let mut card = TextBox::new("ShopData-dev failed".to_owned());
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", "x".repeat(90));
        card.bad("cause", format!("the function {arn} did not answer in time, and so nothing was created"));
        card.row("property", "");
        card.row("log", "first\nsecond");
        let lines = card.lines(Paint::PLAIN);
        assert!(lines.iter().all(|line| measure_text_width(line) == WIDTH), "{lines:#?}");
        let text: String = lines.iter().map(|line| line.trim_matches(['│', ' '])).collect();
        assert!(text.contains(&arn), "{lines:#?}");
        assert!(!text.contains("property"), "an empty row is left out");
        assert!(lines.iter().any(|line| line.starts_with("│           second ")), "{lines:#?}");
    }

    #[test]
    fn a_command_stays_one_command_where_it_is_broken() {
        let mut card = TextBox::new("x".to_owned());
        let command = "infra deploy --stage dev --accept-data-loss ShopData/Cluster --accept-data-loss ShopData/Bucket";
        card.command("next", command);
        let lines = card.lines(Paint::PLAIN);
        let text =
            |line: &String| line.chars().skip(2 + LABELS).collect::<String>().trim_matches(['│', ' ']).to_owned();
        let copied: Vec<String> = lines[1..lines.len() - 1].iter().map(text).collect();
        assert!(copied.len() > 1 && copied[0].ends_with('\\'), "{copied:?}");
        assert_eq!(copied.join(" ").replace("\\ ", ""), command);
    }
}
