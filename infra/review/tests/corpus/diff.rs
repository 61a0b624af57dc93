//! Applies the `diff` block of a case: hunks without line numbers, `@@` between them. Each must be found exactly once, in order.

/// The template after the change, or the line of the diff (from 0) that is wrong and why.
pub(crate) fn apply(before: &[&str], diff: &[&str]) -> Result<Vec<String>, (usize, String)> {
    let mut after: Vec<String> = Vec::new();
    let mut done = 0;
    let mut start = 0;
    for lines in diff.split(|line| *line == "@@") {
        let hunk = Hunk::read(start, lines)?;
        let at = hunk.place(start, before)?;
        if at < done {
            return Err((start, "this hunk stands before the end of the one above it".to_owned()));
        }
        after.extend(before[done..at].iter().copied().map(str::to_owned));
        after.extend(hunk.new.into_iter().map(str::to_owned));
        done = at + hunk.old.len();
        start += lines.len() + 1;
    }
    after.extend(before[done..].iter().copied().map(str::to_owned));
    Ok(after)
}

struct Hunk<'a> {
    /// What the template before has, with its line in the diff.
    old: Vec<(usize, &'a str)>,
    new: Vec<&'a str>,
}

impl<'a> Hunk<'a> {
    fn read(start: usize, lines: &[&'a str]) -> Result<Self, (usize, String)> {
        let (mut old, mut new, mut changes) = (Vec::new(), Vec::new(), false);
        for (at, line) in (start..).zip(lines) {
            match line.split_at_checked(1) {
                // Editors strip the space of an empty line.
                None => {
                    old.push((at, ""));
                    new.push("");
                }
                Some((" ", text)) => {
                    old.push((at, text));
                    new.push(text);
                }
                Some(("-", text)) => {
                    old.push((at, text));
                    changes = true;
                }
                Some(("+", text)) => {
                    new.push(text);
                    changes = true;
                }
                Some(_) => {
                    return Err((at, "a line of a diff begins with a space, `-` or `+`, or is `@@`".to_owned()));
                }
            }
        }
        match (changes, old.is_empty()) {
            (false, _) => Err((start, "this hunk changes nothing".to_owned())),
            (true, true) => Err((start, "this hunk shows no line of the template before".to_owned())),
            (true, false) => Ok(Self { old, new }),
        }
    }

    /// The one place in the template before where its old lines stand.
    fn place(&self, start: usize, before: &[&str]) -> Result<usize, (usize, String)> {
        let fits = |lines: &&[&str]| lines.iter().zip(&self.old).all(|(line, (_, old))| line == old);
        let mut places = before.windows(self.old.len()).enumerate().filter(|(_, lines)| fits(lines));
        match (places.next(), places.next()) {
            (Some((at, _)), None) => Ok(at),
            (Some(_), Some(_)) => {
                Err((start, "these lines occur more than once in the template before: show more of them".to_owned()))
            }
            (None, _) => {
                let strange = self.old.iter().find(|(_, old)| !before.contains(old));
                Err(strange.map_or_else(
                    || (start, "the template before does not have these lines one after another".to_owned()),
                    |(at, old)| (*at, format!("the template before has no line {old:?}")),
                ))
            }
        }
    }
}
