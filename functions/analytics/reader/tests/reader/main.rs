//! The reader: every rule of its README, and that cuts, damage and checkpoints do not matter.

mod cuts;
mod header;
mod mutations;
mod records;
mod support;
mod values;
