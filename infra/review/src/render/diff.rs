//! A line-by-line diff of two texts: removed lines, added lines, and their context.

/// Lines of context before and after each difference.
const AROUND: usize = 2;
/// Above this many comparisons, all lines of the one are followed by all lines of the other.
const PATIENCE: usize = 400_000;

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
    // common[i][j]: how many lines the remainders of both have in common.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    shortened(lines)
}

fn shortened(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let is_near = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(lines.len()));
        lines[from..to].iter().any(|line| !matches!(line, Line::Same(_)))
    };
    let mut shown: Vec<Line<'_>> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (is_near(at), shown.last_mut()) {
            (true, _) => shown.push(*line),
            (false, Some(Line::Skipped(count))) => *count += 1,
            (false, _) => shown.push(Line::Skipped(1)),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_and_what_stands_around_it_is_shown() {
        let before = "a\nb\nc\nd\ne\nf\ng";
        let after = before.replace("d", "D");
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
        let (before, after) = ("a\n".repeat(1_000), "b\n".repeat(1_000));
        assert_eq!(diff(&before, &after).len(), 2_000);
    }
}
