//! Message group ids and deduplication ids that SQS accepts.

use sha2::{Digest, Sha256};

/// SQS: at most this many characters.
const LONGEST: usize = 128;

/// The text as a message group id or deduplication id: the text itself if SQS accepts it (1 to 128 ASCII letters, digits and punctuation marks),
/// otherwise its SHA-256 in hexadecimal. Never a part of the text: texts that differ keep different ids.
pub fn fifo_id(text: &str) -> String {
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        text.to_owned()
    } else {
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqs_accepts_stays_as_it_is() {
        let all: String = ('!'..='~').collect();
        for text in ["p1", "742652f8-0b46-400c-ae8e-c9ecaecc9bc7#dead", &all, &"x".repeat(128)] {
            assert_eq!(fifo_id(text), text);
        }
    }

    #[test]
    fn the_rest_is_hashed_and_never_cut() {
        let long = "x".repeat(129);
        let longer = "x".repeat(130);
        let texts = ["", " ", "a b", "p1 ", "p1\n", "\u{7f}", "São Paulo", &long, &longer];
        let ids: std::collections::BTreeSet<String> = texts.iter().map(|text| fifo_id(text)).collect();
        assert_eq!(ids.len(), texts.len());
        assert!(ids.iter().all(|id| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{ids:?}");
        assert_eq!(fifo_id(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
