//! Strong entity tags (RFC 9110, 8.8.3): of a body, or of whatever determines a body, so that 304 can be answered before it is made.

use sha2::{Digest, Sha256};

use crate::request::Request;

/// A quoted tag of 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityTag(String);

impl EntityTag {
    /// The tag of a body: equal bytes have equal tags.
    pub fn of_body(body: &[u8]) -> Self {
        Self::new(&Sha256::digest(body))
    }

    /// The tag of what determines a body, such as the version of the data, the path and the media type.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // With its length, so that no two lists are the same bytes.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self::new(&digest.finalize())
    }

    fn new(digest: &[u8]) -> Self {
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("\"{hex}\""))
    }

    /// With its quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the client has it, by `If-None-Match`: `*`, or a list compared weakly.
    pub fn is_known_to(&self, request: &Request) -> bool {
        request.header("if-none-match").is_some_and(|known| {
            known.trim() == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == self.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_only_look_alike_have_different_tags() {
        let tag = EntityTag::of_parts(&[b"1", b"/a"]);
        assert_eq!(tag, EntityTag::of_parts(&[b"1", b"/a"]));
        assert_eq!(tag.as_str().len(), 34);
        for other in [&[b"1/".as_slice(), b"a"], &[b"2".as_slice(), b"/a"], &[b"/a".as_slice(), b"1"]] {
            assert_ne!(tag, EntityTag::of_parts(other));
        }
        assert_ne!(EntityTag::of_parts(&[b"a", b""]), EntityTag::of_parts(&[b"a"]));
    }

    #[test]
    fn a_client_knows_a_tag_weakly_in_a_list_or_by_the_star() {
        let tag = EntityTag::of_body(b"1");
        let knows = |known: &str| tag.is_known_to(&Request::new("GET", "/").with_header("if-none-match", known));
        let text = tag.as_str();
        for known in [text, &format!("W/{text}"), &format!("\"x\" ,{text}"), " * "] {
            assert!(knows(known), "{known}");
        }
        for known in ["", "\"x\"", "\"*\"", text.trim_matches('"')] {
            assert!(!knows(known), "{known}");
        }
        assert!(!tag.is_known_to(&Request::new("GET", "/")));
    }
}
