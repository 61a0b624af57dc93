//! Termination protection, stack policies and data loss. A policy is never opened further than for the resources that were
//! accepted by name.

mod apply;
mod change;
mod data_loss;
mod stack_policy;

pub(crate) use apply::{apply, compare, open_policy};
pub use change::{Protection, ProtectionChange};
pub use data_loss::DataLoss;
pub(crate) use data_loss::data_loss;
