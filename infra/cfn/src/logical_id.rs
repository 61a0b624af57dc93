//! Logical ids: names inside one template, chosen by its author.

use std::fmt;

/// The name of a resource, parameter, condition, mapping or output inside one template: 1 to 255 ASCII letters and digits.
/// Not checked here: [`crate::Template::validate`] reports an invalid one with its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogicalId(String);

impl LogicalId {
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether CloudFormation accepts it.
    pub fn is_valid(&self) -> bool {
        (1..=255).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for LogicalId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for LogicalId {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

impl From<&LogicalId> for LogicalId {
    fn from(id: &LogicalId) -> Self {
        id.clone()
    }
}
