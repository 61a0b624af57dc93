//! **The messages**: accepted over HTTP, saved once and in the order of their payer.

mod operator;

/// The name of the system.
const NAME: &str = "messages";

/// The entry of the list of systems.
pub struct Messages;

mod stack {
    pub(crate) const NAME: &str = "Messages";
}
