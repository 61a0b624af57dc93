//! What is wrong with a template, as data. `Display` renders it; printing is the caller's.

use std::fmt;

use crate::Template;
use crate::template::ResourceEntry;

/// One error: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's name, such as `range` or `required-property`.
    pub rule: &'static str,
    pub stack: String,
    /// Empty for the template as a whole.
    pub logical_id: String,
    /// The resource type; `Parameter`, `Mapping`, `Condition`, `Output` for those; empty for the template.
    pub kind: String,
    /// Inside the properties, such as `Tags[0].Key`; empty for the whole.
    pub path: String,
    /// The given value and the allowed ones.
    pub message: String,
    /// What to change.
    pub fix: String,
}

impl Diagnostic {
    /// About a resource, or a place inside it. Rules of other crates use it too.
    pub fn on(
        template: &Template,
        entry: &ResourceEntry,
        rule: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            stack: template.name().to_owned(),
            logical_id: entry.id.to_string(),
            kind: entry.parts.resource_type.to_string(),
            path: path.into(),
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// `ShopApi-dev > OrderQueue (AWS::SQS::Queue) > VisibilityTimeout: 50000 is above 43200; use 0 to 43200`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stack)?;
        if !self.logical_id.is_empty() {
            write!(f, " > {}", self.logical_id)?;
        }
        if !self.kind.is_empty() {
            write!(f, " ({})", self.kind)?;
        }
        if !self.path.is_empty() {
            write!(f, " > {}", self.path)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.fix.is_empty() {
            write!(f, "; {}", self.fix)?;
        }
        Ok(())
    }
}
