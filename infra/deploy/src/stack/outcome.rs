//! How a stack's deployment ended. Refuses failures: they are errors.

/// What happened to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// There was nothing to change.
    UpToDate,
}
