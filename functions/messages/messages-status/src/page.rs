//! The page that people look at.

use messages_core::Page;

/// The page and its `Content-Security-Policy`.
pub(crate) const PAGE: Page = Page { html: include_str!("page.html"), policy: "default-src 'none'" };
