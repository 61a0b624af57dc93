//! Patterns of actions. IAM compares actions without regard to case.

use crate::statement;

/// Whether an action matches a pattern with at most one `*`.
pub(crate) fn matches(pattern: &str, action: &str) -> bool {
    statement::matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether a pattern is every action of a service: `sqs:*`.
pub(crate) fn is_whole_service(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(_, name)| name == "*")
}
