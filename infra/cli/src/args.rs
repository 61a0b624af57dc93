//! Arguments that several commands share, and how their values are read. Independent of any command.

pub(crate) mod account;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod execution_role;
pub(crate) mod moment;
pub(crate) mod selection;
pub(crate) mod stage;
pub(crate) mod values;
