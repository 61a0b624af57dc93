//! Makes untrusted text harmless: nothing invisible, nothing that reverses the line or controls the terminal. Knows no markup.

/// Makes invisible characters visible: controls as `\u{1b}`, and so bidirectional marks. Line breaks and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    if !text.chars().any(is_hidden) {
        return text.to_owned();
    }
    let shown = text.chars().map(|letter| match is_hidden(letter) {
        true => letter.escape_unicode().to_string(),
        false => letter.to_string(),
    });
    shown.collect()
}

/// The same on one line.
pub(crate) fn line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn is_hidden(letter: char) -> bool {
    let keeps = matches!(letter, '\n' | '\t');
    let turns = matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    // Tags: letters that no font shows.
    (letter.is_control() && !keeps) || turns || matches!(letter, '\u{e0000}'..='\u{e007f}')
}

/// `1 danger`, `2 dangers`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ if one.ends_with('y') => format!("{number} {}ies", &one[..one.len() - 1]),
        _ => format!("{number} {one}s"),
    }
}

/// A fragment as the start of a sentence; names such as `iam:PassRole` or `order-queue` keep their case.
pub(crate) fn sentence(fragment: &str) -> String {
    let first = fragment.split(' ').next().unwrap_or_default();
    match first.chars().all(|letter| letter.is_ascii_lowercase()) {
        true => {
            fragment.chars().take(1).map(|letter| letter.to_ascii_uppercase()).chain(fragment.chars().skip(1)).collect()
        }
        false => fragment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_shown_as_its_code() {
        assert_eq!(visible("a\u{202e}b\u{1b}[31m\u{0}"), "a\\u{202e}b\\u{1b}[31m\\u{0}");
        assert_eq!(visible("größe\n\tβ"), "größe\n\tβ");
        assert_eq!(line("a\r\nb\tc"), "a\\u{d} b c");
    }

    #[test]
    fn fragments_become_sentences_but_names_stay() {
        assert_eq!(sentence("anyone may read"), "Anyone may read");
        assert_eq!(sentence("iam:PassRole on *"), "iam:PassRole on *");
        assert_eq!(sentence("shop-queue is removed"), "shop-queue is removed");
        assert_eq!(count(2, "category"), "2 categories");
    }
}
