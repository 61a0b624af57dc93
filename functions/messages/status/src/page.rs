//! The page that people look at: queues, dead letters, what became of a message. One document without anything from elsewhere; it shows nothing but what the
//! routes beside it answer to the token of whoever logs in there.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use messages_core::Page;
use sha2::{Digest, Sha256};

const HTML: &str = include_str!("page.html");

/// Its own style and script run, known by their hashes, and nothing else is loaded or asked but the API.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |element: &str| {
        let text = between(HTML, &format!("<{element}>"), &format!("</{element}>"));
        format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
    };
    let (style, script) = (hash("style"), hash("script"));
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
});

/// The page and its `Content-Security-Policy`.
pub(crate) fn page() -> Page {
    Page { html: HTML, policy: &POLICY }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_default();
    rest.split_once(end).map_or("", |(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nobody_but_the_api_and_its_policy_lets_it_run() {
        for elsewhere in ["http://", "https://", "src=", "@import", "url(", " style=\"", " onclick="] {
            assert!(!HTML.contains(elsewhere), "{elsewhere}");
        }
        for element in ["style", "script"] {
            assert_eq!(HTML.matches(&format!("<{element}")).count(), 1, "one {element}, whose hash is in the policy");
            assert!(!between(HTML, &format!("<{element}>"), &format!("</{element}>")).trim().is_empty());
        }
        assert_eq!(POLICY.matches("'sha256-").count(), 2);
    }
}
