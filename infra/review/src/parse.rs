//! Text to tree: YAML or JSON, short-form tags to long-form intrinsics, shape of the sections. Every refusal names line and column.

mod intrinsics;
mod json;
mod scalar;
mod yaml;

pub(crate) use intrinsics::{canonical, substituted};

use crate::node::{Node, Position};
use crate::template::Template;

/// How deep lists and maps may be nested, and how many nodes aliases may make: far above what any template needs.
const MAX_DEPTH: usize = 100;
const MAX_NODES: usize = 500_000;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {message}")]
pub struct ParseError {
    /// What the caller called the text, such as its path.
    pub name: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub message: String,
}

/// Reads a template, YAML or JSON. `name` appears in errors.
///
/// # Errors
/// Syntax errors, duplicate keys, unknown tags, sections or resources of a wrong shape.
pub fn parse(name: &str, text: &str) -> Result<Template, ParseError> {
    tree(text).and_then(|root| Template::new(name, root)).map_err(|refusal| ParseError {
        name: name.to_owned(),
        line: refusal.at.line,
        column: refusal.at.column,
        message: refusal.message,
    })
}

/// The tree of a JSON text inside a template, such as a policy; `None` when it is none.
pub(crate) fn embedded(text: &str) -> Option<Node> {
    text.trim_start().starts_with(['{', '[']).then(|| json::parse(text).ok()).flatten()
}

fn tree(text: &str) -> Result<Node, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    if let Some(byte) = text.as_bytes().iter().position(is_control) {
        let message = format!("a control character (U+{:04X}): remove it", text.as_bytes()[byte]);
        return Err(Refusal::new(Position::of(&text[..byte]), message));
    }
    let mut start = text.trim_start().chars();
    let first = start.next();
    let second = start.as_str().trim_start().chars().next();
    let node = if first == Some('{') && matches!(second, Some('"' | '}') | None) {
        json::parse(text)
    } else {
        yaml::parse(text)
    }?;
    intrinsics::check(&node)?;
    Ok(node)
}

/// An error before it knows the text's name.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) at: Position,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}
