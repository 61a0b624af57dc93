//! An example in the help of the command `infra`, with the names of a system.

/// A command as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What comes after `infra`, such as `logs orders --follow`. Its first word is the command whose `--help` shows it.
    pub command: &'static str,
    /// What it does, in a few words; empty where the command says it.
    pub does: &'static str,
}

impl Example {
    pub const fn new(command: &'static str, does: &'static str) -> Self {
        Self { command, does }
    }
}
