//! The page that people look at: one document without anything from elsewhere, made by `build.rs` from the templates in `page/`. It shows nothing but
//! what the routes beside it answer.

/// The page.
pub const HTML: &str = include_str!(concat!(env!("OUT_DIR"), "/page.html"));

/// Its `Content-Security-Policy`: its own style and script run, and nothing else is loaded or asked but the API and the origin to which files are uploaded.
pub fn policy(uploads_origin: &str) -> String {
    include_str!(concat!(env!("OUT_DIR"), "/policy.txt")).replace("{uploads}", uploads_origin)
}

#[cfg(test)]
mod tests;
