//! Limits for the input: far above what any template needs.

/// How deep lists and maps may be nested.
pub(super) const MAX_DEPTH: usize = 100;

/// How many nodes aliases may create.
pub(super) const MAX_NODES: usize = 500_000;
