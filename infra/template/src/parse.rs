//! Text to tree: YAML or JSON, short-form tags to long-form intrinsics, shape of the sections. Every error has line and column.

mod json;
mod limits;
mod scalar;
mod yaml;

use crate::intrinsics;
use crate::node::Node;
use crate::position::{ParseError, Position, Refusal};
use crate::template::Template;

/// Parses a template, YAML or JSON. `name` appears in errors.
///
/// # Errors
/// Syntax errors, duplicate keys, unknown tags, sections or resources of a wrong shape.
pub fn parse(name: &str, text: &str) -> Result<Template, ParseError> {
    tree(text).and_then(|root| Template::new(name, root)).map_err(|refusal| refusal.of(name))
}

/// The tree of a JSON text inside a template, such as a policy; `None` when it is not JSON.
pub fn embedded_json(text: &str) -> Option<Node> {
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
