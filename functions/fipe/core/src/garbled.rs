//! Text that was decoded twice, such as `ElÃ©trico`: refused wherever it comes from. Repairs nothing.

/// Whether a text holds UTF-8 that was read as Latin-1 or Windows-1252, or characters that could not be decoded.
///
/// `Ã` or `Â` before a character of the upper half of Latin-1 that is no letter is what becomes of a letter with an accent; Portuguese has
/// no such pair. The second byte of an accented letter is 80 to BF, and Windows-1252 has other characters for 80 to 9F.
pub fn is_garbled(text: &str) -> bool {
    let second = |c: char| matches!(c, '\u{80}'..='\u{bf}') || WINDOWS_1252.contains(c);
    let pairs = text.chars().zip(text.chars().skip(1));
    text.contains('\u{fffd}') || pairs.into_iter().any(|(first, next)| matches!(first, 'Ã' | 'Â') && second(next))
}

/// The characters that Windows-1252 has at 80 to 9F.
const WINDOWS_1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_was_decoded_twice_is_told_from_portuguese() {
        for right in
            ["Elétrico", "Álcool", "Gás Natural", "Híbrido", "SELEÇÃO 1.0", "HB20  1.0\u{a0}", "FURGÃO", "Âmbar"]
        {
            assert!(!is_garbled(right), "{right}");
            let latin_1: String = right.bytes().map(char::from).collect();
            assert_eq!(is_garbled(&latin_1), !right.is_ascii(), "{latin_1}");
        }
        for wrong in ["ElÃ©trico", "FURGÃƒO", "SELEÃ‡ÃƒO", "El\u{fffd}trico"] {
            assert!(is_garbled(wrong), "{wrong}");
        }
    }
}
