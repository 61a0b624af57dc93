//! Follows stack operations to their end: events in order, usual durations, the first failure, what was rolled back.
//! Never starts one.

mod durations;
mod event_reader;
mod follow;
mod operation_log;
mod result;
mod running_operations;

pub(crate) use follow::{Baseline, attach, baseline, failed, follow_new};
pub use result::{Cause, Leftover, RolledBack, Watched};
pub use running_operations::{Cancelled, Creation};
pub(crate) use running_operations::{cancel_all, follow_all};
