//! Patterns of the sources in the syntax of our engine (`regex-lite`): no look-around, and no Unicode classes, which are widened.

use regex_lite::Regex;

/// Unicode classes inside brackets, and characters that include them. Wider than the class: such a pattern accepts more, never less.
const CLASSES: [(&str, &str); 5] = [
    (r"\p{L}", r"a-zA-Z\u{80}-\u{10ffff}"),
    (r"\p{N}", r"0-9\u{80}-\u{10ffff}"),
    (r"\p{Z}", r" \u{80}-\u{10ffff}"),
    (r"\p{P}", r"!-/:-@\[-`{-~\u{80}-\u{10ffff}"),
    (r"\p{M}", r"\u{80}-\u{10ffff}"),
];

/// The pattern as the engine takes it; `None` if it cannot be expressed there.
pub fn for_engine(pattern: &str) -> Option<String> {
    // Python's end of text; a hyphen after a class, which other engines take literally.
    let translated =
        pattern.replace(r"\Z", "$").replace(r"\w-", r"\w\-").replace(r"\d-", r"\d\-").replace(r"\s-", r"\s\-");
    let mut translated = escape_brackets(&translated);
    if pattern.contains(r"\p{") {
        // Widening the class inside a negated bracket would make the pattern narrower.
        if pattern.contains("[^") {
            return None;
        }
        for (class, characters) in CLASSES {
            translated = translated.replace(class, characters);
        }
    }
    Regex::new(&translated).ok().map(|_| translated)
}

/// Escapes an opening bracket inside brackets, which other engines take literally.
fn escape_brackets(pattern: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            '[' if inside => out.push('\\'),
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_pattern_stays_as_it_is() {
        assert_eq!(for_engine(r"^sg-[0-9a-zA-Z]*$").as_deref(), Some(r"^sg-[0-9a-zA-Z]*$"));
    }

    #[test]
    fn unicode_classes_let_letters_of_all_scripts_pass() {
        let pattern = Regex::new(&for_engine(r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$").unwrap()).unwrap();
        assert!(pattern.is_match("Preço médio 2"));
        assert!(!pattern.is_match("100 %"));
    }

    #[test]
    fn hyphens_and_ends_of_other_engines_are_understood() {
        let pattern = Regex::new(&for_engine(r"^role/[\w-/.@]{1,9}\Z").unwrap()).unwrap();
        assert!(pattern.is_match("role/a-b/c"));
        assert!(!pattern.is_match("role/a b"));
    }

    #[test]
    fn a_bracket_inside_brackets_is_itself() {
        let pattern = Regex::new(&for_engine(r"^([a-z#,@[\]+=])*$").unwrap()).unwrap();
        assert!(pattern.is_match("a[b]@") && !pattern.is_match("A"));
    }

    #[test]
    fn look_around_cannot_be_said() {
        assert_eq!(for_engine(r"^(?!aws:).*$"), None);
        assert_eq!(for_engine(r"^[^\p{L}]$"), None);
    }
}
