//! What is compared: two states of a stack.

use template::Template;

/// The two states of one stack on one stage.
#[derive(Clone, Debug)]
pub struct Pair {
    pub stage: Option<String>,
    pub stack: String,
    /// `None`: the stack is new.
    pub before: Option<Template>,
    /// `None`: the stack is removed.
    pub after: Option<Template>,
}
