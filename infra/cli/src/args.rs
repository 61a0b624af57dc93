//! Arguments that several commands share, and how their values are read. They know no command.

pub(crate) mod account;
pub(crate) mod events;
pub(crate) mod execution_role;
pub(crate) mod selection;
pub(crate) mod stage;
pub(crate) mod values;
