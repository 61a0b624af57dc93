//! Text out of bytes: UTF-8, or Windows-1252 as WHATWG reads it, where the five undefined bytes are control characters.

use crate::Encoding;

pub(crate) const QUOTE: u8 = b'"';

/// What the bytes 0x80 to 0x9F are.
const C1: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}',
    '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}',
    '\u{17E}', '\u{178}',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Without blanks and tabs around it.
#[inline]
pub(crate) fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Appends at most `most` characters. A cut character at the end is left out.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding, is_doubled: bool, most: usize, into: &mut String) {
    match encoding {
        Encoding::Utf8 => undouble(valid(bytes).chars(), is_doubled, most, into),
        Encoding::Windows1252 => undouble(bytes.iter().map(|byte| windows_1252(*byte)), is_doubled, most, into),
    }
}

fn undouble(characters: impl Iterator<Item = char>, is_doubled: bool, most: usize, into: &mut String) {
    let mut is_second = false;
    let kept = characters.filter(|character| {
        is_second = is_doubled && *character == char::from(QUOTE) && !is_second;
        // Of two quotes the second is kept.
        !is_second
    });
    into.extend(kept.take(most));
}

/// The bytes up to the first that is not UTF-8.
pub(crate) fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// Whether the bytes are UTF-8, but perhaps for a last character that is cut.
pub(crate) fn is_utf8(bytes: &[u8], is_cut: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => is_cut && error.error_len().is_none(),
    }
}

/// Windows-1252 in a text that takes no more memory than it needs.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let length = bytes.iter().map(|byte| windows_1252(*byte).len_utf8()).sum();
    let mut text = String::with_capacity(length);
    text.extend(bytes.iter().map(|byte| windows_1252(*byte)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1252_has_27_characters_of_its_own_and_five_controls() {
        let own = (0x80..=0x9F_u8).filter(|byte| windows_1252(*byte) != char::from(*byte)).count();
        assert_eq!(own, 27);
        assert_eq!(decoded(b"\x80 caf\xE9 \x81\x8D\x8F\x90\x9D"), "€ café \u{81}\u{8D}\u{8F}\u{90}\u{9D}");
    }

    #[test]
    fn of_two_quotes_one_is_kept() {
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            decode(bytes, Encoding::Utf8, true, 9, &mut text);
            text
        };
        assert_eq!(read(br#"a""b"#), "a\"b");
        assert_eq!(read(br#""""""#), "\"\"");
    }

    #[test]
    fn a_character_that_is_cut_is_utf8_where_a_cut_is_expected() {
        assert!(is_utf8(b"a\xC3", true));
        assert!(!is_utf8(b"a\xC3", false));
        assert!(!is_utf8(b"\xC3a", true));
    }
}
