//! The interactive page of an API: reads the `./openapi.json` next to it and sends real requests. Loads nothing from other hosts: no CDN, no fonts, no frames.

use crate::answer::Answer;
use crate::request::Request;

const PAGE: &str = include_str!("docs.html");

const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, as a response.
pub fn docs(request: &Request) -> Answer {
    Answer::new(200, "text/html; charset=utf-8", PAGE)
        .with_header("content-security-policy", POLICY)
        .revalidated(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nobody_but_the_api() {
        for elsewhere in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!PAGE.contains(elsewhere), "{elsewhere}");
        }
        assert!(PAGE.contains("openapi.json"));
    }
}
