//! A line-by-line diff of two texts: removed lines, added lines, and their context.

use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

/// Lines of context before and after each difference.
const AROUND: usize = 2;
/// Above this many comparisons, all lines of the one are followed by all lines of the other: a bound for hostile texts. Twice 10,000 lines in another
/// order take a tenth of a second.
const PATIENCE: usize = 100_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
    /// Equal lines that are not shown.
    Skipped(usize),
}

/// The shortest edit from one text to the other, without lines far from any difference.
pub(crate) fn diff<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.len() * new.len() > PATIENCE {
        return old.into_iter().map(Line::Gone).chain(new.into_iter().map(Line::New)).collect();
    }
    let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
    let (mut lines, mut shown) = (Vec::new(), 0);
    for group in group_diff_ops(operations, AROUND) {
        for operation in group {
            let (gone, added) = (operation.old_range(), operation.new_range());
            if gone.start > shown {
                lines.push(Line::Skipped(gone.start - shown));
            }
            shown = gone.end;
            match operation.tag() {
                DiffTag::Equal => lines.extend(old[gone].iter().copied().map(Line::Same)),
                _ => {
                    lines.extend(old[gone].iter().copied().map(Line::Gone));
                    lines.extend(new[added].iter().copied().map(Line::New));
                }
            }
        }
    }
    if shown > 0 && old.len() > shown {
        lines.push(Line::Skipped(old.len() - shown));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_and_what_stands_around_it_is_shown() {
        let before = "a\nb\nc\nd\ne\nf\ng";
        let after = before.replace('d', "D");
        let lines = diff(before, &after);
        let expected = [
            Line::Skipped(1),
            Line::Same("b"),
            Line::Same("c"),
            Line::Gone("d"),
            Line::New("D"),
            Line::Same("e"),
            Line::Same("f"),
            Line::Skipped(1),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn endless_texts_are_not_compared_line_by_line() {
        let (before, after) = ("a\n".repeat(20_000), "b\na\n".repeat(10_000));
        assert_eq!(diff(&before, &after).len(), 40_000);
    }
}
