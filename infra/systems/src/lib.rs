//! The only list of systems, and what iterates over it: the settings of a stage, and its stacks.
//!
//! [`ConfiguredStage::synth`] is pure: the same settings give the same bytes everywhere. Only [`read`] touches files.

mod configured;
mod files;
mod list;

pub use configured::{ConfiguredStage, SynthError};
pub use files::{Files, ReadError, read};
pub use list::{SYSTEMS, operators};
