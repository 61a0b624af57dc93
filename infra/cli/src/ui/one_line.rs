//! Texts of any length as cells of a table.

/// On one line, and no longer than this.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() > most {
        true => line.chars().take(most - 2).chain("..".chars()).collect(),
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_fits_into_one() {
        assert_eq!(one_line("no price,\n  no name", 20), "no price, no name");
        assert_eq!(one_line("no price, no name", 10), "no price..");
    }
}
