//! Patterns of actions. IAM compares actions without regard to case.

/// Whether an action matches a pattern with at most one `*`.
pub(crate) fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        Some((start, end)) => action.len() >= pattern.len() - 1 && action.starts_with(start) && action.ends_with(end),
        None => pattern == action,
    }
}

/// Whether a pattern is every action of a service: `sqs:*`.
pub(crate) fn is_whole_service(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(_, name)| name == "*")
}
