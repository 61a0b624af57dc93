//! How a stack's deployment ended, unless it failed: failures are errors.

/// What happened to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// There was nothing to change.
    UpToDate,
}
